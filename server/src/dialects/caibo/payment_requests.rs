//! `POST /payment-requests`, `GET /payment-requests/{id}` and its `/status`.

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{access, description};
use crate::app::{App, Listener};
use crate::auth::{Authorized, FieldFault, Principal, Reason, Refusal, ScopeRule};
use crate::dialects::json::Json;
use crate::dialects::{answer_created, first_answer, webhook_url, wire};
use crate::openapi::{Operation, Route};
use crate::payments::{Amount, Currency, NewPaymentRequest, PaymentRequest, parse_id};
use crate::storage::Answered;
use crate::transport::{Members, idempotent_call, json_body};

/// The longest host name, in bytes (RFC 1035 §2.3.4).
const MAX_HOST: usize = 253;
/// The longest reference, in characters.
const MAX_REFERENCE: usize = 255;

/// A payment request as it is asked for.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CaiboPaymentRequestRequest")]
#[expect(dead_code, reason = "the schema of the members that are read one by one")]
struct Input {
    amount: wire::AmountNumber,
    unit: wire::CurrencyCode,
    #[schemars(length(max = MAX_REFERENCE), regex(pattern = wire::TEXT))]
    reference_id: Option<String>,
    #[schemars(length(max = Members::MAX_URL), regex(pattern = wire::WEBHOOK_URL))]
    notify_url: Option<String>,
    #[schemars(length(max = Members::MAX_URL), regex(pattern = wire::HTTPS_URL))]
    success_url: Option<String>,
    #[schemars(length(max = Members::MAX_URL), regex(pattern = wire::HTTPS_URL))]
    failure_url: Option<String>,
    /// One of the merchant's registered origins, `host[:port]` or `https://host[:port]`.
    #[schemars(length(max = MAX_HOST), regex(pattern = "^(https://)?[A-Za-z0-9.-]+(:[0-9]+)?$"))]
    origin_domain: Option<String>,
    /// Anything about the payer; kept and not shown.
    client: Option<Map<String, Value>>,
}

/// A payment request as it stands on the wire; what is absent is left out.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CaiboPaymentRequest")]
struct View<'a> {
    id: i64,
    #[schemars(with = "wire::AmountNumber")]
    amount: Box<RawValue>,
    #[schemars(with = "wire::CurrencyCode")]
    unit: &'static str,
    #[schemars(extend("enum" = STATUSES))]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_domain: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<wire::Timestamp>")]
    created_at: Option<String>,
}

/// How a payment request stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CaiboPaymentRequestStatus")]
struct StatusView {
    id: i64,
    #[schemars(extend("enum" = STATUSES))]
    status: &'static str,
}

const STATUSES: [&str; 5] = ["cancelled", "expired", "paid", "pending", "unpaid"];

pub(super) fn create_route() -> Route {
    let operation = Operation::new("caiboCreatePaymentRequest", "Create a payment request", &description::KEY_CALL)
        .needs(access::WRITE)
        .json::<Input>(json!({ "amount": 49.90, "unit": "EUR", "referenceId": "order-4711" }))
        .repeatable()
        .refuses([Reason::InvalidRequest(vec![("amount".into(), FieldFault::Required)])])
        .answers::<View<'_>>(StatusCode::CREATED, "The payment request.", example());
    Route::post("/payment-requests", create, operation)
}

pub(super) fn show_route() -> Route {
    let operation = Operation::new("caiboShowPaymentRequest", "Show a payment request", &description::PAGE_CALL)
        .described("A payment page sees neither origin nor notification address nor time.")
        .needs(access::READ)
        .path("id", "The payment request.", wire::ID, "7")
        .refuses([Reason::NotFound])
        .answers::<View<'_>>(StatusCode::OK, "The payment request.", example());
    Route::get("/payment-requests/{id}", show, operation)
}

pub(super) fn status_route() -> Route {
    let operation = Operation::new("caiboShowStatus", "Show how a payment request stands", &description::PAGE_CALL)
        .needs(access::READ)
        .path("id", "The payment request.", wire::ID, "7")
        .refuses([Reason::NotFound])
        .answers::<StatusView>(StatusCode::OK, "The status.", json!({ "id": 7, "status": "unpaid" }));
    Route::get("/payment-requests/{id}/status", status, operation)
}

fn example() -> Value {
    json!({
        "id": 7, "amount": 49.90, "unit": "EUR", "status": "unpaid", "referenceId": "order-4711",
        "createdAt": "2026-01-01T00:00:00Z",
    })
}

async fn create(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    const ROUTE: &str = "POST /payment-requests";
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::call(&app, &parts, ScopeRule::Needs(access::WRITE)).await?;
    call.server_call()?;
    let (members, bytes) = json_body(&parts.headers, body).await?;
    let principal = call.principal();
    let idempotent = idempotent_call(&parts.headers, ROUTE, &bytes, principal, &app.services.in_flight)?;
    if let Some(first) = first_answer(&app, principal, idempotent.as_ref(), arrival.now).await? {
        return Ok(first);
    }
    let notify_url = webhook_url(&app, &members, "notifyUrl")?;
    let new = read(&members, principal, &app.listener, notify_url, arrival.now)?;
    let render = |made: &PaymentRequest| Answered {
        status: StatusCode::CREATED.as_u16(),
        body: full(made).and_then(|view| serde_json::to_string(&view).ok()).unwrap_or_default(),
    };
    let entry = idempotent.as_ref().map(|call| call.entry.clone());
    let created = app.services.vault.create_payment_request(new, entry, &render).await?;
    answer_created(created)
}

