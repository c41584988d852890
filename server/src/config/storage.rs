//! `[storage]`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where the records are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageConfig {
    /// The data directory: database and key file.
    pub data: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    data: PathBuf,
}

impl Section {
    pub(super) fn resolve(self, folder: &Path) -> StorageConfig {
        StorageConfig { data: folder.join(self.data) }
    }
}
