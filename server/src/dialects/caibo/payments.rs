//! `POST /payment-requests/{id}/payments`: an attempt to pay, by the payment page or the merchant.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use tollgate_apikey::Mode;

use super::{access, description, notification};
use crate::app::App;
use crate::auth::{Fault, FieldFault, Reason, Refusal, ScopeRule};
use crate::dialects::json::Json;
use crate::dialects::wire;
use crate::openapi::{Operation, Route};
use crate::payments::{TransactionStatus, parse_id};
use crate::storage::{NewPaymentAttempt, PaymentAttempt, PaymentOutcome, complete};
use crate::transport::json_body;

/// The longest method name and payment token, in characters.
const MAX_TEXT: usize = 128;

/// An attempt to pay.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CaiboPaymentAttempt")]
#[expect(dead_code, reason = "the schema of the members that are read one by one")]
struct Input {
    /// The id in the path, once more.
    #[schemars(range(min = 1))]
    payment_request_id: Option<i64>,
    #[schemars(length(min = 1, max = MAX_TEXT), regex(pattern = wire::TEXT))]
    method: String,
    /// `tok_test_visa` pays, `tok_test_pending` waits, any other text declines; live everything declines.
    #[schemars(length(min = 1, max = MAX_TEXT), regex(pattern = wire::TEXT))]
    payment_token: String,
}

/// What came of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CaiboPayment")]
struct View {
    transaction_id: i64,
    payment_request_id: i64,
    #[schemars(extend("enum" = ["declined", "paid", "pending"]))]
    status: &'static str,
}

pub(super) fn route() -> Route {
    let operation = Operation::new("caiboPay", "Try to pay a payment request", &description::PAGE_CALL)
        .needs(access::WRITE)
        .path("id", "The payment request.", wire::ID, "7")
        .json::<Input>(json!({ "method": "CARD", "paymentToken": "tok_test_visa" }))
        .refuses([
            Reason::InvalidRequest(vec![("method".into(), FieldFault::Required)]),
            Reason::NotFound,
            Reason::Conflict("payment_in_progress"),
            Reason::Conflict("payment_request_final"),
        ])
        .answers::<View>(
            StatusCode::OK,
            "The attempt.",
            json!({ "transactionId": 1, "paymentRequestId": 7, "status": "paid" }),
        );
    Route::post("/payment-requests/{id}/payments", pay, operation)
}

async fn pay(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::call(&app, &parts, ScopeRule::Needs(access::WRITE)).await?;
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
        // Whoever pays hears of the final state when the tokens are dead on every node.
        let ended = match &outcome {
            Ok(PaymentOutcome::Attempted(transaction)) => transaction.status.leaves().is_final(),
            Ok(PaymentOutcome::Final) => true,
            _ => false,
        };
        if ended {
            services.records.settle().await;
        }
        outcome
    })
    .await?;
    match outcome {
        PaymentOutcome::Attempted(transaction) => {
            let view = View {
                transaction_id: transaction.id,
                payment_request_id: transaction.payment_request,
                status: transaction.status.as_str(),
            };
            Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
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
