//! From the configuration to opened storage: the URLs are read here, once.

use super::{Failure, input};
use crate::app::Storage;
use crate::config::{LedgerConfig, LedgerDurability, UrlSource, VaultConfig};
use crate::storage::redis::{Durability, RedisOptions};
use crate::storage::{Bound, StorageUrl};

/// The longest file with the certificate of an authority, in bytes.
const MAX_CA: usize = 256 * 1024;

/// Where records are kept, with what it takes to enter.
pub(super) fn storage(vault: &VaultConfig) -> Result<Storage, Failure> {
    Ok(match vault {
        VaultConfig::Sqlite => Storage::Sqlite,
        VaultConfig::Postgres { url, ledger, max_staleness } => Storage::Postgres {
            url: read(url)?,
            redis: ledger.as_ref().map(redis).transpose()?,
            // Out of its range it would have been refused with the file.
            bound: max_staleness.and_then(Bound::new).unwrap_or_default(),
        },
    })
}

fn redis(ledger: &LedgerConfig) -> Result<RedisOptions, Failure> {
    let durability = match ledger.durability {
        LedgerDurability::MayForget => Durability::MayForget,
        LedgerDurability::MustKeep => Durability::MustKeep,
    };
    let mut url = read(&ledger.url)?;
    if let Some(file) = &ledger.ca {
        url = url.certified_by(input::read(file, MAX_CA)?.as_bytes().to_vec());
    }
    Ok(RedisOptions { url, namespace: ledger.namespace.clone(), durability })
}

fn read(source: &UrlSource) -> Result<StorageUrl, Failure> {
    Ok(StorageUrl::from(source.read()?))
}
