//! Payment requests, attempts to pay them, and charges.

use sqlx::sqlite::SqliteConnection;
use tollgate_apikey::Mode;

use super::idempotency::{first_answer, remember};
use super::{Sqlite, outbox, row};
use crate::account::MerchantId;
use crate::clock::epoch_ms;
use crate::payments::{Charge, NewCharge, NewPaymentRequest, PaymentRequest, PaymentRequestStatus, Transaction};
use crate::storage::{
    Created, Idempotency, NewPaymentAttempt, Notify, PaymentAttempt, PaymentOutcome, Render, StorageError,
};

pub(super) async fn create_payment_request(
    db: &Sqlite,
    new: NewPaymentRequest,
    idempotency: Option<Idempotency>,
    render: Render<'_, PaymentRequest>,
) -> Result<Created, StorageError> {
    let mut tx = db.begin().await?;
    let (merchant, mode, now) = (new.merchant.clone(), new.mode, new.created_at);
    if let Some(first) = first_answer(&mut tx, &merchant, mode, idempotency.as_ref(), now).await? {
        return Ok(first);
    }
    let id = sqlx::query_scalar(
        "INSERT INTO payment_requests (merchant_id, mode, amount, unit, status, reference_id, notify_url, \
         success_url, failure_url, origin_domain, client, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
    )
    .bind(new.merchant.as_str())
    .bind(new.mode.as_str())
    .bind(new.amount.as_str())
    .bind(new.unit.code())
    .bind(PaymentRequestStatus::Unpaid.as_str())
    .bind(&new.reference_id)
    .bind(&new.notify_url)
    .bind(&new.success_url)
    .bind(&new.failure_url)
    .bind(&new.origin_domain)
    .bind(&new.client)
    .bind(epoch_ms(new.created_at))
    .fetch_one(&mut *tx)
    .await?;
    let made = PaymentRequest { id, status: PaymentRequestStatus::Unpaid, details: new };
    let answer = render(&made);
    remember(&mut tx, &merchant, mode, idempotency.as_ref(), &answer, now).await?;
    tx.commit().await?;
    Ok(Created::New(answer))
}

pub(super) async fn payment_request(
    db: &Sqlite,
    merchant: &MerchantId,
    mode: Mode,
    id: i64,
) -> Result<Option<PaymentRequest>, StorageError> {
    let query = sqlx::query("SELECT * FROM payment_requests WHERE id = $1 AND merchant_id = $2 AND mode = $3");
    let found = query.bind(id).bind(merchant.as_str()).bind(mode.as_str()).fetch_optional(&db.read).await?;
    found.as_ref().map(row::payment_request).transpose()
}

/// Makes an attempt inside the caller's transaction, or says why there is none.
pub(super) async fn attempt(
    tx: &mut SqliteConnection,
    new: &NewPaymentAttempt,
) -> Result<Result<PaymentAttempt, PaymentOutcome>, StorageError> {
    let NewPaymentAttempt { merchant, mode, request: id, method, outcome, now } = new;
    let (id, outcome, now) = (*id, *outcome, *now);
    let query = sqlx::query("SELECT * FROM payment_requests WHERE id = $1 AND merchant_id = $2 AND mode = $3");
    let found = query.bind(id).bind(merchant.as_str()).bind(mode.as_str()).fetch_optional(&mut *tx).await?;
    let Some(found) = found else { return Ok(Err(PaymentOutcome::NotFound)) };
    let mut request = row::payment_request(&found)?;
    match request.status {
        PaymentRequestStatus::Unpaid => {}
        PaymentRequestStatus::Pending => return Ok(Err(PaymentOutcome::InProgress)),
        _ => return Ok(Err(PaymentOutcome::Final)),
    }
    let leaves = outcome.leaves();
    sqlx::query("UPDATE payment_requests SET status = $2 WHERE id = $1")
        .bind(id)
        .bind(leaves.as_str())
        .execute(&mut *tx)
        .await?;
    if leaves.is_final() {
        sqlx::query("UPDATE checkout_grants SET revoked_at = $2 WHERE payment_request_id = $1 AND revoked_at IS NULL")
            .bind(id)
            .bind(epoch_ms(now))
            .execute(&mut *tx)
            .await?;
    }
    let transaction = sqlx::query_scalar(
        "INSERT INTO transactions (payment_request_id, method, status, created_at) VALUES ($1, $2, $3, $4) \
         RETURNING id",
    )
    .bind(id)
    .bind(method)
    .bind(outcome.as_str())
    .bind(epoch_ms(now))
    .fetch_one(tx)
    .await?;
    request.status = leaves;
    let transaction = Transaction { id: transaction, payment_request: id, status: outcome };
    Ok(Ok(PaymentAttempt { request, transaction }))
}

pub(super) async fn create_charge(
    db: &Sqlite,
    new: NewCharge,
    idempotency: Option<Idempotency>,
    render: Render<'_, Charge>,
    notify: Notify<'_, Charge>,
) -> Result<Created, StorageError> {
    let mut tx = db.begin().await?;
    let (merchant, mode, now) = (new.merchant.clone(), new.mode, new.created_at);
    if let Some(first) = first_answer(&mut tx, &merchant, mode, idempotency.as_ref(), now).await? {
        return Ok(first);
    }
    let id = sqlx::query_scalar(
        "INSERT INTO charges (merchant_id, mode, method_code, amount, currency, country, customer_id, description, \
         checkout, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    )
    .bind(new.merchant.as_str())
    .bind(new.mode.as_str())
    .bind(&new.method_code)
    .bind(new.amount.as_str())
    .bind(new.currency.code())
    .bind(&new.country)
    .bind(&new.customer_id)
    .bind(&new.description)
    .bind(&new.checkout)
    .bind(epoch_ms(new.created_at))
    .fetch_one(&mut *tx)
    .await?;
    let made = Charge { id, details: new };
    let answer = render(&made);
    remember(&mut tx, &merchant, mode, idempotency.as_ref(), &answer, now).await?;
    outbox::enqueue(&mut tx, &merchant, mode, notify(&made).as_ref()).await?;
    tx.commit().await?;
    Ok(Created::New(answer))
}
