//! `GET /main`: the page a shopper pays on, by itself or in a frame of the shop's page.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use tollgate_apikey::Mode;

use super::{TOKEN, access};
use crate::app::App;
use crate::assets::{CHECKOUT_SCRIPT, CHECKOUT_STYLE};
use crate::auth::{Fault, Reason, Refusal};
use crate::dialects::arrival;
use crate::payments::{PaymentRequest, PaymentRequestStatus, parse_id};
use crate::transport::Form;

/// The path of the page.
pub(super) const PATH: &str = "/main";

/// What can be chosen on the page; there is no acquirer behind this server, so live payments have no method.
const SAMPLE_METHODS: &[Method] = &[
    Method { kind: "card", token: "tok_test_visa", name: "Visa ending in 4242", note: "Is paid at once" },
    Method { kind: "bank_transfer", token: "tok_test_pending", name: "Bank transfer", note: "Is confirmed later" },
    Method { kind: "card", token: "tok_test_declined", name: "Mastercard ending in 0002", note: "Is declined" },
];

/// A way to pay, and the sample payment token that stands for it.
struct Method {
    kind: &'static str,
    token: &'static str,
    name: &'static str,
    note: &'static str,
}

/// What every page has: its style, its script, and what the script has to know.
struct Frame<'a> {
    style: &'static str,
    script: &'static str,
    request: i64,
    /// The origin that is told what happens; empty when there is none.
    target: &'a str,
    embedded: bool,
    success_url: &'a str,
    failure_url: &'a str,
}

#[derive(Template)]
#[template(path = "caibo/payment.html")]
struct PaymentPage<'a> {
    frame: Frame<'a>,
    merchant: &'a str,
    amount: String,
    unit: &'static str,
    reference: Option<&'a str>,
    seconds: i64,
    test: bool,
    pending: bool,
    methods: &'static [Method],
}

#[derive(Template)]
#[template(path = "caibo/over.html")]
struct OverPage<'a> {
    frame: Frame<'a>,
    merchant: &'a str,
}

#[derive(Template)]
#[template(path = "caibo/refused.html")]
struct RefusedPage {
    style: &'static str,
}

pub(super) async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let arrival = arrival(&parts)?;
    let gate = &app.services.gate;
    // Nothing of the query is repeated, not even that it is malformed: it holds the token.
    let query = Form::from_query(parts.uri.query().unwrap_or_default());
    let query = query.map_err(|_| gate.refuse(Fault::Malformed, &arrival))?;
    let missing = || gate.refuse(Fault::Missing, &arrival);
    let id = query.get("requestId").and_then(parse_id).ok_or_else(missing)?;
    let token = query.get("token").ok_or_else(missing)?;

    let visit = gate.visit(token, id, access::BROWSER_CALLS, &arrival).await?;
    let grant = visit.grant();
    let found = app.services.vault.payment_request(&grant.merchant, grant.mode, id).await?;
    let PaymentRequest { status, details, .. } = found.ok_or_else(|| gate.refuse(Fault::Unknown, &arrival))?;
    let origin = details.origin_domain.as_deref();
    let frame = Frame {
        style: CHECKOUT_STYLE.path(),
        script: CHECKOUT_SCRIPT.path(),
        request: id,
        target: origin.unwrap_or_default(),
        embedded: query.get("embedded") == Some("true"),
        success_url: details.success_url.as_deref().unwrap_or_default(),
        failure_url: details.failure_url.as_deref().unwrap_or_default(),
    };
    let merchant = &visit.merchant().name;
    if let Some(fault) = visit.over() {
        let mut response = page(StatusCode::UNAUTHORIZED, origin, &OverPage { frame, merchant })?;
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(TOKEN));
        response.extensions_mut().insert(Reason::Unauthenticated(fault));
        return Ok(response);
    }
    let test = grant.mode == Mode::Test;
    let payment = PaymentPage {
        frame,
        merchant,
        amount: details.amount.in_full(details.unit),
        unit: details.unit.code(),
        reference: details.reference_id.as_deref(),
        seconds: (grant.expires_at - arrival.now).whole_seconds(),
        test,
        pending: status == PaymentRequestStatus::Pending,
        methods: if test { SAMPLE_METHODS } else { &[] },
    };
    page(StatusCode::OK, origin, &payment)
}

/// Whether the bearer of the address is told nothing but that it does not open anything.
pub(super) fn hides(refusal: &Refusal) -> bool {
    matches!(refusal.reason(), Reason::Unauthenticated(_) | Reason::AccountSuspended | Reason::AccountNotVerified)
}

/// The neutral text, alike for every address that opens nothing.
pub(super) fn refused() -> Response {
    let refused = RefusedPage { style: CHECKOUT_STYLE.path() };
    let mut response = page(StatusCode::UNAUTHORIZED, None, &refused).unwrap_or_else(IntoResponse::into_response);
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(TOKEN));
    response
}

/// A page that only `origin` may embed.
fn page(status: StatusCode, origin: Option<&str>, template: &impl Template) -> Result<Response, Refusal> {
    let internal = || Refusal::new(Reason::Internal);
    let html = template.render().map_err(|_| internal())?;
    let ancestors = origin.unwrap_or("'none'");
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors {ancestors}"
    );
    let mut response = (status, html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy).map_err(|_| internal())?);
    if origin.is_none() {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    Ok(response)
}
