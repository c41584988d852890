//! Sealing anew, under the newest key, what older keys sealed: in small parts, while everything goes on.

use super::{Administration, Error};
use crate::keys::SecretKind;
use crate::storage::{Resealed, SealedRecord, StorageError, complete};

/// A walk through everything that older keys sealed. It can stop after any part; another walk goes on from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resealing {
    /// How many were sealed anew.
    pub resealed: u64,
    /// How many could not be opened, and stay as they are.
    pub unreadable: u64,
    table: usize,
    /// Of the table's records under older keys, those that were seen and stayed.
    skip: u32,
}

impl Administration {
    /// Records of a part, which is one transaction.
    const RESEALED_AT_ONCE: u32 = 100;

    /// Seals the next part anew; `false` when there was nothing left.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`], [`Error::Seal`]; the walk can be gone on with.
    pub async fn reseal_part(&self, walk: &mut Resealing) -> Result<bool, Error> {
        let newest = self.sealer.version();
        let (table, skip) = (walk.table, walk.skip);
        let Some(part) = self.directory.sealed_before(newest, table, skip, Self::RESEALED_AT_ONCE).await? else {
            return Ok(false);
        };
        if part.is_empty() {
            (walk.table, walk.skip) = (table + 1, 0);
            return Ok(true);
        }
        let mut anew = Vec::with_capacity(part.len());
        for record in part {
            let SealedRecord { row, context, key_version: version, sealed: before } = record;
            let Ok(opened) = self.sealer.open(version, &before, &context) else {
                walk.unreadable += 1;
                walk.skip += 1;
                tracing::error!(row = ?row, version, "a sealed secret cannot be opened");
                continue;
            };
            let (key_version, sealed) = self.sealer.seal(&opened, &context, &self.rng)?;
            anew.push(Resealed { row, before, key_version, sealed });
        }
        // One that changed meanwhile is gone or sealed under another key: the next part sees.
        let directory = self.directory.clone();
        walk.resealed += complete(async move { directory.reseal(&anew).await }).await?;
        Ok(true)
    }

    /// Waits until other keys are in use.
    pub async fn keys_exchanged(&self) {
        self.reseal_wake.notified().await;
    }

    /// How many are sealed under older keys.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn left_to_reseal(&self) -> Result<u64, StorageError> {
        let newest = self.sealer.version();
        let uses = self.directory.key_uses(self.clock.now()).await?;
        let older = uses.iter().filter(|used| used.kind == SecretKind::Sealing && used.version < newest);
        Ok(older.map(|used| used.records).sum())
    }
}
