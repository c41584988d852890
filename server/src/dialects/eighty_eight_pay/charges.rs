//! `POST /api/transactions/charges`.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::request::Parts;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::notification::Draft;
use super::{access, description, envelope};
use crate::app::App;
use crate::auth::{Authorized, FieldFault, Principal, Reason, Refusal};
use crate::dialects::{answer_created, first_answer, webhook_url, wire};
use crate::openapi::{Operation, Route};
use crate::payments::{Amount, Charge, Currency, NewCharge, is_country};
use crate::storage::Answered;
use crate::transport::{Members, idempotent_call, json_body};

/// The longest description and customer id, in characters.
const MAX_TEXT: usize = 255;
/// The longest method code, in characters.
const MAX_CODE: usize = 32;
/// Random bytes in the address of a payer's page.
const CHECKOUT_LEN: usize = 12;

/// A charge as it is asked for.
#[derive(JsonSchema)]
#[schemars(rename = "EightyEightPayChargeRequest")]
#[expect(dead_code, reason = "the schema of the members that are read one by one")]
struct Input {
    #[schemars(extend("const" = "PAYIN"))]
    flow: String,
    /// One of the merchant's methods.
    #[schemars(length(min = 1, max = MAX_CODE), regex(pattern = wire::TEXT))]
    method_code: String,
    #[schemars(length(max = MAX_CODE), regex(pattern = wire::TEXT))]
    method_category: Option<String>,
    amount: wire::AmountNumber,
    currency: wire::CurrencyCode,
    country: wire::CountryCode,
    #[schemars(length(max = Members::MAX_URL), regex(pattern = wire::WEBHOOK_URL))]
    notification_url: Option<String>,
    #[schemars(length(max = Members::MAX_URL), regex(pattern = wire::HTTPS_URL))]
    return_url: Option<String>,
    #[schemars(length(max = MAX_TEXT), regex(pattern = wire::TEXT))]
    customer_id: Option<String>,
    #[schemars(length(max = MAX_TEXT), regex(pattern = wire::TEXT))]
    description: Option<String>,
}

/// A charge as it stands on the wire.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EightyEightPayCharge")]
struct View<'a> {
    /// The payer's page.
    #[serde(rename = "urlCheckout")]
    url_checkout: String,
    #[schemars(regex(pattern = "^chg_[0-9]{6,}$"))]
    reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'a str>,
    #[schemars(with = "wire::CurrencyCode")]
    currency: &'static str,
    #[schemars(with = "wire::AmountNumber")]
    amount: Box<RawValue>,
}

const SCOPE: &str = "charges:write";

pub(super) fn route() -> Route {
    let asked =
        json!({ "flow": "PAYIN", "method_code": "CARDS", "amount": 50000, "currency": "COP", "country": "COL" });
    let data = json!({
        "urlCheckout": "https://pay.example/l/AAAAAAAAAAAAAAAA", "reference": "chg_000001", "currency": "COP",
        "amount": 50000,
    });
    let operation = Operation::new("eightyEightPayCreateCharge", "Create a charge", &description::SESSION_CALL)
        .needs(SCOPE)
        .json::<Input>(asked)
        .repeatable()
        .refuses([Reason::Unprocessable("method_not_available")])
        .answers::<envelope::Success<'_, View<'_>>>(
            StatusCode::OK,
            "The charge and the payer's page.",
            json!({ "status": "Success", "code": 200, "message": "Method processed", "data": data }),
        );
    Route::post("/api/transactions/charges", create, operation)
}

async fn create(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::by_session(&app, &parts, SCOPE, access::CHARGES).await?;
    let answer = charge(&app, &parts, body, &call, arrival.now).await;
    let answer = answer.map_err(|refusal| refusal.with_quota(Some(*call.quota())))?;
    Ok(envelope::with_quota(answer, call.quota()))
}

async fn charge(
    app: &App,
    parts: &Parts,
    body: Body,
    call: &Authorized,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    const ROUTE: &str = "POST /api/transactions/charges";
    let (members, bytes) = json_body(&parts.headers, body).await?;
    let principal = call.principal();
    let idempotent = idempotent_call(&parts.headers, ROUTE, &bytes, principal, &app.services.in_flight)?;
    if let Some(first) = first_answer(app, principal, idempotent.as_ref(), now).await? {
        return Ok(first);
    }
    let mut random = [0_u8; CHECKOUT_LEN];
    app.services.rng.fill(&mut random)?;
    let draft = draft(app, &members, now)?;
    let new = read(&members, principal, URL_SAFE_NO_PAD.encode(random), now)?;
    let base_url = &app.listener.base_url;
    let render = |made: &Charge| Answered {
        status: StatusCode::OK.as_u16(),
        body: view(made, base_url)
            .and_then(|view| serde_json::to_string(&envelope::Success::new("Method processed", view)).ok())
            .unwrap_or_default(),
    };
    let entry = idempotent.as_ref().map(|call| call.entry.clone());
    let notify = |made: &Charge| draft.of(made);
    let created = app.services.vault.create_charge(new, entry, &render, &notify).await?;
    app.services.webhooks.wake();
    answer_created(created)
}

fn draft(app: &App, members: &Members, now: OffsetDateTime) -> Result<Draft, Refusal> {
    let mut transaction = [0_u8; 16];
    app.services.rng.fill(&mut transaction)?;
    let message_id = app.services.webhooks.message_id(now)?;
    Ok(Draft { message_id, transaction, url: webhook_url(app, members, "notification_url")? })
}

fn read(members: &Members, principal: &Principal, checkout: String, now: OffsetDateTime) -> Result<NewCharge, Refusal> {
    let invalid = |name: &'static str| Refusal::field(name, FieldFault::Invalid);
    if members.required_string("flow", MAX_CODE)? != "PAYIN" {
        return Err(invalid("flow"));
    }
    let method_code = members.required_string("method_code", MAX_CODE)?;
    members.string("method_category", MAX_CODE)?;
    let amount = members.required_raw("amount")?;
    let currency = Currency::parse(&members.required_string("currency", 3)?).ok_or_else(|| invalid("currency"))?;
    let country = members.required_string("country", 3)?;
    if !is_country(&country) {
        return Err(invalid("country"));
    }
    members.https_url("return_url")?;
    let new = NewCharge {
        merchant: principal.merchant().id.clone(),
        mode: principal.mode(),
        amount: Amount::parse(amount, currency).ok_or_else(|| invalid("amount"))?,
        currency,
        country,
        customer_id: members.string("customer_id", MAX_TEXT)?,
        description: members.string("description", MAX_TEXT)?,
        checkout,
        created_at: now,
        method_code,
    };
    // The form of the body comes before what the merchant may do with it.
    if principal.merchant().methods.contains(&new.method_code) {
        Ok(new)
    } else {
        Err(Refusal::new(Reason::Unprocessable("method_not_available")))
    }
}

fn view<'a>(charge: &'a Charge, base_url: &str) -> Option<View<'a>> {
    let details = &charge.details;
    Some(View {
        url_checkout: format!("{base_url}/l/{}", details.checkout),
        reference: format!("chg_{:06}", charge.id),
        customer_id: details.customer_id.as_deref(),
        currency: details.currency.code(),
        amount: RawValue::from_string(details.amount.as_str().to_owned()).ok()?,
    })
}
