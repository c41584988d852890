//! Webhook endpoints on SQLite.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use time::OffsetDateTime;
use tollgate_apikey::Mode;

use super::audit::AuditedChange;
use super::{Sqlite, merchants, outbox, row};
use crate::account::{MerchantId, NewAuditEntry};
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::storage::{
    Change, ChangeRefusal, Endpoint, EndpointId, EndpointOrigin, NewEndpoint, Notice, SealedBearer, StorageError,
    WebhookDialect, WebhookEndpoints,
};

#[async_trait]
impl WebhookEndpoints for Sqlite {
    async fn register_endpoint(
        &self,
        new: &NewEndpoint,
        limit: u32,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<Endpoint> {
        let id = new.id();
        let mut change = AuditedChange::begin(self).await?;
        if !merchants::exists(change.connection(), &new.merchant).await? {
            return Ok(Err(ChangeRefusal::NotFound));
        }
        let others: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM webhook_endpoints WHERE merchant_id = $1 AND mode = $2 AND dialect = $3 \
             AND registered = 1 AND id <> $4",
        )
        .bind(new.merchant.as_str())
        .bind(new.mode.as_str())
        .bind(new.dialect.as_str())
        .bind(id.as_str())
        .fetch_one(change.connection())
        .await?;
        if others >= i64::from(limit) {
            return Ok(Err(ChangeRefusal::TooMany));
        }
        let made = sqlx::query(
            "INSERT INTO webhook_endpoints (id, merchant_id, mode, dialect, url, registered, bearer_key_version, \
             bearer_sealed, created_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8) \
             ON CONFLICT (id) DO UPDATE SET registered = 1, bearer_key_version = excluded.bearer_key_version, \
             bearer_sealed = excluded.bearer_sealed, disabled_at = NULL RETURNING *",
        )
        .bind(id.as_str())
        .bind(new.merchant.as_str())
        .bind(new.mode.as_str())
        .bind(new.dialect.as_str())
        .bind(&new.url)
        .bind(new.bearer.as_ref().map(|bearer| bearer.key_version))
        .bind(new.bearer.as_ref().map(|bearer| &bearer.sealed))
        .bind(epoch_ms(now))
        .fetch_one(change.connection())
        .await?;
        let made = endpoint(&made)?;
        change.commit(entry).await?;
        Ok(Ok(made))
    }

    async fn remove_endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        let mut change = AuditedChange::begin(self).await?;
        let found = find(change.connection(), merchant, mode, id).await?;
        if found.is_none_or(|found| found.origin != EndpointOrigin::Registered) {
            return Ok(Err(ChangeRefusal::NotFound));
        }
        for statement in [
            "DELETE FROM webhook_attempts WHERE endpoint_id = $1",
            "DELETE FROM webhook_deliveries WHERE endpoint_id = $1",
            "DELETE FROM webhook_endpoints WHERE id = $1",
        ] {
            sqlx::query(statement).bind(id.as_str()).execute(change.connection()).await?;
        }
        change.commit(entry).await?;
        Ok(Ok(()))
    }

    async fn enable_endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
        entry: &NewAuditEntry,
    ) -> Change<bool> {
        let mut change = AuditedChange::begin(self).await?;
        let Some(found) = find(change.connection(), merchant, mode, id).await? else {
            return Ok(Err(ChangeRefusal::NotFound));
        };
        if found.disabled_at.is_none() {
            return Ok(Ok(false));
        }
        let query = sqlx::query("UPDATE webhook_endpoints SET disabled_at = NULL WHERE id = $1").bind(id.as_str());
        query.execute(change.connection()).await?;
        change.commit(entry).await?;
        Ok(Ok(true))
    }

    async fn notify_endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
        notice: &Notice,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        let mut change = AuditedChange::begin(self).await?;
        let Some(found) = find(change.connection(), merchant, mode, id).await? else {
            return Ok(Err(ChangeRefusal::NotFound));
        };
        if found.disabled_at.is_some() {
            return Ok(Err(ChangeRefusal::NotUsable));
        }
        outbox::deliver_to(change.connection(), merchant, mode, id.as_str(), notice).await?;
        change.commit(entry).await?;
        Ok(Ok(()))
    }

    async fn endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
    ) -> Result<Option<Endpoint>, StorageError> {
        let mut connection = self.read.acquire().await?;
        find(&mut connection, merchant, mode, id).await
    }

    async fn endpoints(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<Endpoint>, StorageError> {
        let rows = sqlx::query(
            "SELECT * FROM webhook_endpoints WHERE merchant_id = $1 AND mode = $2 AND registered = 1 \
             ORDER BY created_at, id",
        )
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(endpoint).collect()
    }
}

async fn find(
    connection: &mut SqliteConnection,
    merchant: &MerchantId,
    mode: Mode,
    id: &EndpointId,
) -> Result<Option<Endpoint>, StorageError> {
    let query = sqlx::query("SELECT * FROM webhook_endpoints WHERE id = $1 AND merchant_id = $2 AND mode = $3");
    let query = query.bind(id.as_str()).bind(merchant.as_str()).bind(mode.as_str());
    query.fetch_optional(connection).await?.as_ref().map(endpoint).transpose()
}

pub(super) fn endpoint(row: &SqliteRow) -> Result<Endpoint, StorageError> {
    let dialect = WebhookDialect::from_stored(row.try_get("dialect")?).ok_or_else(StorageError::corrupt)?;
    let bearer = match (row.try_get("bearer_key_version")?, row.try_get("bearer_sealed")?) {
        (Some(key_version), Some(sealed)) => Some(SealedBearer { key_version, sealed }),
        (None, None) => None,
        _ => return Err(StorageError::corrupt()),
    };
    let details = NewEndpoint {
        merchant: row::merchant_id(row, "merchant_id")?,
        mode: row.try_get::<&str, _>("mode")?.parse().map_err(|_| StorageError::corrupt())?,
        dialect,
        url: row.try_get("url")?,
        bearer,
    };
    let registered = row.try_get::<i64, _>("registered")? != 0;
    Ok(Endpoint {
        id: endpoint_id(row, "id")?,
        details,
        origin: if registered { EndpointOrigin::Registered } else { EndpointOrigin::Named },
        created_at: from_epoch_ms(row.try_get("created_at")?),
        disabled_at: row.try_get::<Option<i64>, _>("disabled_at")?.map(from_epoch_ms),
    })
}

pub(super) fn endpoint_id(row: &SqliteRow, column: &str) -> Result<EndpointId, StorageError> {
    EndpointId::parse(row.try_get(column)?).ok_or_else(StorageError::corrupt)
}
