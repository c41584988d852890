//! Webhook deliveries on SQLite.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use time::{Duration, OffsetDateTime};
use tollgate_apikey::Mode;

use super::Sqlite;
use super::audit::AuditedChange;
use super::webhook_endpoints::{endpoint, endpoint_id};
use crate::account::MerchantId;
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::storage::{
    Attempt, AttemptError, AttemptOutcome, Delivery, DeliveryCursor, DeliveryState, Endpoint, EndpointId, Format,
    LeasedDelivery, MAX_PASSED_OVER, MessageId, NewEndpoint, NewLease, Next, StorageError, Webhooks,
};

#[async_trait]
impl Webhooks for Sqlite {
    async fn lease(
        &self,
        lease: &NewLease,
        passed_over: &[MerchantId],
    ) -> Result<Option<LeasedDelivery>, StorageError> {
        let passed_over: [&str; MAX_PASSED_OVER] =
            std::array::from_fn(|at| passed_over.get(at).map_or("", MerchantId::as_str));
        let mut tx = self.begin().await?;
        loop {
            // A lease that ran out leaves its endpoint due: whoever held it is taken for dead.
            let query = sqlx::query(
                "UPDATE webhook_endpoints SET lease = $1, due_at = $2 WHERE due_at <= $3 AND id = \
                 (SELECT id FROM webhook_endpoints WHERE due_at <= $3 AND disabled_at IS NULL \
                 AND merchant_id NOT IN ($4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
                 ORDER BY due_at, id LIMIT 1) RETURNING *",
            );
            let query = query.bind(&lease.name).bind(epoch_ms(lease.until)).bind(epoch_ms(lease.now));
            let query = passed_over.iter().fold(query, |query, merchant| query.bind(*merchant));
            let Some(found) = query.fetch_optional(&mut *tx).await? else {
                tx.commit().await?;
                return Ok(None);
            };
            let Endpoint { id, details, .. } = endpoint(&found)?;
            let due = sqlx::query(
                "SELECT * FROM webhook_deliveries WHERE endpoint_id = $1 AND due_at <= $2 \
                 ORDER BY due_at, message_id LIMIT 1",
            );
            match due.bind(id.as_str()).bind(epoch_ms(lease.now)).fetch_optional(&mut *tx).await? {
                None => give_back(&mut tx, &id, lease.now).await?,
                Some(due) => {
                    let delivery = delivery(&due)?;
                    tx.commit().await?;
                    let NewEndpoint { merchant, mode, url, bearer, .. } = details;
                    let lease = lease.name.clone();
                    return Ok(Some(LeasedDelivery { lease, merchant, mode, url, bearer, delivery }));
                }
            }
        }
    }

    async fn complete(
        &self,
        leased: &LeasedDelivery,
        attempt: &Attempt,
        next: Next,
        now: OffsetDateTime,
    ) -> Result<bool, StorageError> {
        if next == Next::Gone {
            let mut change = AuditedChange::begin(self).await?;
            if !record(change.connection(), leased, attempt, next, now).await? {
                return Ok(false);
            }
            change.commit(&leased.endpoint_disabled(now)).await?;
        } else {
            let mut tx = self.begin().await?;
            if !record(&mut tx, leased, attempt, next, now).await? {
                return Ok(false);
            }
            tx.commit().await?;
        }
        Ok(true)
    }

    async fn deliveries(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        after: Option<&DeliveryCursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let rows = sqlx::query(
            "SELECT * FROM webhook_deliveries WHERE merchant_id = $1 AND mode = $2 \
             AND ($3 IS NULL OR message_id < $3 OR (message_id = $3 AND endpoint_id < $4)) \
             ORDER BY message_id DESC, endpoint_id DESC LIMIT $5",
        )
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .bind(after.map(|cursor| cursor.message_id.as_str()))
        .bind(after.map(|cursor| cursor.endpoint.as_str()))
        .bind(i64::from(limit))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(delivery).collect()
    }

    async fn attempts(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        message_id: &MessageId,
        endpoint: &EndpointId,
    ) -> Result<Vec<Attempt>, StorageError> {
        let rows = sqlx::query(
            "SELECT a.* FROM webhook_attempts a JOIN webhook_deliveries d ON d.message_id = a.message_id \
             AND d.endpoint_id = a.endpoint_id WHERE d.merchant_id = $1 AND d.mode = $2 AND d.message_id = $3 \
             AND d.endpoint_id = $4 ORDER BY a.number",
        )
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .bind(message_id.as_str())
        .bind(endpoint.as_str())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(attempt).collect()
    }

    async fn sweep_deliveries(&self, before: OffsetDateTime) -> Result<u64, StorageError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "DELETE FROM webhook_attempts WHERE EXISTS (SELECT 1 FROM webhook_deliveries d \
             WHERE d.message_id = webhook_attempts.message_id AND d.endpoint_id = webhook_attempts.endpoint_id \
             AND d.state <> 'pending' AND d.created_at < $1)",
        )
        .bind(epoch_ms(before))
        .execute(&mut *tx)
        .await?;
        let gone = sqlx::query("DELETE FROM webhook_deliveries WHERE state <> 'pending' AND created_at < $1")
            .bind(epoch_ms(before))
            .execute(&mut *tx)
            .await?;
        // A disabled one stays: it is what is known about a target that said it is gone.
        sqlx::query(
            "DELETE FROM webhook_endpoints WHERE registered = 0 AND disabled_at IS NULL AND lease IS NULL \
             AND created_at < $1 AND NOT EXISTS \
             (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = webhook_endpoints.id)",
        )
        .bind(epoch_ms(before))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(gone.rows_affected())
    }
}

