//! RFC 9457 problem details with a `code`: the shape of Caibo and of paths that no dialect owns.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::auth::{FieldFault, Reason, Refusal};
use crate::dialects::json::Json;

/// A refusal (RFC 9457 §3.1) and the code to tell it by.
#[derive(Serialize, JsonSchema)]
pub(super) struct Problem {
    #[schemars(extend("const" = "about:blank"))]
    r#type: &'static str,
    title: &'static str,
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    #[schemars(regex(pattern = "^[a-z_]+$"))]
    code: &'static str,
    detail: &'static str,
    /// What is wrong with which member.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, MemberFault>,
}

/// What is wrong with a member.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MemberFault {
    Invalid,
    NotAllowed,
    Required,
}

impl From<FieldFault> for MemberFault {
    fn from(fault: FieldFault) -> Self {
        match fault {
            FieldFault::Invalid => Self::Invalid,
            FieldFault::NotAllowed => Self::NotAllowed,
            FieldFault::Required => Self::Required,
        }
    }
}

/// Renders a refusal; `challenges` go into `WWW-Authenticate` of a 401.
pub(super) fn render(refusal: &Refusal, challenges: &[&'static str]) -> Response {
    let (status, code, detail) = describe(refusal.reason());
    let body = Problem {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        code,
        detail,
        errors: faults(refusal),
    };
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if matches!(refusal.reason(), Reason::Unauthenticated(_)) {
        for challenge in challenges {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
    }
    response
}

/// What is wrong with which member, if the refusal is about members.
pub(super) fn faults(refusal: &Refusal) -> BTreeMap<String, MemberFault> {
    match refusal.reason() {
        Reason::InvalidRequest(fields) => {
            fields.iter().map(|(member, fault)| (member.to_string(), (*fault).into())).collect()
        }
        _ => BTreeMap::new(),
    }
}

fn describe(reason: &Reason) -> (StatusCode, &'static str, &'static str) {
    use StatusCode as S;
    match reason {
        Reason::AccountNotVerified => (S::FORBIDDEN, "account_not_verified", "The account is not verified."),
        Reason::AccountSuspended => (S::FORBIDDEN, "account_suspended", "The account is suspended."),
        Reason::AddressNotAllowed => (S::FORBIDDEN, "ip_not_allowed", "The address is not allowed."),
        Reason::AmbiguousPath => (S::BAD_REQUEST, "ambiguous_path", "The path is ambiguous."),
        Reason::Conflict("payment_in_progress") => (S::CONFLICT, "payment_in_progress", "A payment is in progress."),
        Reason::Conflict(_) => (S::CONFLICT, "payment_request_final", "The payment request is final."),
        Reason::HttpsRequired => (S::FORBIDDEN, "https_required", "HTTPS is required."),
        Reason::IdempotencyInProgress => {
            (S::CONFLICT, "idempotency_in_progress", "The first request is still running.")
        }
        Reason::IdempotencyMismatch => {
            (S::UNPROCESSABLE_ENTITY, "idempotency_mismatch", "The key was used with another body.")
        }
        Reason::InvalidRequest(_)
        | Reason::InvalidScope
        | Reason::SessionHeaderMissing(_)
        | Reason::Unprocessable(_)
        | Reason::UnsupportedGrantType => (S::BAD_REQUEST, "invalid_request", "The request is not valid."),
        Reason::MethodNotAllowed(_) => (S::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed."),
        Reason::NotFound => (S::NOT_FOUND, "not_found", "Not found."),
        Reason::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is too large."),
        Reason::RateLimited(_) => (S::TOO_MANY_REQUESTS, "rate_limited", "Too many requests."),
        Reason::RepeatedHeader(_) => {
            (S::BAD_REQUEST, "duplicate_header", "A credential header was sent more than once.")
        }
        Reason::OriginDenied | Reason::ScopeDenied => {
            (S::FORBIDDEN, "scope_denied", "The credential does not permit this request.")
        }
        Reason::StepUpRequired => (S::FORBIDDEN, "step_up_required", "Log in again for this action."),
        Reason::SignatureInvalid | Reason::SignatureRequired | Reason::Unauthenticated(_) => {
            (S::UNAUTHORIZED, "invalid_credentials", "Authentication failed.")
        }
        Reason::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "unavailable", "Try again later."),
        Reason::UnsupportedMediaType => {
            (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The media type is not supported.")
        }
        Reason::Internal => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error."),
    }
}
