//! The Ledger of several nodes.

use std::sync::Arc;

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::RedisStore;
use crate::clock::epoch_ms;
use crate::storage::{CheckoutGrant, Claim, Ledger, MintRefusal, StorageError};

/// Single uses in Redis, everything else in the database behind it.
pub struct RedisLedger {
    store: RedisStore,
    database: Arc<dyn Ledger>,
}

impl RedisLedger {
    /// How much longer than its life a single use is kept, for nodes whose clocks differ.
    const CLOCK_SKEW: Duration = Duration::minutes(5);

    /// Over a database, which keeps grants and revoked token ids.
    #[must_use]
    pub fn new(store: RedisStore, database: Arc<dyn Ledger>) -> Self {
        Self { store, database }
    }
}

#[async_trait]
impl Ledger for RedisLedger {
    async fn store_grant(
        &self,
        grant: &CheckoutGrant,
        limit: u32,
        now: OffsetDateTime,
    ) -> Result<Result<(), MintRefusal>, StorageError> {
        self.database.store_grant(grant, limit, now).await
    }

    async fn grant(&self, digest: &[u8; 32]) -> Result<Option<CheckoutGrant>, StorageError> {
        self.database.grant(digest).await
    }

    /// One `SET … NX`, which Redis does for one caller at a time. The key lives for a span and not until a time, so
    /// that the clock of Redis does not matter. An answer that was lost on the way leaves the use taken.
    async fn claim_once(
        &self,
        namespace: &'static str,
        key: &[u8],
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Claim, StorageError> {
        if now >= until {
            return Ok(Claim::Seen);
        }
        let key = [namespace.as_bytes(), b":", key].concat();
        let taken: Option<String> = redis::cmd("SET")
            .arg(self.store.key("once", &key))
            .arg(1)
            .arg("NX")
            .arg("PX")
            .arg(epoch_ms(until + Self::CLOCK_SKEW) - epoch_ms(now))
            .query_async(&mut self.store.connection())
            .await?;
        Ok(if taken.is_some() { Claim::First } else { Claim::Seen })
    }

    async fn revoke_token(&self, id: &str, until: OffsetDateTime) -> Result<(), StorageError> {
        self.database.revoke_token(id, until).await
    }

    async fn token_revoked(&self, id: &str) -> Result<bool, StorageError> {
        self.database.token_revoked(id).await
    }

    async fn revoked_tokens(&self, now: OffsetDateTime) -> Result<Vec<(String, OffsetDateTime)>, StorageError> {
        self.database.revoked_tokens(now).await
    }

    async fn sweep(&self, before: OffsetDateTime) -> Result<u64, StorageError> {
        self.database.sweep(before).await
    }
}
