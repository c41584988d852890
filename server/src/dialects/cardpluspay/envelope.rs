//! The envelope of every answer: `success`, `message` and `data`. No answer may be stored by a cache.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::auth::{FieldFault, Reason, Refusal};
use crate::dialects::json::Json;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// The body of a success.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}Envelope")]
pub(super) struct Envelope<'a, T> {
    #[schemars(extend("const" = true))]
    success: bool,
    message: &'a str,
    data: T,
}

/// The body of a refusal.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CardPlusPayError")]
pub(super) struct Failure {
    #[schemars(extend("const" = false))]
    success: bool,
    message: &'static str,
    data: Details,
}

/// What to tell a refusal by.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CardPlusPayErrorDetails")]
struct Details {
    #[schemars(regex(pattern = "^[a-z_]+$"))]
    code: &'static str,
    /// What is wrong with which member.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, MemberFault>,
}

/// What is wrong with a member.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CardPlusPayMemberFault")]
enum MemberFault {
    Invalid,
    Required,
}

/// A successful answer.
pub(super) fn success<T: Serialize>(status: StatusCode, message: &str, data: T) -> Response {
    let body = Json(Envelope { success: true, message, data });
    (status, [(CACHE_CONTROL, NO_STORE)], body).into_response()
}

/// The refusal that names every wrong member of these.
pub(super) fn all_of(refusals: impl IntoIterator<Item = Option<Refusal>>) -> Refusal {
    let mut all = Vec::new();
    for refusal in refusals.into_iter().flatten() {
        match refusal.reason() {
            Reason::InvalidRequest(fields) => all.extend_from_slice(fields),
            _ => return refusal,
        }
    }
    Refusal::new(Reason::InvalidRequest(all))
}

/// Renders a refusal.
pub(super) fn refusal(refusal: &Refusal) -> Response {
    let (status, message, code) = describe(refusal.reason());
    let body = Failure { success: false, message, data: Details { code, errors: errors(refusal.reason()) } };
    let mut response = (status, [(CACHE_CONTROL, NO_STORE)], Json(body)).into_response();
    let headers = response.headers_mut();
    match refusal.reason() {
        Reason::Unauthenticated(_) => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("ApiKey realm=\"cardpluspay\""));
        }
        Reason::SignatureInvalid | Reason::SignatureRequired => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Signature-Challenge realm=\"cardpluspay\""));
        }
        _ => {}
    }
    response
}

fn errors(reason: &Reason) -> BTreeMap<String, MemberFault> {
    let fault = |fault: FieldFault| match fault {
        FieldFault::Invalid | FieldFault::NotAllowed => MemberFault::Invalid,
        FieldFault::Required => MemberFault::Required,
    };
    match reason {
        Reason::InvalidRequest(fields) => {
            fields.iter().map(|(member, known)| (member.to_string(), fault(*known))).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn describe(reason: &Reason) -> (StatusCode, &'static str, &'static str) {
    use StatusCode as S;
    match reason {
        Reason::RepeatedHeader(_) => (S::BAD_REQUEST, "Duplicate header", "duplicate_header"),
        Reason::InvalidRequest(fields) if !fields.is_empty() => {
            (S::UNPROCESSABLE_ENTITY, "Validation failed", "validation_failed")
        }
        Reason::AmbiguousPath
        | Reason::InvalidRequest(_)
        | Reason::InvalidScope
        | Reason::SessionHeaderMissing(_)
        | Reason::UnsupportedGrantType => (S::BAD_REQUEST, "Invalid request", "invalid_request"),
        Reason::Unprocessable("out_of_stock") => (S::BAD_REQUEST, "Out of stock", "out_of_stock"),
        Reason::Unprocessable(_) => (S::BAD_REQUEST, "Insufficient balance", "insufficient_balance"),
        Reason::Unauthenticated(_) => (S::UNAUTHORIZED, "Unauthorized", "unauthorized"),
        Reason::SignatureRequired => {
            (S::UNAUTHORIZED, "Missing X-API-Challenge or X-API-Signature", "signature_required")
        }
        Reason::SignatureInvalid => (S::UNAUTHORIZED, "Signature verification failed", "signature_invalid"),
        Reason::AccountSuspended => (S::FORBIDDEN, "Account suspended", "account_suspended"),
        Reason::AccountNotVerified => (S::FORBIDDEN, "Account not verified", "account_not_verified"),
        Reason::AddressNotAllowed => (S::FORBIDDEN, "IP not allowed", "ip_not_allowed"),
        Reason::OriginDenied | Reason::ScopeDenied | Reason::StepUpRequired => {
            (S::FORBIDDEN, "Permission denied", "scope_denied")
        }
        Reason::HttpsRequired => (S::FORBIDDEN, "HTTPS required", "https_required"),
        Reason::NotFound => (S::NOT_FOUND, "Not found", "not_found"),
        Reason::MethodNotAllowed(_) => (S::METHOD_NOT_ALLOWED, "Method not allowed", "method_not_allowed"),
        Reason::Conflict(_) | Reason::IdempotencyInProgress => {
            (S::CONFLICT, "Request in progress", "idempotency_in_progress")
        }
        Reason::IdempotencyMismatch => (S::UNPROCESSABLE_ENTITY, "Idempotency key reused", "idempotency_mismatch"),
        Reason::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "Payload too large", "payload_too_large"),
        Reason::UnsupportedMediaType => (S::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type", "unsupported_media_type"),
        Reason::RateLimited(_) => (S::TOO_MANY_REQUESTS, "Too many requests", "rate_limited"),
        Reason::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "Service unavailable", "unavailable"),
        Reason::Internal => (S::INTERNAL_SERVER_ERROR, "Internal error", "internal"),
    }
}
