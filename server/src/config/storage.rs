//! `[storage]`.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::error::Problem;
use super::url_source::{self, UrlSource};

/// Where the records are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageConfig {
    /// The data directory: the key file, and the database where that is a file.
    pub data: PathBuf,
    /// What keeps the records.
    pub vault: VaultConfig,
}

/// What keeps the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VaultConfig {
    /// A PostgreSQL database, which other nodes may share.
    Postgres {
        /// `postgres://…`.
        url: UrlSource,
        /// The Redis beside it, if there is one.
        ledger: Option<LedgerConfig>,
        /// How long a node trusts its memory without a word of the others; `None` is the usual span.
        max_staleness: Option<Duration>,
    },
    /// A SQLite file in the data directory.
    Sqlite,
}

/// The Redis that keeps single uses and quota windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerConfig {
    /// `redis://…` or `rediss://…`.
    pub url: UrlSource,
    /// The authority that its certificate must come from, a PEM file; without one those of the machine count.
    pub ca: Option<PathBuf>,
    /// What every key starts with.
    pub namespace: String,
    /// What is asked of it.
    pub durability: LedgerDurability,
}

/// Whether Redis must keep its data when it is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerDurability {
    /// It may forget.
    MayForget,
    /// It must write an append-only file.
    #[default]
    MustKeep,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    data: Option<PathBuf>,
    keys: Option<PathBuf>,
    vault: Option<Vault>,
    ledger: Option<Ledger>,
    max_staleness_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vault {
    url_file: Option<PathBuf>,
    url_env: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ledger {
    url_file: Option<PathBuf>,
    url_env: Option<String>,
    namespace: Option<String>,
    ca: Option<PathBuf>,
    #[serde(default)]
    durability: LedgerDurability,
}

/// Before every key in Redis, where none is named.
const NAMESPACE: &str = "tollgate";
/// The longest name, in bytes.
const MAX_NAMESPACE: usize = 64;
/// Milliseconds for which a node may trust its memory: a call that revokes waits as long for a node that died, and is cut
/// off when it takes longer than a request may.
const STALENESS_MS: RangeInclusive<u64> = 100..=10_000;

impl Section {
    pub(super) fn resolve(self, folder: &Path) -> Result<StorageConfig, Problem> {
        match (self.data, self.vault) {
            (Some(data), None) => {
                if self.keys.is_some() {
                    return Err(Problem::key("storage.keys", "goes with vault: the key file is in data"));
                }
                if self.ledger.is_some() {
                    return Err(Problem::key("storage.ledger", "goes with vault: one process alone needs no Redis"));
                }
                if self.max_staleness_ms.is_some() {
                    let what = "goes with vault: the memory of one process alone is never stale";
                    return Err(Problem::key("storage.max_staleness_ms", what));
                }
                Ok(StorageConfig { data: folder.join(data), vault: VaultConfig::Sqlite })
            }
            (None, Some(vault)) => {
                let keys = self.keys.ok_or_else(|| {
                    Problem::key(
                        "storage.keys",
                        "is missing: name the directory of the key file, which vault does not keep",
                    )
                })?;
                let url = url_source::resolve("storage.vault", vault.url_file, vault.url_env, folder)?;
                let ledger = self.ledger.map(|ledger| ledger.resolve(folder)).transpose()?;
                if self.max_staleness_ms.is_some_and(|ms| !STALENESS_MS.contains(&ms)) {
                    let what = format!("must be from {} to {}", STALENESS_MS.start(), STALENESS_MS.end());
                    return Err(Problem::key("storage.max_staleness_ms", what));
                }
                let max_staleness = self.max_staleness_ms.map(Duration::from_millis);
                let vault = VaultConfig::Postgres { url, ledger, max_staleness };
                Ok(StorageConfig { data: folder.join(keys), vault })
            }
            (None, None) => Err(Problem::key("storage.data", "is missing: give data, or vault and keys")),
            (Some(_), Some(_)) => {
                Err(Problem::key("storage.data", "and vault exclude each other: records are in one place"))
            }
        }
    }
}

impl Ledger {
    fn resolve(self, folder: &Path) -> Result<LedgerConfig, Problem> {
        let url = url_source::resolve("storage.ledger", self.url_file, self.url_env, folder)?;
        let namespace = self.namespace.unwrap_or_else(|| NAMESPACE.into());
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if namespace.is_empty() || namespace.len() > MAX_NAMESPACE || !namespace.bytes().all(plain) {
            let what = format!("must be 1 to {MAX_NAMESPACE} letters, digits, - or _");
            return Err(Problem::key("storage.ledger.namespace", what));
        }
        let ca = self.ca.map(|file| folder.join(file));
        Ok(LedgerConfig { url, ca, namespace, durability: self.durability })
    }
}
