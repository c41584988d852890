//! `POST /payment-requests/{id}/payments`: an attempt to pay, by the payment page or the merchant.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tollgate_apikey::Mode;

use super::{access, notification};
use crate::app::App;
use crate::auth::{Fault, FieldFault, Reason, Refusal};
use crate::payments::{TransactionStatus, parse_id};
use crate::storage::{NewPaymentAttempt, PaymentAttempt, PaymentOutcome, complete};
use crate::transport::json_body;

/// The longest method name and payment token, in bytes.
const MAX_TEXT: usize = 128;

pub(super) async fn pay(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::call(&app, &parts, access::WRITE).await?;
    let by_browser = call.permit().is_some();
    let id = parse_id(access::path_id(&parts)).ok_or_else(|| Refusal::new(Reason::NotFound))?;
    let (members, _) = json_body(&parts.headers, body).await?;
    if members.raw("paymentRequestId").is_some_and(|named| parse_id(named) != Some(id)) {
        return Err(if by_browser {
            Refusal::new(Reason::ScopeDenied)
        } else {
            Refusal::field("paymentRequestId", FieldFault::Invalid)
        });
    }
    let method = members.required_string("method", MAX_TEXT)?;
    let token = members.required_string("paymentToken", MAX_TEXT)?;

    let (services, merchant, mode) =
        (app.services.clone(), call.principal().merchant().id.clone(), call.principal().mode());
    let message_id = services.webhooks.message_id(arrival.now)?;
    let outcome = complete(async move {
        let (result, now) = (sample_outcome(&token, mode), arrival.now);
        let new = NewPaymentAttempt { merchant, mode, request: id, method, outcome: result, now };
        let notify = |attempt: &PaymentAttempt| notification::of(attempt, message_id.clone(), now);
        let outcome = services.vault.attempt_payment(&new, &notify).await;
        // Also after an error: a commit whose answer got lost may have ended the tokens.
        if !matches!(outcome, Ok(PaymentOutcome::InProgress | PaymentOutcome::NotFound)) {
            services.records.forget_grants_of(id);
        }
        services.webhooks.wake();
        outcome
    })
    .await?;
    match outcome {
        PaymentOutcome::Attempted(transaction) => {
            let body = json!({
                "transactionId": transaction.id,
                "paymentRequestId": transaction.payment_request,
                "status": transaction.status.as_str(),
            });
            Ok(Json(body).into_response())
        }
        PaymentOutcome::InProgress => Err(Refusal::new(Reason::Conflict("payment_in_progress"))),
        // The token died with the final state, between its check and this attempt.
        PaymentOutcome::Final if by_browser => Err(app.services.gate.refuse(Fault::Revoked, &arrival)),
        PaymentOutcome::Final => Err(Refusal::new(Reason::Conflict("payment_request_final"))),
        PaymentOutcome::NotFound => Err(Refusal::new(Reason::NotFound)),
    }
}

/// There is no acquirer behind this server: the sample payment tokens say what comes of them, and no money moves live.
fn sample_outcome(token: &str, mode: Mode) -> TransactionStatus {
    match (token, mode) {
        ("tok_test_visa", Mode::Test) => TransactionStatus::Paid,
        ("tok_test_pending", Mode::Test) => TransactionStatus::Pending,
        _ => TransactionStatus::Declined,
    }
}