async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, _) = access::call(&app, &parts, ScopeRule::Needs(access::READ)).await?;
    let found = find(&app, &call, access::path_id(&parts)).await?;
    let view = if call.permit().is_some() { reduced(&found) } else { full(&found) };
    let view = view.ok_or_else(|| Refusal::new(Reason::Internal))?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

async fn status(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, _) = access::call(&app, &parts, ScopeRule::Needs(access::READ)).await?;
    let found = find(&app, &call, access::path_id(&parts)).await?;
    let view = StatusView { id: found.id, status: found.status.as_str() };
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// The caller's own request; any other one does not exist.
pub(super) async fn find(app: &App, call: &Authorized, id: &str) -> Result<PaymentRequest, Refusal> {
    let id = parse_id(id).ok_or_else(|| Refusal::new(Reason::NotFound))?;
    let principal = call.principal();
    let found = app.services.vault.payment_request(&principal.merchant().id, principal.mode(), id).await?;
    found.ok_or_else(|| Refusal::new(Reason::NotFound))
}

fn read(
    members: &Members,
    principal: &Principal,
    listener: &Listener,
    notify_url: Option<String>,
    now: OffsetDateTime,
) -> Result<NewPaymentRequest, Refusal> {
    let invalid = |name: &'static str| Refusal::field(name, FieldFault::Invalid);
    let amount = members.required_raw("amount")?;
    let unit = Currency::parse(&members.required_string("unit", 3)?).ok_or_else(|| invalid("unit"))?;
    let origin_domain = match members.string("originDomain", Members::MAX_URL)? {
        None => None,
        Some(text) => {
            let origin = origin(&text).or_else(|| local_origin(&text, &listener.base_url));
            let origin = origin.ok_or_else(|| invalid("originDomain"))?;
            let registered = principal.merchant().domains.contains(&origin);
            Some(registered.then_some(origin).ok_or_else(|| invalid("originDomain"))?)
        }
    };
    Ok(NewPaymentRequest {
        merchant: principal.merchant().id.clone(),
        mode: principal.mode(),
        amount: Amount::parse(amount, unit).ok_or_else(|| invalid("amount"))?,
        unit,
        reference_id: members.string("referenceId", MAX_REFERENCE)?,
        notify_url,
        success_url: members.https_url("successUrl")?,
        failure_url: members.https_url("failureUrl")?,
        origin_domain,
        client: members.object("client")?,
        created_at: now,
    })
}

/// `host[:port]` or `https://host[:port]` as an origin; nothing else.
fn origin(text: &str) -> Option<String> {
    let authority = text.strip_prefix("https://").unwrap_or(text);
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let port_fits = |port: &str| !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok();
    let fits = host.len() <= MAX_HOST && host.split('.').all(label) && port.is_none_or(port_fits);
    fits.then(|| format!("https://{}", authority.to_ascii_lowercase()))
}

/// The origin of a shop that is tried out on this machine, `http://` and a loopback address with its port.
///
/// It counts only on a listener whose own base URL is plain HTTP, as those of `dev` are, and like every origin only if
/// it is registered, which only `dev` does for its own shop.
fn local_origin(text: &str, base_url: &str) -> Option<String> {
    let address: SocketAddr = text.strip_prefix("http://")?.parse().ok()?;
    let fits = base_url.starts_with("http://") && address.ip().is_loopback() && address.port() != 80;
    (fits && text == format!("http://{address}")).then(|| text.to_owned())
}

fn full(request: &PaymentRequest) -> Option<View<'_>> {
    let details = &request.details;
    Some(View {
        origin_domain: details.origin_domain.as_deref(),
        notify_url: details.notify_url.as_deref(),
        created_at: Some(details.created_at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()?),
        ..reduced(request)?
    })
}

/// What a payment page may know.
fn reduced(request: &PaymentRequest) -> Option<View<'_>> {
    let details = &request.details;
    Some(View {
        id: request.id,
        amount: RawValue::from_string(details.amount.as_str().to_owned()).ok()?,
        unit: details.unit.code(),
        status: request.status.as_str(),
        reference_id: details.reference_id.as_deref(),
        origin_domain: None,
        notify_url: None,
        success_url: details.success_url.as_deref(),
        failure_url: details.failure_url.as_deref(),
        created_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::{local_origin, origin};

    #[test]
    fn reads_origins_and_nothing_else() {
        let table = [
            ("shop.example", Some("https://shop.example")),
            ("https://Shop.example", Some("https://shop.example")),
            ("shop.example:8443", Some("https://shop.example:8443")),
            ("http://shop.example", None),
            ("https://shop.example/", None),
            ("https://shop.example/x", None),
            ("user@shop.example", None),
            ("*.shop.example", None),
            ("shop.example:99999", None),
            ("shop.example:0443", None),
            ("shop.example:+443", None),
            ("shop.example:", None),
            ("shop.example:1:2", None),
            ("shop..example", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(origin(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_plain_origin_counts_on_this_machine_and_on_a_plain_listener_only() {
        let dev = "http://127.0.0.1:8080";
        for text in ["http://127.0.0.1:8082", "http://[::1]:8082"] {
            assert_eq!(local_origin(text, dev).as_deref(), Some(text));
            assert_eq!(local_origin(text, "https://pay.example"), None, "{text} on a listener with TLS");
        }
        for text in [
            "127.0.0.1:8082",
            "https://127.0.0.1:8082",
            "http://127.0.0.1",
            "http://127.0.0.1:80",
            "http://127.0.0.1:8082/",
            "http://127.0.0.1:08082",
            "http://localhost:8082",
            "http://192.0.2.1:8082",
            "http://[::ffff:127.0.0.1]:8082",
            "http://127.0.0.1:8082@shop.example",
        ] {
            assert_eq!(local_origin(text, dev), None, "{text}");
        }
    }
}
