//! `POST /api/purchases/{purchase_uid}/release` and `/credit_by_transfer`.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::request::Parts;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{access, description, notification};
use crate::app::App;
use crate::auth::{FieldFault, Reason, Refusal};
use crate::dialects::json::Json;
use crate::dialects::{answer_created, first_answer};
use crate::openapi::{Operation, Route};
use crate::payments::parse_id;
use crate::storage::{Answered, Credit, CreditOutcome, NewCredit, ReleaseOutcome, SettledPurchase};
use crate::transport::{idempotent_call, json_body};

/// A released purchase.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PledgRelease")]
struct ReleaseView<'a> {
    uid: &'a str,
    #[schemars(extend("const" = "released"))]
    status: &'static str,
}

/// A transfer that came in.
#[derive(JsonSchema)]
#[schemars(rename = "PledgCreditRequest")]
#[expect(dead_code, reason = "the schema of the members that are read one by one")]
struct Input {
    /// At most what is not credited yet.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    amount_cents: i64,
}

/// What is credited now.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PledgCredit")]
struct CreditView<'a> {
    uid: &'a str,
    amount_cents: i64,
    credited_amount_cents: i64,
}

const UID: &str = "^pur_[0-9a-f-]{36}$";
const UID_EXAMPLE: &str = "pur_00000000-0000-4000-8000-000000000000";

pub(super) fn release_route() -> Route {
    let operation = Operation::new("pledgRelease", "Release an authorized purchase", &description::DASHBOARD_CALL)
        .path("uid", "The purchase.", UID, UID_EXAMPLE)
        .refuses([Reason::NotFound, Reason::Conflict("invalid_state")])
        .answers::<ReleaseView<'_>>(
            StatusCode::OK,
            "The purchase is released, now or since an earlier call.",
            json!({ "uid": UID_EXAMPLE, "status": "released" }),
        );
    Route::post("/api/purchases/{uid}/release", release, operation)
}

pub(super) fn credit_route() -> Route {
    let operation = Operation::new("pledgCreditByTransfer", "Book a transfer", &description::DASHBOARD_CALL)
        .path("uid", "The purchase.", UID, UID_EXAMPLE)
        .json::<Input>(json!({ "amount_cents": 100 }))
        .repeatable()
        .refuses([Reason::NotFound, Reason::Conflict("invalid_state")])
        .answers::<CreditView<'_>>(
            StatusCode::OK,
            "What is credited now.",
            json!({ "uid": UID_EXAMPLE, "amount_cents": 100, "credited_amount_cents": 100 }),
        );
    Route::post("/api/purchases/{uid}/credit_by_transfer", credit_by_transfer, operation)
}

async fn release(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, arrival) = access::by_dashboard(&app, &parts).await?;
    let (principal, uid) = (call.principal(), purchase_uid(&parts));
    let message_id = app.services.webhooks.message_id(arrival.now)?;
    let notify = |settled: &SettledPurchase| notification::released(settled, message_id.clone(), arrival.now);
    let outcome = app.services.purchases.release(&principal.merchant().id, principal.mode(), uid, &notify).await?;
    app.services.webhooks.wake();
    match outcome {
        ReleaseOutcome::Released => {
            let view = ReleaseView { uid, status: "released" };
            Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
        }
        ReleaseOutcome::InvalidState => Err(Refusal::new(Reason::Conflict("invalid_state"))),
        ReleaseOutcome::NotFound => Err(Refusal::new(Reason::NotFound)),
    }
}

async fn credit_by_transfer(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    const ROUTE: &str = "POST /api/purchases/{purchase_uid}/credit_by_transfer";
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::by_dashboard(&app, &parts).await?;
    let (members, bytes) = json_body(&parts.headers, body).await?;
    let (principal, uid) = (call.principal(), purchase_uid(&parts));
    // The purchase is part of what the key stands for: the same body for another one is another call.
    let compared = [uid.as_bytes(), b"\n", &bytes].concat();
    let idempotent = idempotent_call(&parts.headers, ROUTE, &compared, principal, &app.services.in_flight)?;
    if let Some(first) = first_answer(&app, principal, idempotent.as_ref(), arrival.now).await? {
        return Ok(first);
    }
    let credit = NewCredit {
        merchant: principal.merchant().id.clone(),
        mode: principal.mode(),
        uid: uid.to_owned(),
        amount_cents: cents(members.required_raw("amount_cents")?)
            .ok_or_else(|| Refusal::field("amount_cents", FieldFault::Invalid))?,
        now: arrival.now,
    };
    let render = |made: &Credit| Answered {
        status: StatusCode::OK.as_u16(),
        body: serde_json::to_string(&CreditView {
            uid: &made.uid,
            amount_cents: made.amount_cents,
            credited_amount_cents: made.credited_cents,
        })
        .unwrap_or_default(),
    };
    let entry = idempotent.as_ref().map(|call| call.entry.clone());
    let mut item = [0_u8; 16];
    app.services.rng.fill(&mut item)?;
    let message_id = app.services.webhooks.message_id(arrival.now)?;
    let merchant_uid = app.services.records.alias(&credit.merchant, credit.mode, "mer").await?;
    let amount_cents = credit.amount_cents;
    let notify = |settled: &SettledPurchase| {
        let merchant_uid = merchant_uid.as_deref();
        notification::credited(settled, amount_cents, merchant_uid, item, message_id.clone(), arrival.now)
    };
    let outcome = app.services.purchases.credit_by_transfer(credit, entry, &render, &notify).await?;
    app.services.webhooks.wake();
    match outcome {
        CreditOutcome::Booked(created) => answer_created(created),
        CreditOutcome::Exceeds => Err(Refusal::field("amount_cents", FieldFault::Invalid)),
        CreditOutcome::InvalidState => Err(Refusal::new(Reason::Conflict("invalid_state"))),
        CreditOutcome::NotFound => Err(Refusal::new(Reason::NotFound)),
    }
}

/// The uid in the path as it was sent: it has one spelling, and one with an escape is another.
fn purchase_uid(parts: &Parts) -> &str {
    parts.uri.path().split('/').nth(3).unwrap_or_default()
}

/// An amount in cents: a JSON integer from 1 to 2^53 − 1 in its one spelling, as an id is.
pub(super) fn cents(text: &str) -> Option<i64> {
    parse_id(text)
}
