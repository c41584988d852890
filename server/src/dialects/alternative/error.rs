//! The errors outside `/oauth/…`: `code`, `message` and `validation_errors`.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::takes_access_token;
use crate::auth::{Fault, FieldFault, Reason, Refusal};
use crate::dialects::json::Json;
use crate::dialects::problem::{MemberFault, faults};

/// The body of a refusal.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AlternativeError")]
pub(super) struct Failure {
    #[schemars(regex(pattern = "^[a-z_]+$"))]
    code: &'static str,
    message: &'static str,
    /// What is wrong with which member.
    validation_errors: BTreeMap<String, MemberFault>,
}

/// Renders a refusal.
pub(super) fn refusal(refusal: &Refusal, path: &str) -> Response {
    let (status, code, mut message) = describe(refusal.reason());
    if let Reason::InvalidRequest(fields) = refusal.reason()
        && takes_access_token(path)
    {
        message = fields.first().and_then(|(member, fault)| id_message(member, *fault)).unwrap_or(message);
    }
    let body = Json(Failure { code, message, validation_errors: faults(refusal) });
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = match refusal.reason() {
            Reason::Unauthenticated(Fault::Missing) => "Bearer realm=\"alternative\"",
            _ => "Bearer realm=\"alternative\", error=\"invalid_token\"",
        };
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    response
}

/// The texts integrators match on.
fn id_message(member: &str, fault: FieldFault) -> Option<&'static str> {
    match (member, fault) {
        (_, FieldFault::NotAllowed) => None,
        ("invoice_id", _) => Some("invalid invoice id"),
        ("customer_id", _) => Some("invalid customer id"),
        _ => None,
    }
}

fn describe(reason: &Reason) -> (StatusCode, &'static str, &'static str) {
    use StatusCode as S;
    match reason {
        Reason::AmbiguousPath
        | Reason::InvalidRequest(_)
        | Reason::InvalidScope
        | Reason::RepeatedHeader(_)
        | Reason::SessionHeaderMissing(_)
        | Reason::Unprocessable(_)
        | Reason::UnsupportedGrantType => (S::BAD_REQUEST, "bad_request", "invalid request"),
        Reason::Unauthenticated(_) | Reason::SignatureInvalid | Reason::SignatureRequired => {
            (S::UNAUTHORIZED, "unauthorized", "authentication failed")
        }
        Reason::ScopeDenied | Reason::StepUpRequired => (S::FORBIDDEN, "forbidden", "not permitted"),
        Reason::OriginDenied => (S::FORBIDDEN, "origin_denied", "origin not allowed"),
        Reason::AccountSuspended => (S::FORBIDDEN, "account_suspended", "account suspended"),
        Reason::AccountNotVerified => (S::FORBIDDEN, "account_not_verified", "account not verified"),
        Reason::AddressNotAllowed => (S::FORBIDDEN, "ip_not_allowed", "address not allowed"),
        Reason::HttpsRequired => (S::FORBIDDEN, "https_required", "https required"),
        Reason::NotFound => (S::NOT_FOUND, "not_found", "not found"),
        Reason::MethodNotAllowed(_) => (S::METHOD_NOT_ALLOWED, "method_not_allowed", "method not allowed"),
        Reason::Conflict(_) => (S::CONFLICT, "invoice_not_payable", "invoice cannot be paid"),
        Reason::IdempotencyInProgress => (S::CONFLICT, "request_in_progress", "first request still running"),
        Reason::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "payload_too_large", "body too large"),
        Reason::UnsupportedMediaType => {
            (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "media type not supported")
        }
        Reason::IdempotencyMismatch => (S::UNPROCESSABLE_ENTITY, "idempotency_mismatch", "key used with another body"),
        Reason::RateLimited(_) => (S::TOO_MANY_REQUESTS, "rate_limited", "too many requests"),
        Reason::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "unavailable", "try again later"),
        Reason::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "internal error"),
    }
}
