//! Secrets needed in clear, as they are sealed.

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnection;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Overlap};

use super::audit::AuditedChange;
use super::row::LifecycleColumns;
use super::{Sqlite, merchants, row};
use crate::account::{NewAuditEntry, SealedSecret, renewed_life};
use crate::storage::{Change, ChangeRefusal, Secrets, StorageError};

#[async_trait]
impl Secrets for Sqlite {
    async fn secret(&self, id: KeyId) -> Result<Option<SealedSecret>, StorageError> {
        let mut connection = self.read.acquire().await?;
        find(&mut connection, id).await
    }

    async fn issue_secret(
        &self,
        new: &SealedSecret,
        limit: usize,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        let mut change = AuditedChange::begin(self).await?;
        if !merchants::exists(change.connection(), &new.merchant).await? {
            return Ok(Err(ChangeRefusal::NotFound));
        }
        insert(change.connection(), new).await?;
        if usable(change.connection(), new, now).await? > limit {
            return Ok(Err(ChangeRefusal::TooMany));
        }
        change.commit(entry).await?;
        Ok(Ok(()))
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
        let mut change = AuditedChange::begin(self).await?;
        let Some(mut old) = find(change.connection(), old).await? else {
            return Ok(Err(ChangeRefusal::NotFound));
        };
        let mut new = new.clone();
        new.lifecycle = renewed_life(&old.lifecycle, now);
        if old.lifecycle.retire(now, overlap).is_err() {
            return Ok(Err(ChangeRefusal::NotUsable));
        }
        store_lifecycle(change.connection(), &old).await?;
        insert(change.connection(), &new).await?;
        if usable(change.connection(), &new, now).await? > limit {
            return Ok(Err(ChangeRefusal::TooMany));
        }
        change.commit(entry).await?;
        Ok(Ok(new))
    }

    async fn end_secret(&self, id: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool> {
        let mut change = AuditedChange::begin(self).await?;
        let Some(mut found) = find(change.connection(), id).await? else {
            return Ok(Err(ChangeRefusal::NotFound));
        };
        if found.lifecycle.revoked_at().is_some() {
            return Ok(Ok(false));
        }
        found.lifecycle.revoke(now).map_err(|_| StorageError::corrupt())?;
        store_lifecycle(change.connection(), &found).await?;
        change.commit(entry).await?;
        Ok(Ok(true))
    }
}

pub(super) async fn insert(connection: &mut SqliteConnection, secret: &SealedSecret) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&secret.lifecycle);
    sqlx::query(
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
    .execute(connection)
    .await?;
    Ok(())
}

async fn find(connection: &mut SqliteConnection, id: KeyId) -> Result<Option<SealedSecret>, StorageError> {
    let query = sqlx::query("SELECT * FROM sealed_secrets WHERE id = $1").bind(id.as_str());
    query.fetch_optional(connection).await?.as_ref().map(row::secret).transpose()
}

/// How many secrets of the same merchant, mode and purpose are usable.
async fn usable(
    connection: &mut SqliteConnection,
    like: &SealedSecret,
    now: OffsetDateTime,
) -> Result<usize, StorageError> {
    let rows = sqlx::query("SELECT * FROM sealed_secrets WHERE merchant_id = $1 AND mode = $2 AND purpose = $3")
        .bind(like.merchant.as_str())
        .bind(like.mode.as_str())
        .bind(like.purpose.as_str())
        .fetch_all(connection)
        .await?;
    let all = rows.iter().map(row::secret).collect::<Result<Vec<_>, _>>()?;
    Ok(all.iter().filter(|secret| secret.lifecycle.check(now).is_ok()).count())
}

async fn store_lifecycle(connection: &mut SqliteConnection, secret: &SealedSecret) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&secret.lifecycle);
    sqlx::query("UPDATE sealed_secrets SET retiring_until = $2, revoked_at = $3 WHERE id = $1")
        .bind(secret.id.as_str())
        .bind(columns.retiring_until)
        .bind(columns.revoked_at)
        .execute(connection)
        .await?;
    Ok(())
}
