//! `POST /api/purchase_link?signature=…`: the signed payload is the request.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, REFERRER_POLICY};
use ring::digest::{SHA256, digest};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Builder;

use super::purchases::cents;
use super::{access, answer, description};
use crate::account::EmailAddress;
use crate::app::App;
use crate::auth::{FieldFault, Principal, Reason, Refusal};
use crate::dialects::json::Json;
use crate::dialects::webhook_url;
use crate::openapi::{Operation, Route};
use crate::payments::{Currency, Purchase};
use crate::storage::LinkOutcome;
use crate::transport::Members;

/// The longest reference, in characters.
const MAX_REFERENCE: usize = 255;
/// The longest other text, in characters.
const MAX_TEXT: usize = 255;
/// The longest phone number, in characters.
const MAX_PHONE: usize = 32;
/// Characters in the address of a payer's page.
const LINK_LEN: usize = 16;

/// A purchase and where its payer goes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PledgLink")]
struct View<'a> {
    uid: &'a str,
    reference: &'a str,
    url: String,
}

pub(super) fn route(path: &'static str, id: &'static str) -> Route {
    let example = json!({
        "uid": "pur_00000000-0000-4000-8000-000000000000", "reference": "order-4711",
        "url": "https://pay.example/p/AAAAAAAAAAAAAAAA",
    });
    let operation = Operation::new(id, "Open a purchase by a signed request", &description::SIGNED_CALL)
        .described(
            "The payload of the signature holds `data` with `merchantUid`, `amountCents`, `currency`, `title`, \
             `reference` and `email`. Nothing else may stand in the query once it holds a signature.",
        )
        .refuses([Reason::InvalidRequest(Vec::new()), Reason::Conflict("reference_completed")])
        .answers::<View<'_>>(StatusCode::OK, "The purchase, new or of the same payload.", example);
    Route::post(path, open, operation)
}

async fn open(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, signed, arrival) = access::by_signature(&app, &parts).await?;
    let new = read(&app, &signed, call.principal(), arrival.now)?;
    let purchase = match app.services.purchases.open_link(new, &signed).await? {
        LinkOutcome::Open(purchase) => purchase,
        LinkOutcome::Authorized => return Err(Refusal::new(Reason::Conflict("invalid_state"))),
        LinkOutcome::ReferenceCompleted => return Err(Refusal::new(Reason::Conflict("reference_completed"))),
    };
    let url = format!("{}/p/{}", app.listener.base_url, purchase.link);
    let view = View { uid: &purchase.uid, reference: &purchase.reference, url };
    let headers = [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, answer::NO_REFERRER)];
    Ok((headers, Json(view)).into_response())
}

fn read(app: &App, signed: &str, principal: &Principal, now: OffsetDateTime) -> Result<Purchase, Refusal> {
    let invalid = |name: &'static str| Refusal::field(name, FieldFault::Invalid);
    let payload = Members::parse(signed.as_bytes())?;
    let data = Members::parse(payload.required_raw("data")?.as_bytes())?;
    let amount_cents = cents(data.required_raw("amountCents")?).ok_or_else(|| invalid("amountCents"))?;
    let currency = Currency::parse(&data.required_string("currency", 3)?).ok_or_else(|| invalid("currency"))?;
    data.required_string("title", MAX_TEXT)?;
    let reference = data.required_string("reference", MAX_REFERENCE)?;
    if !is_address(&data.required_string("email", EmailAddress::MAX_LEN)?) {
        return Err(invalid("email"));
    }
    for name in ["firstName", "lastName"] {
        data.string(name, MAX_TEXT)?;
    }
    for name in ["redirectUrl", "cancelUrl"] {
        data.https_url(name)?;
    }
    webhook_url(app, &data, "paymentNotificationUrl")?;
    data.object("metadata")?;
    if let Some(settings) = payload.object("purchase_link_settings")? {
        check_settings(&Members::parse(settings.as_bytes())?)?;
    }

    let rng = &app.services.rng;
    let mut payload_digest = [0; 32];
    payload_digest.copy_from_slice(digest(&SHA256, signed.as_bytes()).as_ref());
    let mut random = [0_u8; 16];
    rng.fill(&mut random)?;
    Ok(Purchase {
        uid: format!("pur_{}", Builder::from_random_bytes(random).into_uuid().hyphenated()),
        merchant: principal.merchant().id.clone(),
        mode: principal.mode(),
        reference,
        amount_cents,
        credited_cents: 0,
        currency: currency.code().to_owned(),
        status: "open".to_owned(),
        payload_digest,
        link: rng.base62(LINK_LEN)?.to_string(),
        created_at: now,
    })
}

/// How the link is to be sent; this sample sends nothing.
fn check_settings(settings: &Members) -> Result<(), Refusal> {
    let invalid = |name: &'static str| Refusal::field(name, FieldFault::Invalid);
    for name in ["send_email", "send_sms"] {
        if !matches!(settings.raw(name), None | Some("true" | "false")) {
            return Err(invalid(name));
        }
    }
    if settings.string("email", EmailAddress::MAX_LEN)?.is_some_and(|email| !is_address(&email)) {
        return Err(invalid("email"));
    }
    settings.string("phone_number", MAX_PHONE)?;
    Ok(())
}

/// Something on both sides of one `@`; whether mail arrives there only mail can tell.
fn is_address(text: &str) -> bool {
    let blank = text.chars().any(char::is_whitespace);
    !blank
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}
