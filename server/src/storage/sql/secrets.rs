//! Secrets needed in clear, as they are sealed.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Overlap};

use super::row::LifecycleColumns;
use super::{Database, Executor, Transaction, merchants, query, row};
use crate::account::{NewAuditEntry, SealedSecret, renewed_life};
use crate::storage::{Change, ChangeRefusal, Secrets, StorageError};

#[async_trait]
impl Secrets for Database {
    async fn secret(&self, id: KeyId) -> Result<Option<SealedSecret>, StorageError> {
        find(&self.read, id).await
    }

    async fn issue_secret(
        &self,
        new: &SealedSecret,
        limit: usize,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        self.change(|mut change| async move {
            if !merchants::exists(change.tx(), &new.merchant).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            insert(change.tx(), new).await?;
            if usable(change.tx(), new, now).await? > limit {
                return Ok(Err(ChangeRefusal::TooMany));
            }
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn rotate_secret(
        &self,
        old: KeyId,
        new: &SealedSecret,
        overlap: Overlap,
        limit: usize,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<SealedSecret> {
        self.change(|mut change| async move {
            let Some(mut old) = find(change.tx(), old).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            let mut new = new.clone();
            new.lifecycle = renewed_life(&old.lifecycle, now);
            if old.lifecycle.retire(now, overlap).is_err() {
                return Ok(Err(ChangeRefusal::NotUsable));
            }
            store_lifecycle(change.tx(), &old).await?;
            insert(change.tx(), &new).await?;
            if usable(change.tx(), &new, now).await? > limit {
                return Ok(Err(ChangeRefusal::TooMany));
            }
            change.commit(entry).await?;
            Ok(Ok(new))
        })
        .await
    }

    async fn end_secret(&self, id: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool> {
        self.change(|mut change| async move {
            let Some(mut found) = find(change.tx(), id).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            if found.lifecycle.revoked_at().is_some() {
                return Ok(Ok(false));
            }
            found.lifecycle.revoke(now).map_err(|_| StorageError::corrupt())?;
            store_lifecycle(change.tx(), &found).await?;
            change.commit(entry).await?;
            Ok(Ok(true))
        })
        .await
    }
}

pub(super) async fn insert(on: impl Executor, secret: &SealedSecret) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&secret.lifecycle);
    query(
        "INSERT INTO sealed_secrets (id, purpose, merchant_id, mode, key_version, sealed, \
         created_at, expires_at, retiring_until, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(secret.id.as_str())
    .bind(secret.purpose.as_str())
    .bind(secret.merchant.as_str())
    .bind(secret.mode.as_str())
    .bind(secret.key_version)
    .bind(&secret.sealed)
    .bind(columns.created_at)
    .bind(columns.expires_at)
    .bind(columns.retiring_until)
    .bind(columns.revoked_at)
    .execute(on)
    .await?;
    Ok(())
}

async fn find(on: impl Executor, id: KeyId) -> Result<Option<SealedSecret>, StorageError> {
    let query = query("SELECT * FROM sealed_secrets WHERE id = $1").bind(id.as_str());
    query.fetch_optional(on).await?.as_ref().map(row::secret).transpose()
}

/// How many secrets of the same merchant, mode and purpose are usable.
async fn usable(on: &mut Transaction, like: &SealedSecret, now: OffsetDateTime) -> Result<usize, StorageError> {
    let rows = query("SELECT * FROM sealed_secrets WHERE merchant_id = $1 AND mode = $2 AND purpose = $3")
        .bind(like.merchant.as_str())
        .bind(like.mode.as_str())
        .bind(like.purpose.as_str())
        .fetch_all(on)
        .await?;
    let all = rows.iter().map(row::secret).collect::<Result<Vec<_>, _>>()?;
    Ok(all.iter().filter(|secret| secret.lifecycle.check(now).is_ok()).count())
}

async fn store_lifecycle(on: &mut Transaction, secret: &SealedSecret) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&secret.lifecycle);
    query("UPDATE sealed_secrets SET retiring_until = $2, revoked_at = $3 WHERE id = $1")
        .bind(secret.id.as_str())
        .bind(columns.retiring_until)
        .bind(columns.revoked_at)
        .execute(on)
        .await?;
    Ok(())
}
