//! Webhook endpoints: registering, removing, naming.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::Mode;

use super::{Database, Executor, Row, merchants, outbox, query, query_scalar, row};
use crate::account::{MerchantId, NewAuditEntry};
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::storage::{
    Change, ChangeRefusal, Endpoint, EndpointId, EndpointOrigin, NewEndpoint, Notice, SealedBearer, StorageError,
    WebhookDialect, WebhookEndpoints,
};

#[async_trait]
impl WebhookEndpoints for Database {
    async fn register_endpoint(
        &self,
        new: &NewEndpoint,
        limit: u32,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<Endpoint> {
        let id = &new.id();
        self.change(|mut change| async move {
            if !merchants::exists(change.tx(), &new.merchant).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            let others: i64 = query_scalar(
                "SELECT COUNT(*) FROM webhook_endpoints WHERE merchant_id = $1 AND mode = $2 AND dialect = $3 \
             AND registered = 1 AND id <> $4",
            )
            .bind(new.merchant.as_str())
            .bind(new.mode.as_str())
            .bind(new.dialect.as_str())
            .bind(id.as_str())
            .fetch_one(change.tx())
            .await?;
            if others >= i64::from(limit) {
                return Ok(Err(ChangeRefusal::TooMany));
            }
            let made = query(
                "INSERT INTO webhook_endpoints (id, merchant_id, mode, dialect, url, registered, bearer_key_version, \
             bearer_sealed, created_at) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8) \
             ON CONFLICT (id) DO UPDATE SET registered = 1, disabled_at = NULL, \
             bearer_key_version = COALESCE(excluded.bearer_key_version, webhook_endpoints.bearer_key_version), \
             bearer_sealed = COALESCE(excluded.bearer_sealed, webhook_endpoints.bearer_sealed) RETURNING *",
            )
            .bind(id.as_str())
            .bind(new.merchant.as_str())
            .bind(new.mode.as_str())
            .bind(new.dialect.as_str())
            .bind(&new.url)
            .bind(new.bearer.as_ref().map(|bearer| bearer.key_version))
            .bind(new.bearer.as_ref().map(|bearer| &bearer.sealed))
            .bind(epoch_ms(now))
            .fetch_one(change.tx())
            .await?;
            let made = endpoint(&made)?;
            change.commit(entry).await?;
            Ok(Ok(made))
        })
        .await
    }

    async fn remove_endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        self.change(|mut change| async move {
            let found = find(change.tx(), merchant, mode, id).await?;
            if found.is_none_or(|found| found.origin != EndpointOrigin::Registered) {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            for statement in [
                "DELETE FROM webhook_attempts WHERE endpoint_id = $1",
                "DELETE FROM webhook_deliveries WHERE endpoint_id = $1",
                "DELETE FROM webhook_endpoints WHERE id = $1",
            ] {
                query(statement).bind(id.as_str()).execute(change.tx()).await?;
            }
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn enable_endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
        entry: &NewAuditEntry,
    ) -> Change<bool> {
        self.change(|mut change| async move {
            let Some(found) = find(change.tx(), merchant, mode, id).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            if found.disabled_at.is_none() {
                return Ok(Ok(false));
            }
            let query = query("UPDATE webhook_endpoints SET disabled_at = NULL WHERE id = $1").bind(id.as_str());
            query.execute(change.tx()).await?;
            change.commit(entry).await?;
            Ok(Ok(true))
        })
        .await
    }

    async fn notify_endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
        notice: &Notice,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        self.change(|mut change| async move {
            let Some(found) = find(change.tx(), merchant, mode, id).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            if found.disabled_at.is_some() {
                return Ok(Err(ChangeRefusal::NotUsable));
            }
            outbox::deliver_to(change.tx(), merchant, mode, id.as_str(), notice).await?;
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
    ) -> Result<Option<Endpoint>, StorageError> {
        find(&self.read, merchant, mode, id).await
    }

    async fn endpoints(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<Endpoint>, StorageError> {
        let rows = query(
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
    on: impl Executor,
    merchant: &MerchantId,
    mode: Mode,
    id: &EndpointId,
) -> Result<Option<Endpoint>, StorageError> {
    let query = query("SELECT * FROM webhook_endpoints WHERE id = $1 AND merchant_id = $2 AND mode = $3");
    let query = query.bind(id.as_str()).bind(merchant.as_str()).bind(mode.as_str());
    query.fetch_optional(on).await?.as_ref().map(endpoint).transpose()
}

pub(super) fn endpoint(row: &Row) -> Result<Endpoint, StorageError> {
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

pub(super) fn endpoint_id(row: &Row, column: &str) -> Result<EndpointId, StorageError> {
    EndpointId::parse(row.try_get(column)?).ok_or_else(StorageError::corrupt)
}
