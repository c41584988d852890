//! Where the records and the keys are that a command works on.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::app::{Services, Storage};
use crate::config::{Config, VaultConfig};

/// A data directory, or what a configuration says of it.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// The data directory [default: tollgate-data]
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// The configuration of the server, which says where its records are
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// The same, read.
pub(super) struct Located {
    /// The directory of the key file, and of the database where that is a file.
    pub(super) data: PathBuf,
    pub(super) vault: VaultConfig,
}

impl Place {
    /// Where a command goes that names neither.
    const DEFAULT: &str = "tollgate-data";

    /// Whether either is named.
    pub(super) fn is_named(&self) -> bool {
        self.data.is_some() || self.config.is_some()
    }

    /// Reads the configuration, if that is what says it.
    pub(super) fn locate(&self) -> Result<Located, Failure> {
        if let Some(file) = &self.config {
            let storage = Config::read(file)?.storage;
            return Ok(Located { data: storage.data, vault: storage.vault });
        }
        let data = self.data.clone().unwrap_or_else(|| Self::DEFAULT.into());
        Ok(Located { data, vault: VaultConfig::Sqlite })
    }
}

impl Located {
    /// Where the records are, with what it takes to enter.
    pub(super) fn storage(&self) -> Result<Storage, Failure> {
        super::storage::storage(&self.vault)
    }

    /// The key file.
    pub(super) fn keys(&self) -> PathBuf {
        self.data.join(Services::KEYS)
    }

    /// The database, where that is a file.
    pub(super) fn database(&self) -> PathBuf {
        self.data.join(Services::DATABASE)
    }

    /// Refuses to look for records where there can be none.
    pub(super) fn require_database(&self) -> Result<(), Failure> {
        if self.vault == VaultConfig::Sqlite && !self.database().exists() {
            return Err(Failure::NoData(self.data.clone()));
        }
        Ok(())
    }

    /// Makes no second database beside the one that a server has elsewhere.
    pub(super) fn refuse_keys_alone(&self) -> Result<(), Failure> {
        if self.vault == VaultConfig::Sqlite && self.keys().exists() && !self.database().exists() {
            return Err(Failure::KeysAlone(self.data.clone()));
        }
        Ok(())
    }
}
