//! RSA public keys, and whether a merchant must sign.

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnection;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode, Overlap, Status};

use super::audit::AuditedChange;
use super::row::LifecycleColumns;
use super::{Sqlite, merchants, row};
use crate::account::{MerchantId, NewAuditEntry, RsaKey, Switch};
use crate::storage::{Change, ChangeRefusal, REQUEST_SIGNING, RsaKeys, StorageError};

#[async_trait]
impl RsaKeys for Sqlite {
    async fn rsa_key(&self, id: KeyId) -> Result<Option<RsaKey>, StorageError> {
        let mut connection = self.read.acquire().await?;
        find(&mut connection, id).await
    }

    async fn register_rsa_key(
        &self,
        new: &RsaKey,
        limit: usize,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        let mut change = AuditedChange::begin(self).await?;
        if !merchants::exists(change.connection(), &new.merchant).await? {
            return Ok(Err(ChangeRefusal::NotFound));
        }
        let known = all(change.connection(), &new.merchant, new.mode).await?;
        // Also a dead one: a key that was given up does not come back.
        if known.iter().any(|key| key.spki == new.spki) {
            return Ok(Err(ChangeRefusal::Taken));
        }
        if known.iter().filter(|key| key.lifecycle.check(now).is_ok()).count() >= limit {
            return Ok(Err(ChangeRefusal::TooMany));
        }
        insert(change.connection(), new).await?;
        change.commit(entry).await?;
        Ok(Ok(()))
    }

    async fn retire_rsa_key(
        &self,
        id: KeyId,
        overlap: Overlap,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<RsaKey> {
        let mut change = AuditedChange::begin(self).await?;
        let Some(mut found) = find(change.connection(), id).await? else {
            return Ok(Err(ChangeRefusal::NotFound));
        };
        let is_last = is_last(change.connection(), &found, now).await?;
        if found.lifecycle.retire(now, overlap).is_err() {
            return Ok(Err(ChangeRefusal::NotUsable));
        }
        if is_last {
            return Ok(Err(ChangeRefusal::LastLiveKey));
        }
        store_lifecycle(change.connection(), &found).await?;
        change.commit(entry).await?;
        Ok(Ok(found))
    }

    async fn end_rsa_key(&self, id: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool> {
        let mut change = AuditedChange::begin(self).await?;
        let Some(mut found) = find(change.connection(), id).await? else {
            return Ok(Err(ChangeRefusal::NotFound));
        };
        if found.lifecycle.revoked_at().is_some() {
            return Ok(Ok(false));
        }
        if is_last(change.connection(), &found, now).await? {
            return Ok(Err(ChangeRefusal::LastLiveKey));
        }
        found.lifecycle.revoke(now).map_err(|_| StorageError::corrupt())?;
        store_lifecycle(change.connection(), &found).await?;
        change.commit(entry).await?;
        Ok(Ok(true))
    }

    async fn switch_request_signing(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        required: Switch,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        let mut change = AuditedChange::begin(self).await?;
        if !merchants::exists(change.connection(), merchant).await? {
            return Ok(Err(ChangeRefusal::NotFound));
        }
        let known = all(change.connection(), merchant, mode).await?;
        if required.is_on() && !known.iter().any(|key| key.lifecycle.check(now).is_ok()) {
            return Ok(Err(ChangeRefusal::NoLiveKey));
        }
        merchants::store_setting(change.connection(), merchant, mode, REQUEST_SIGNING, required.as_str()).await?;
        change.commit(entry).await?;
        Ok(Ok(()))
    }
}

pub(super) async fn insert(connection: &mut SqliteConnection, key: &RsaKey) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&key.lifecycle);
    sqlx::query(
        "INSERT INTO rsa_keys (id, merchant_id, mode, spki, fingerprint, created_at, expires_at, \
         retiring_until, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(key.id.as_str())
    .bind(key.merchant.as_str())
    .bind(key.mode.as_str())
    .bind(&key.spki)
    .bind(&key.fingerprint)
    .bind(columns.created_at)
    .bind(columns.expires_at)
    .bind(columns.retiring_until)
    .bind(columns.revoked_at)
    .execute(connection)
    .await?;
    Ok(())
}

async fn find(connection: &mut SqliteConnection, id: KeyId) -> Result<Option<RsaKey>, StorageError> {
    let query = sqlx::query("SELECT * FROM rsa_keys WHERE id = $1").bind(id.as_str());
    query.fetch_optional(connection).await?.as_ref().map(row::rsa_key).transpose()
}

async fn all(
    connection: &mut SqliteConnection,
    merchant: &MerchantId,
    mode: Mode,
) -> Result<Vec<RsaKey>, StorageError> {
    let query = sqlx::query("SELECT * FROM rsa_keys WHERE merchant_id = $1 AND mode = $2 ORDER BY created_at, id");
    let rows = query.bind(merchant.as_str()).bind(mode.as_str()).fetch_all(connection).await?;
    rows.iter().map(row::rsa_key).collect()
}

/// Whether requests must be signed and no other key will go on checking them; a dead key is nobody's last.
async fn is_last(connection: &mut SqliteConnection, key: &RsaKey, now: OffsetDateTime) -> Result<bool, StorageError> {
    if key.lifecycle.check(now).is_err() {
        return Ok(false);
    }
    let required = merchants::stored_setting(connection, &key.merchant, key.mode, REQUEST_SIGNING).await?;
    if !required.as_deref().and_then(Switch::from_stored).is_some_and(Switch::is_on) {
        return Ok(false);
    }
    let known = all(connection, &key.merchant, key.mode).await?;
    // One that retires is no successor.
    Ok(!known.iter().any(|other| other.id != key.id && other.lifecycle.status(now) == Status::Active))
}

async fn store_lifecycle(connection: &mut SqliteConnection, key: &RsaKey) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&key.lifecycle);
    sqlx::query("UPDATE rsa_keys SET retiring_until = $2, revoked_at = $3 WHERE id = $1")
        .bind(key.id.as_str())
        .bind(columns.retiring_until)
        .bind(columns.revoked_at)
        .execute(connection)
        .await?;
    Ok(())
}
