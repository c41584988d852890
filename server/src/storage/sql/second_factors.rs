//! Second factors that are being set up, and recovery codes.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Database, Executor, Transaction, query, query_scalar};
use crate::account::{NewAuditEntry, SealedTotp, UserId};
use crate::clock::epoch_ms;
use crate::storage::{SecondFactors, StorageError};

#[async_trait]
impl SecondFactors for Database {
    async fn begin_enrolment(
        &self,
        user: UserId,
        secret: &SealedTotp,
        until: OffsetDateTime,
    ) -> Result<(), StorageError> {
        query(
            "INSERT INTO totp_enrolments (user_id, key_version, sealed, expires_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (user_id) DO UPDATE SET key_version = $2, sealed = $3, expires_at = $4",
        )
        .bind(user.get())
        .bind(i64::from(secret.key_version))
        .bind(&secret.sealed[..])
        .bind(epoch_ms(until))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    async fn enrolment(&self, user: UserId, now: OffsetDateTime) -> Result<Option<SealedTotp>, StorageError> {
        let query = query("SELECT key_version, sealed FROM totp_enrolments WHERE user_id = $1 AND expires_at > $2");
        let found = query.bind(user.get()).bind(epoch_ms(now)).fetch_optional(&self.read).await?;
        found
            .map(|row| Ok(SealedTotp { key_version: row.try_get("key_version")?, sealed: row.try_get("sealed")? }))
            .transpose()
    }

    async fn spend_recovery_code(
        &self,
        user: UserId,
        digest: &[u8; 32],
        entry: NewAuditEntry,
    ) -> Result<Option<u32>, StorageError> {
        let entry = &entry;
        self.change(|mut change| async move {
            let query = query("DELETE FROM recovery_codes WHERE user_id = $1 AND digest = $2");
            if query.bind(user.get()).bind(&digest[..]).execute(change.tx()).await? != 1 {
                return Ok(None);
            }
            let left = left(change.tx(), user).await?;
            let mut entry = entry.clone();
            entry.detail.insert("left".to_owned(), left.into());
            change.commit(&entry).await?;
            Ok(Some(left))
        })
        .await
    }

    async fn recovery_codes_left(&self, user: UserId) -> Result<u32, StorageError> {
        left(&self.read, user).await
    }
}

async fn left(on: impl Executor, user: UserId) -> Result<u32, StorageError> {
    let query = query_scalar("SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1");
    let left: i64 = query.bind(user.get()).fetch_one(on).await?;
    Ok(u32::try_from(left).unwrap_or(u32::MAX))
}

/// Ends the enrolment of this secret and stores the recovery codes; `false` when it does not stand any more.
pub(super) async fn confirm(
    tx: &mut Transaction,
    user: UserId,
    secret: &SealedTotp,
    codes: &[[u8; 32]],
) -> Result<bool, StorageError> {
    let ended = query("DELETE FROM totp_enrolments WHERE user_id = $1 AND sealed = $2")
        .bind(user.get())
        .bind(&secret.sealed[..])
        .execute(&mut *tx)
        .await?;
    if ended != 1 {
        return Ok(false);
    }
    query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user.get()).execute(&mut *tx).await?;
    for digest in codes {
        query("INSERT INTO recovery_codes (user_id, digest) VALUES ($1, $2)")
            .bind(user.get())
            .bind(&digest[..])
            .execute(&mut *tx)
            .await?;
    }
    Ok(true)
}

/// Forgets what goes with a second factor.
pub(super) async fn forget(tx: &mut Transaction, user: UserId) -> Result<(), StorageError> {
    query("DELETE FROM totp_enrolments WHERE user_id = $1").bind(user.get()).execute(&mut *tx).await?;
    query("DELETE FROM recovery_codes WHERE user_id = $1").bind(user.get()).execute(&mut *tx).await?;
    Ok(())
}
