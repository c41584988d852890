//! The answers of creating calls, kept for their repetition.

use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};
use tollgate_apikey::Mode;

use super::{Transaction, query};
use crate::account::MerchantId;
use crate::clock::epoch_ms;
use crate::storage::{Answered, Created, Idempotency, StorageError};

/// How long a repeated call is answered as the first was.
pub(super) const IDEMPOTENCY_LIFE: Duration = Duration::DAY;

/// What the first call with the same key came to; `None` when this is the first.
pub(super) async fn first_answer(
    connection: &mut Transaction,
    merchant: &MerchantId,
    mode: Mode,
    idempotency: Option<&Idempotency>,
    now: OffsetDateTime,
) -> Result<Option<Created>, StorageError> {
    let Some(idempotency) = idempotency else { return Ok(None) };
    let found = query(
        "SELECT body_digest, status, body FROM idempotency \
         WHERE merchant_id = $1 AND mode = $2 AND route = $3 AND key = $4 AND created_at > $5",
    )
    .bind(merchant.as_str())
    .bind(mode.as_str())
    .bind(idempotency.route)
    .bind(&idempotency.key)
    .bind(epoch_ms(now - IDEMPOTENCY_LIFE))
    .fetch_optional(connection)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let same_body: bool = found.try_get::<&[u8], _>("body_digest")?.ct_eq(&idempotency.body_digest).into();
    if !same_body {
        return Ok(Some(Created::Mismatch));
    }
    Ok(Some(Created::Replayed(Answered { status: found.try_get("status")?, body: found.try_get("body")? })))
}

/// Keeps the answer for repetitions, in the transaction that made the object; it takes the place of one whose day is over.
pub(super) async fn remember(
    connection: &mut Transaction,
    merchant: &MerchantId,
    mode: Mode,
    idempotency: Option<&Idempotency>,
    answer: &Answered,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    let Some(idempotency) = idempotency else { return Ok(()) };
    query(
        "INSERT INTO idempotency (merchant_id, mode, route, key, body_digest, status, body, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (merchant_id, mode, route, key) DO UPDATE SET \
         body_digest = excluded.body_digest, status = excluded.status, body = excluded.body, \
         created_at = excluded.created_at",
    )
    .bind(merchant.as_str())
    .bind(mode.as_str())
    .bind(idempotency.route)
    .bind(&idempotency.key)
    .bind(&idempotency.body_digest[..])
    .bind(answer.status)
    .bind(&answer.body)
    .bind(epoch_ms(now))
    .execute(connection)
    .await?;
    Ok(())
}
