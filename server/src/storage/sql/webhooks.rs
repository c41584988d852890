//! Webhook deliveries: leasing, recording, listing.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use tollgate_apikey::Mode;

use super::webhook_endpoints::{endpoint, endpoint_id};
use super::{Database, Executor, Row, Transaction, query, query_scalar};
use crate::account::MerchantId;
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::storage::{
    Attempt, AttemptError, AttemptOutcome, Delivery, DeliveryCursor, DeliveryState, Endpoint, EndpointId, Format,
    LeasedDelivery, MAX_PASSED_OVER, MessageId, NewEndpoint, NewLease, Next, StorageError, StorageErrorKind, Webhooks,
};

#[async_trait]
impl Webhooks for Database {
    async fn lease(
        &self,
        lease: &NewLease,
        passed_over: &[MerchantId],
    ) -> Result<Option<LeasedDelivery>, StorageError> {
        // Whoever was outrun looks again: another took that endpoint, so there is progress. What does not read is set
        // aside and not due again.
        while let Some(next) = longest_due(&self.read, lease.now, passed_over).await? {
            let Some(taken) = take(&self.write, &next, lease).await? else { continue };
            let Some(Endpoint { id, details, .. }) = readable(endpoint(&taken))? else {
                self.set_aside(&next, None, lease).await?;
                continue;
            };
            let due = query(
                "SELECT * FROM webhook_deliveries WHERE endpoint_id = $1 AND due_at <= $2 \
                 ORDER BY due_at, message_id LIMIT 1",
            );
            let Some(due) = due.bind(id.as_str()).bind(epoch_ms(lease.now)).fetch_optional(&self.read).await? else {
                self.give_back_idle(&id, lease).await?;
                continue;
            };
            let Some(delivery) = readable(delivery(&due))? else {
                // Without an id that reads, all of the endpoint's are set aside: it would stand first for ever.
                let message: Option<String> = readable(due.try_get("message_id"))?;
                self.set_aside(&next, message.as_deref(), lease).await?;
                continue;
            };
            let NewEndpoint { merchant, mode, url, bearer, .. } = details;
            let lease = lease.name.clone();
            return Ok(Some(LeasedDelivery { lease, merchant, mode, url, bearer, delivery }));
        }
        Ok(None)
    }

