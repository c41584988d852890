//! A copy of everything that is kept, as it was at one moment.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::StorageError;
use crate::account::AuditHead;

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Its length in bytes.
    pub bytes: u64,
    /// The newest entry of its log of changes.
    pub audit_head: AuditHead,
}

/// No copy was made.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The copy does not read back.
    #[error("the copy does not read back whole")]
    Damaged,
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The file cannot be written.
    #[error("{path} cannot be written: {1}", path = .0.display())]
    Unwritable(PathBuf, std::io::Error),
}

/// Copies of a database that is in use.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Copies everything into an empty file, durably, and reads the copy back; reading and writing go on meanwhile.
    async fn snapshot(&self, file: &Path) -> Result<Snapshot, SnapshotError>;
}
