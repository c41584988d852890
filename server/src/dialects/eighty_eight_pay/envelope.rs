//! The envelope of every answer: `status`, `code`, `message`, and `data` on success.

use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::auth::{Fault, Reason, Refusal};
use crate::dialects::json::Json;
use crate::limits::Quota;

/// A successful body.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Envelope")]
pub(super) struct Success<'a, T> {
    #[schemars(extend("const" = "Success"))]
    status: &'static str,
    #[schemars(extend("const" = 200))]
    code: u16,
    message: &'a str,
    data: T,
}

/// The body of a refusal.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EightyEightPayError")]
pub(super) struct Failure {
    #[schemars(extend("const" = "Error"))]
    status: &'static str,
    /// The status of the answer.
    #[schemars(range(min = 400, max = 599))]
    code: u16,
    message: String,
    /// Seconds to wait, with 429.
    #[schemars(range(min = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
}

impl<'a, T> Success<'a, T> {
    pub(super) fn new(message: &'a str, data: T) -> Self {
        Self { status: "Success", code: StatusCode::OK.as_u16(), message, data }
    }
}

/// Adds how the caller's quota stands.
pub(super) fn with_quota(mut response: Response, quota: &Quota) -> Response {
    insert_quota(response.headers_mut(), quota);
    response
}

/// Renders a refusal.
pub(super) fn refusal(refusal: &Refusal, path: &str) -> Response {
    let (status, message) = describe(refusal.reason(), path);
    let retry_after = match refusal.reason() {
        Reason::RateLimited(seconds) => Some(*seconds),
        _ => None,
    };
    let body = Failure { status: "Error", code: status.as_u16(), message, retry_after };
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    if let Some(quota) = refusal.quota() {
        insert_quota(headers, quota);
    }
    match refusal.reason() {
        Reason::Unauthenticated(fault) => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge(*fault, path)));
        }
        Reason::RateLimited(_) => {
            headers.insert(REMAINING, HeaderValue::from(0));
        }
        _ => {}
    }
    response
}

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

fn insert_quota(headers: &mut HeaderMap, quota: &Quota) {
    headers.insert(LIMIT, HeaderValue::from(quota.limit));
    headers.insert(REMAINING, HeaderValue::from(quota.remaining));
    headers.insert(RESET, HeaderValue::from(quota.reset_s()));
}

/// The route that takes the API key; every other one takes the token.
fn takes_key(path: &str) -> bool {
    path == "/api/auth/token"
}

fn challenge(fault: Fault, path: &str) -> &'static str {
    if takes_key(path) {
        "ApiKey realm=\"88pay\""
    } else if fault == Fault::Missing {
        "Bearer realm=\"88pay\""
    } else {
        "Bearer realm=\"88pay\", error=\"invalid_token\""
    }
}

fn describe(reason: &Reason, path: &str) -> (StatusCode, String) {
    use StatusCode as S;
    let (status, message) = match reason {
        Reason::SessionHeaderMissing(name) => return (S::BAD_REQUEST, format!("Missing required header: {name}")),
        Reason::RepeatedHeader(name) => return (S::BAD_REQUEST, format!("Duplicate header: {name}")),
        Reason::InvalidRequest(_) | Reason::AmbiguousPath | Reason::InvalidScope | Reason::UnsupportedGrantType => {
            (S::BAD_REQUEST, "Invalid request")
        }
        Reason::Unauthenticated(_) | Reason::SignatureInvalid | Reason::SignatureRequired if takes_key(path) => {
            (S::UNAUTHORIZED, "Invalid API key or merchant ID")
        }
        Reason::Unauthenticated(_) | Reason::SignatureInvalid | Reason::SignatureRequired => {
            (S::UNAUTHORIZED, "Unauthorized")
        }
        Reason::AccountSuspended => (S::FORBIDDEN, "Account suspended"),
        Reason::AccountNotVerified => (S::FORBIDDEN, "Account not verified"),
        Reason::AddressNotAllowed => (S::FORBIDDEN, "IP not allowed"),
        Reason::OriginDenied | Reason::ScopeDenied | Reason::StepUpRequired => (S::FORBIDDEN, "Permission denied"),
        Reason::HttpsRequired => (S::FORBIDDEN, "HTTPS required"),
        Reason::NotFound => (S::NOT_FOUND, "Not found"),
        Reason::MethodNotAllowed(_) => (S::METHOD_NOT_ALLOWED, "Method not allowed"),
        Reason::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "Payload too large"),
        Reason::UnsupportedMediaType => (S::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type"),
        Reason::IdempotencyInProgress | Reason::Conflict(_) => (S::CONFLICT, "Request in progress"),
        Reason::IdempotencyMismatch => (S::UNPROCESSABLE_ENTITY, "Idempotency key reused"),
        Reason::Unprocessable(_) => (S::UNPROCESSABLE_ENTITY, "Method not available"),
        Reason::RateLimited(_) => (S::TOO_MANY_REQUESTS, "Rate limit exceeded. Please try again later."),
        Reason::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "Service unavailable"),
        Reason::Internal => (S::INTERNAL_SERVER_ERROR, "Internal error"),
    };
    (status, message.to_owned())
}