    async fn complete(
        &self,
        leased: &LeasedDelivery,
        attempt: &Attempt,
        next: Next,
        now: OffsetDateTime,
    ) -> Result<bool, StorageError> {
        if next == Next::Gone {
            return self
                .change(|mut change| async move {
                    if !record(change.tx(), leased, attempt, next, now).await? {
                        return Ok(false);
                    }
                    change.commit(&leased.endpoint_disabled(now)).await?;
                    Ok(true)
                })
                .await;
        }
        self.transaction(|mut tx| async move {
            if !record(&mut tx, leased, attempt, next, now).await? {
                return Ok(false);
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn deliveries(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        after: Option<&DeliveryCursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        let rows = query(
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
        let rows = query(
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
        self.sweep_over(before).await
    }
}

impl Database {
    /// Gives back an endpoint that turned out to have nothing due, unless the lease was lost meanwhile.
    async fn give_back_idle(&self, id: &EndpointId, lease: &NewLease) -> Result<(), StorageError> {
        self.transaction(|mut tx| async move {
            if holds(&mut tx, id, &lease.name).await? {
                give_back(&mut tx, id.as_str(), lease.now).await?;
                tx.commit().await?;
            }
            Ok(())
        })
        .await
    }
}

/// A record; `None` when it is damaged, which does not stop what reads.
fn readable<T>(read: Result<T, StorageError>) -> Result<Option<T>, StorageError> {
    match read {
        Ok(record) => Ok(Some(record)),
        Err(error) if error.kind() == StorageErrorKind::Corrupt => Ok(None),
        Err(error) => Err(error),
    }
}

/// The endpoint that waits longest and is nobody's; a lease that ran out leaves it due, as whoever held it is taken for
/// dead.
async fn longest_due(
    on: impl Executor,
    now: OffsetDateTime,
    passed_over: &[MerchantId],
) -> Result<Option<String>, StorageError> {
    let passed_over: [&str; MAX_PASSED_OVER] =
        std::array::from_fn(|at| passed_over.get(at).map_or("", MerchantId::as_str));
    let query = query_scalar(
        "SELECT id FROM webhook_endpoints WHERE due_at <= $1 AND disabled_at IS NULL \
         AND merchant_id NOT IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
         ORDER BY due_at, id LIMIT 1",
    );
    passed_over.iter().fold(query.bind(epoch_ms(now)), |query, merchant| query.bind(*merchant)).fetch_optional(on).await
}

/// Takes an endpoint; `None` when another was faster. Of callers at once one finds it still due.
async fn take(on: impl Executor, id: &str, lease: &NewLease) -> Result<Option<Row>, StorageError> {
    let taken = query(
        "UPDATE webhook_endpoints SET lease = $2, due_at = $3 WHERE id = $1 AND due_at <= $4 \
         AND disabled_at IS NULL RETURNING *",
    );
    let taken = taken.bind(id).bind(&lease.name).bind(epoch_ms(lease.until)).bind(epoch_ms(lease.now));
    taken.fetch_optional(on).await
}

async fn holds(tx: &mut Transaction, id: &EndpointId, lease: &str) -> Result<bool, StorageError> {
    let query = query("SELECT id FROM webhook_endpoints WHERE id = $1 AND lease = $2");
    Ok(query.bind(id.as_str()).bind(lease).fetch_optional(tx).await?.is_some())
}

/// Records an attempt and gives the lease back; `false`, and nothing is recorded, when the lease was lost.
async fn record(
    tx: &mut Transaction,
    leased: &LeasedDelivery,
    attempt: &Attempt,
    next: Next,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    let LeasedDelivery { lease, delivery: Delivery { message_id, endpoint, .. }, .. } = leased;
    if !holds(tx, endpoint, lease).await? {
        return Ok(false);
    }
    insert_attempt(tx, message_id, endpoint, attempt).await?;
    let (state, due_at) = match next {
        Next::Delivered => (DeliveryState::Delivered, None),
        Next::Failed => (DeliveryState::Failed, None),
        Next::Gone => (DeliveryState::Stopped, None),
        Next::Retry { at } => (DeliveryState::Pending, Some(epoch_ms(at))),
    };
    query(
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
    give_back(tx, endpoint.as_str(), now).await?;
    Ok(true)
}

/// Frees an endpoint and notes when it is due next: not before now, so that it stands behind those that wait.
///
/// A notice that is written meanwhile leaves this to us, or was seen here: both run as transactions.
pub(super) async fn give_back(tx: &mut Transaction, id: &str, now: OffsetDateTime) -> Result<(), StorageError> {
    query(
        "UPDATE webhook_endpoints SET lease = NULL, due_at = (SELECT CASE WHEN MIN(due_at) < $2 THEN $2 \
         ELSE MIN(due_at) END FROM webhook_deliveries WHERE endpoint_id = $1) WHERE id = $1",
    )
    .bind(id)
    .bind(epoch_ms(now))
    .execute(tx)
    .await?;
    Ok(())
}

/// Sends nothing more to an endpoint.
async fn disable(tx: &mut Transaction, id: &EndpointId, now: OffsetDateTime) -> Result<(), StorageError> {
    query(
        "UPDATE webhook_deliveries SET state = 'stopped', due_at = NULL WHERE endpoint_id = $1 AND state = 'pending'",
    )
    .bind(id.as_str())
    .execute(&mut *tx)
    .await?;
    query("UPDATE webhook_endpoints SET disabled_at = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(epoch_ms(now))
        .execute(tx)
        .await?;
    Ok(())
}

async fn insert_attempt(
    tx: &mut Transaction,
    message_id: &MessageId,
    endpoint: &EndpointId,
    attempt: &Attempt,
) -> Result<(), StorageError> {
    let (status, error) = match attempt.outcome {
        AttemptOutcome::Answered(status) => (Some(i64::from(status)), None),
        AttemptOutcome::Failed(error) => (None, Some(error.as_str())),
    };
    query(
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
    .execute(tx)
    .await?;
    Ok(())
}

fn delivery(row: &Row) -> Result<Delivery, StorageError> {
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

fn attempt(row: &Row) -> Result<Attempt, StorageError> {
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

fn number(row: &Row, column: &str) -> Result<u32, StorageError> {
    u32::try_from(row.try_get::<i64, _>(column)?).map_err(|_| StorageError::corrupt())
}
