//! RSA public keys, and whether a merchant must sign.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode, Overlap, Status};

use super::row::LifecycleColumns;
use super::{Database, Executor, Transaction, merchants, query, row};
use crate::account::{MerchantId, NewAuditEntry, RsaKey, Switch};
use crate::storage::{Change, ChangeRefusal, REQUEST_SIGNING, RsaKeys, StorageError};

#[async_trait]
impl RsaKeys for Database {
    async fn rsa_key(&self, id: KeyId) -> Result<Option<RsaKey>, StorageError> {
        find(&self.read, id).await
    }

    async fn register_rsa_key(
        &self,
        new: &RsaKey,
        limit: usize,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        self.change(|mut change| async move {
            if !merchants::exists(change.tx(), &new.merchant).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            let known = all(change.tx(), &new.merchant, new.mode).await?;
            // Also a dead one: a key that was given up does not come back.
            if known.iter().any(|key| key.spki == new.spki) {
                return Ok(Err(ChangeRefusal::Taken));
            }
            if known.iter().filter(|key| key.lifecycle.check(now).is_ok()).count() >= limit {
                return Ok(Err(ChangeRefusal::TooMany));
            }
            insert(change.tx(), new).await?;
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn retire_rsa_key(
        &self,
        id: KeyId,
        overlap: Overlap,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<RsaKey> {
        self.change(|mut change| async move {
            let Some(mut found) = find(change.tx(), id).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            let is_last = is_last(change.tx(), &found, now).await?;
            if found.lifecycle.retire(now, overlap).is_err() {
                return Ok(Err(ChangeRefusal::NotUsable));
            }
            if is_last {
                return Ok(Err(ChangeRefusal::LastLiveKey));
            }
            store_lifecycle(change.tx(), &found).await?;
            change.commit(entry).await?;
            Ok(Ok(found))
        })
        .await
    }

    async fn end_rsa_key(&self, id: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool> {
        self.change(|mut change| async move {
            let Some(mut found) = find(change.tx(), id).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            if found.lifecycle.revoked_at().is_some() {
                return Ok(Ok(false));
            }
            if is_last(change.tx(), &found, now).await? {
                return Ok(Err(ChangeRefusal::LastLiveKey));
            }
            found.lifecycle.revoke(now).map_err(|_| StorageError::corrupt())?;
            store_lifecycle(change.tx(), &found).await?;
            change.commit(entry).await?;
            Ok(Ok(true))
        })
        .await
    }

    async fn switch_request_signing(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        required: Switch,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        self.change(|mut change| async move {
            if !merchants::exists(change.tx(), merchant).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            let known = all(change.tx(), merchant, mode).await?;
            // With a key that retires, nobody could place an order once its overlap is over.
            if required.is_on() && !known.iter().any(|key| key.lifecycle.status(now) == Status::Active) {
                return Ok(Err(ChangeRefusal::NoLiveKey));
            }
            merchants::store_setting(change.tx(), merchant, mode, REQUEST_SIGNING, required.as_str()).await?;
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }
}

pub(super) async fn insert(on: impl Executor, key: &RsaKey) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&key.lifecycle);
    query(
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
    .execute(on)
    .await?;
    Ok(())
}

async fn find(on: impl Executor, id: KeyId) -> Result<Option<RsaKey>, StorageError> {
    let query = query("SELECT * FROM rsa_keys WHERE id = $1").bind(id.as_str());
    query.fetch_optional(on).await?.as_ref().map(row::rsa_key).transpose()
}

async fn all(on: &mut Transaction, merchant: &MerchantId, mode: Mode) -> Result<Vec<RsaKey>, StorageError> {
    let query = query("SELECT * FROM rsa_keys WHERE merchant_id = $1 AND mode = $2 ORDER BY created_at, id");
    let rows = query.bind(merchant.as_str()).bind(mode.as_str()).fetch_all(on).await?;
    rows.iter().map(row::rsa_key).collect()
}

/// Whether requests must be signed and no other key will go on checking them; a dead key is nobody's last.
async fn is_last(tx: &mut Transaction, key: &RsaKey, now: OffsetDateTime) -> Result<bool, StorageError> {
    if key.lifecycle.check(now).is_err() {
        return Ok(false);
    }
    let required = merchants::stored_setting(&mut *tx, &key.merchant, key.mode, REQUEST_SIGNING).await?;
    if !required.as_deref().and_then(Switch::from_stored).is_some_and(Switch::is_on) {
        return Ok(false);
    }
    let known = all(tx, &key.merchant, key.mode).await?;
    // One that retires is no successor.
    Ok(!known.iter().any(|other| other.id != key.id && other.lifecycle.status(now) == Status::Active))
}

async fn store_lifecycle(on: &mut Transaction, key: &RsaKey) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&key.lifecycle);
    query("UPDATE rsa_keys SET retiring_until = $2, revoked_at = $3 WHERE id = $1")
        .bind(key.id.as_str())
        .bind(columns.retiring_until)
        .bind(columns.revoked_at)
        .execute(on)
        .await?;
    Ok(())
}
