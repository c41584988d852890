//! The Ledger on SQLite.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::first_use::FirstUse;
use super::idempotency::IDEMPOTENCY_LIFE;
use super::{Database, query, query_scalar, row};
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::payments::PaymentRequestStatus;
use crate::storage::{CheckoutGrant, Claim, Ledger, MintRefusal, StorageError};

#[async_trait]
impl Ledger for Database {
    async fn store_grant(
        &self,
        grant: &CheckoutGrant,
        limit: u32,
        now: OffsetDateTime,
    ) -> Result<Result<(), MintRefusal>, StorageError> {
        self.transaction(|mut tx| async move {
            let status: Option<String> =
                query_scalar("SELECT status FROM payment_requests WHERE id = $1 AND merchant_id = $2 AND mode = $3")
                    .bind(grant.payment_request)
                    .bind(grant.merchant.as_str())
                    .bind(grant.mode.as_str())
                    .fetch_optional(&mut tx)
                    .await?;
            let Some(status) = status else { return Ok(Err(MintRefusal::NotFound)) };
            if PaymentRequestStatus::from_stored(&status).ok_or_else(StorageError::corrupt)?.is_final() {
                return Ok(Err(MintRefusal::Final));
            }
            let live = query(
                "SELECT COUNT(*) AS live, MIN(g.expires_at) AS first FROM checkout_grants g \
                 JOIN credentials c ON c.id = g.credential_id AND c.revoked_at IS NULL \
                 WHERE g.payment_request_id = $1 AND g.revoked_at IS NULL AND g.expires_at > $2",
            )
            .bind(grant.payment_request)
            .bind(epoch_ms(now))
            .fetch_one(&mut tx)
            .await?;
            if live.try_get::<i64, _>("live")? >= i64::from(limit) {
                let first: Option<i64> = live.try_get("first")?;
                return Ok(Err(MintRefusal::TooMany { until: first.map_or(grant.expires_at, from_epoch_ms) }));
            }
            query(
                "INSERT INTO checkout_grants (digest, payment_request_id, merchant_id, mode, credential_id, expires_at, \
                 revoked_at, pepper_version) VALUES ($1, $2, $3, $4, $5, $6, NULL, $7)",
            )
            .bind(&grant.digest[..])
            .bind(grant.payment_request)
            .bind(grant.merchant.as_str())
            .bind(grant.mode.as_str())
            .bind(grant.credential.as_str())
            .bind(epoch_ms(grant.expires_at))
            .bind(grant.pepper_version)
            .execute(&mut tx)
            .await?;
            tx.commit().await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn grant(&self, digest: &[u8; 32]) -> Result<Option<CheckoutGrant>, StorageError> {
        let query = query("SELECT * FROM checkout_grants WHERE digest = $1").bind(&digest[..]);
        query.fetch_optional(&self.read).await?.as_ref().map(row::grant).transpose()
    }

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
        self.write.claim(FirstUse { namespace, key: key.to_vec(), expires_at: epoch_ms(until) }).await
    }

    async fn revoke_token(&self, id: &str, until: OffsetDateTime) -> Result<(), StorageError> {
        query("INSERT INTO revoked_tokens (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")
            .bind(id)
            .bind(epoch_ms(until))
            .execute(&self.write)
            .await?;
        Ok(())
    }

    async fn token_revoked(&self, id: &str) -> Result<bool, StorageError> {
        let query = query("SELECT id FROM revoked_tokens WHERE id = $1").bind(id);
        Ok(query.fetch_optional(&self.read).await?.is_some())
    }

    async fn revoked_tokens(&self, now: OffsetDateTime) -> Result<Vec<(String, OffsetDateTime)>, StorageError> {
        let query = query("SELECT id, expires_at FROM revoked_tokens WHERE expires_at > $1");
        let rows = query.bind(epoch_ms(now)).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok((row.try_get("id")?, from_epoch_ms(row.try_get("expires_at")?)))).collect()
    }

    async fn sweep(&self, before: OffsetDateTime) -> Result<u64, StorageError> {
        let (before, answered_before) = (epoch_ms(before), epoch_ms(before - IDEMPOTENCY_LIFE));
        let mut gone = 0;
        for (statement, before) in [
            ("DELETE FROM checkout_grants WHERE expires_at < $1", before),
            ("DELETE FROM used_once WHERE expires_at < $1", before),
            ("DELETE FROM revoked_tokens WHERE expires_at < $1", before),
            ("DELETE FROM idempotency WHERE created_at < $1", answered_before),
        ] {
            gone += query(statement).bind(before).execute(&self.write).await?;
        }
        Ok(gone)
    }
}