/// Records an attempt and gives the lease back; `false`, and nothing is recorded, when the lease was lost.
async fn record(
    tx: &mut SqliteConnection,
    leased: &LeasedDelivery,
    attempt: &Attempt,
    next: Next,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let LeasedDelivery { lease, delivery: Delivery { message_id, endpoint, .. }, .. } = leased;
    let held: Option<String> = sqlx::query_scalar("SELECT id FROM webhook_endpoints WHERE id = $1 AND lease = $2")
        .bind(endpoint.as_str())
        .bind(lease)
        .fetch_optional(&mut *tx)
        .await?;
    if held.is_none() {
        return Ok(false);
    }
    insert_attempt(tx, message_id, endpoint, attempt).await?;
    let (state, due_at) = match next {
        Next::Delivered => (DeliveryState::Delivered, None),
        Next::Failed => (DeliveryState::Failed, None),
        Next::Gone => (DeliveryState::Stopped, None),
        Next::Retry { at } => (DeliveryState::Pending, Some(epoch_ms(at))),
    };
    sqlx::query(
        "UPDATE webhook_deliveries SET state = $3, due_at = $4, attempts = $5 \
             WHERE message_id = $1 AND endpoint_id = $2",
    )
    .bind(message_id.as_str())
    .bind(endpoint.as_str())
    .bind(state.as_str())
    .bind(due_at)
    .bind(i64::from(attempt.number))
    .execute(&mut *tx)
    .await?;
    if next == Next::Gone {
        disable(tx, endpoint, now).await?;
    }
    give_back(tx, endpoint, now).await?;
    Ok(true)
}

/// Frees an endpoint and notes when it is due next: not before now, so that it stands behind those that wait.
async fn give_back(
    connection: &mut SqliteConnection,
    id: &EndpointId,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE webhook_endpoints SET lease = NULL, due_at = (SELECT CASE WHEN MIN(due_at) < $2 THEN $2 \
         ELSE MIN(due_at) END FROM webhook_deliveries WHERE endpoint_id = $1) WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(epoch_ms(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// Sends nothing more to an endpoint.
async fn disable(connection: &mut SqliteConnection, id: &EndpointId, now: OffsetDateTime) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE webhook_deliveries SET state = 'stopped', due_at = NULL WHERE endpoint_id = $1 AND state = 'pending'",
    )
    .bind(id.as_str())
    .execute(&mut *connection)
    .await?;
    sqlx::query("UPDATE webhook_endpoints SET disabled_at = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(epoch_ms(now))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert_attempt(
    connection: &mut SqliteConnection,
    message_id: &MessageId,
    endpoint: &EndpointId,
    attempt: &Attempt,
) -> Result<(), StorageError> {
    let (status, error) = match attempt.outcome {
        AttemptOutcome::Answered(status) => (Some(i64::from(status)), None),
        AttemptOutcome::Failed(error) => (None, Some(error.as_str())),
    };
    sqlx::query(
        "INSERT INTO webhook_attempts (message_id, endpoint_id, number, made_at, duration_ms, status, error) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(message_id.as_str())
    .bind(endpoint.as_str())
    .bind(i64::from(attempt.number))
    .bind(epoch_ms(attempt.made_at))
    .bind(i64::try_from(attempt.duration.whole_milliseconds()).unwrap_or(i64::MAX))
    .bind(status)
    .bind(error)
    .execute(connection)
    .await?;
    Ok(())
}

fn delivery(row: &SqliteRow) -> Result<Delivery, StorageError> {
    Ok(Delivery {
        message_id: MessageId::parse(row.try_get("message_id")?).ok_or_else(StorageError::corrupt)?,
        endpoint: endpoint_id(row, "endpoint_id")?,
        format: Format::from_stored(row.try_get("format")?).ok_or_else(StorageError::corrupt)?,
        body: row.try_get("body")?,
        state: DeliveryState::from_stored(row.try_get("state")?).ok_or_else(StorageError::corrupt)?,
        attempts: number(row, "attempts")?,
        due_at: row.try_get::<Option<i64>, _>("due_at")?.map(from_epoch_ms),
        created_at: from_epoch_ms(row.try_get("created_at")?),
    })
}

fn attempt(row: &SqliteRow) -> Result<Attempt, StorageError> {
    let outcome = match (row.try_get::<Option<i64>, _>("status")?, row.try_get::<Option<&str>, _>("error")?) {
        (Some(status), None) => AttemptOutcome::Answered(u16::try_from(status).map_err(|_| StorageError::corrupt())?),
        (None, Some(error)) => {
            AttemptOutcome::Failed(AttemptError::from_stored(error).ok_or_else(StorageError::corrupt)?)
        }
        _ => return Err(StorageError::corrupt()),
    };
    Ok(Attempt {
        number: number(row, "number")?,
        made_at: from_epoch_ms(row.try_get("made_at")?),
        duration: Duration::milliseconds(row.try_get("duration_ms")?),
        outcome,
    })
}

fn number(row: &SqliteRow, column: &str) -> Result<u32, StorageError> {
    u32::try_from(row.try_get::<i64, _>(column)?).map_err(|_| StorageError::corrupt())
}
