//! The wire: one folder a dialect, each with its routes, its types, and how a refusal looks there.
//!
//! A further dialect is one more folder and one more line in [`ALL`].

pub mod alternative;
pub mod caibo;
pub mod cardpluspay;
mod client_credentials;
pub mod eighty_eight_pay;
mod json;
mod oauth;
pub mod pledg;
mod problem;
mod sdk;
mod shared;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::SchemaGenerator;
use time::OffsetDateTime;

use crate::app::App;
use crate::auth::{Arrival, FieldFault, Principal, Reason, Refusal};
use crate::openapi::{self, Document, Renderer, Routes};
use crate::storage::Created;
use crate::transport::{IdempotentCall, Members};

/// Every dialect this server can speak.
pub const ALL: &[&dyn Dialect] = &[
    &alternative::Alternative::STANDARD,
    &caibo::Caibo,
    &cardpluspay::CardPlusPay,
    &eighty_eight_pay::EightyEightPay,
    &pledg::Pledg,
];

/// One vendor's wire behaviour.
pub trait Dialect: Send + Sync {
    /// The name in logs and settings.
    fn name(&self) -> &'static str;
    /// Whether a raw path belongs to it; no path belongs to two dialects.
    fn owns(&self, path: &str) -> bool;
    /// Whether a listener for both modes can serve it; its tokens must not belong to the listener's one mode (rule A4).
    fn fits_any_mode(&self) -> bool {
        false
    }
    /// Its routes, each with its description.
    fn routes(&self) -> Routes;
    /// Its pages for browsers, which are no part of the described API.
    fn pages(&self) -> Router<App> {
        Router::new()
    }
    /// How a refusal of a request to `path` looks; `Allow`, `Retry-After` and `Connection` are added to it.
    fn render(&self, refusal: &Refusal, path: &str) -> Response;
}

/// Every route of these dialects, those that belong to no dialect, and the one that describes them all; those under a
/// path of a dialect that is not there are not there either.
#[must_use]
pub fn routes(dialects: &[&'static dyn Dialect], base_url: &str) -> Routes {
    let described = (Arc::<[&'static dyn Dialect]>::from(dialects), base_url.to_owned());
    let description = openapi::endpoint(&shared::PUBLIC, move || document(&described.0, &described.1));
    let has_oauth = dialects.iter().any(|dialect| dialect.owns("/oauth/introspect"));
    let shared = if has_oauth { shared::routes().merge(oauth::routes()) } else { shared::routes() };
    dialects.iter().fold(shared.merge(description), |all, dialect| all.merge(dialect.routes()))
}

/// Every page of these dialects, and the files that pages load; they are no part of the described API.
pub(crate) fn pages(dialects: &[&'static dyn Dialect]) -> Router<App> {
    dialects.iter().fold(sdk::routes(), |all, dialect| all.merge(dialect.pages()))
}

/// The description of [`routes`] (OpenAPI 3.1).
#[must_use]
pub fn document(dialects: &[&'static dyn Dialect], base_url: &str) -> Document {
    let render = |refusal: &Refusal, path: &str| render(dialects, refusal, path);
    let renderer = Renderer { refusal: &render, unowned: SchemaGenerator::subschema_for::<problem::Problem> };
    routes(dialects, base_url).document(base_url, renderer)
}

/// Renders a refusal in the shape of the dialect that owns the path, else as problem details.
pub(crate) fn render(dialects: &[&'static dyn Dialect], refusal: &Refusal, path: &str) -> Response {
    let ambiguous = matches!(refusal.reason(), Reason::AmbiguousPath);
    let mut response = match dialects.iter().find(|dialect| dialect.owns(path)) {
        Some(dialect) if !ambiguous => dialect.render(refusal, path),
        _ => problem::render(refusal, &[]),
    };
    add_common_headers(response.headers_mut(), refusal.reason());
    response
}

/// The headers that all refusals have alike, of whatever shape.
pub(crate) fn add_common_headers(headers: &mut HeaderMap, reason: &Reason) {
    match reason {
        Reason::MethodNotAllowed(allow) => {
            headers.extend(HeaderValue::from_str(allow).ok().map(|value| (ALLOW, value)));
        }
        Reason::RateLimited(seconds) | Reason::Unavailable(seconds) => {
            headers.insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        Reason::HttpsRequired => {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
}

/// When and from where a request came, as the edge noted it.
fn arrival(parts: &http::request::Parts) -> Result<Arrival, Refusal> {
    // Without the edge there is no decision to be had.
    parts.extensions.get::<Arrival>().copied().ok_or_else(|| Refusal::new(Reason::Internal))
}

/// A member with the target of an object's webhooks; a URL that deliveries do not go to is invalid.
fn webhook_url(app: &App, members: &Members, name: &'static str) -> Result<Option<String>, Refusal> {
    match members.string(name, Members::MAX_URL)? {
        Some(url) if !app.services.webhooks.accepts(&url) => Err(Refusal::field(name, FieldFault::Invalid)),
        url => Ok(url),
    }
}

/// The first answer to a repeated call; it comes before the form of the body is looked at.
async fn first_answer(
    app: &App,
    principal: &Principal,
    call: Option<&IdempotentCall>,
    now: OffsetDateTime,
) -> Result<Option<Response>, Refusal> {
    let Some(call) = call else { return Ok(None) };
    let merchant = &principal.merchant().id;
    let first = app.services.vault.answered(merchant, principal.mode(), &call.entry, now).await?;
    first.map(answer_created).transpose()
}

/// The answer of a creating call, new or repeated.
fn answer_created(created: Created) -> Result<Response, Refusal> {
    let (answer, replayed) = match created {
        Created::New(answer) => (answer, false),
        Created::Replayed(answer) => (answer, true),
        Created::Mismatch => return Err(Refusal::new(Reason::IdempotencyMismatch)),
    };
    let status = StatusCode::from_u16(answer.status).map_err(|_| Refusal::new(Reason::Internal))?;
    let mut response =
        (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], answer.body).into_response();
    if replayed {
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}
