//! The errors of `/oauth/…` (RFC 6749 §5.2).

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::auth::{Reason, Refusal};
use crate::dialects::json::Json;

/// The body of a refusal.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OauthError")]
pub(in crate::dialects) struct Failure {
    #[schemars(regex(pattern = "^[a-z_]+$"))]
    pub(in crate::dialects) error: &'static str,
    pub(in crate::dialects) error_description: &'static str,
}

/// Renders a refusal of a request to `/oauth/…`.
pub(in crate::dialects) fn refusal(refusal: &Refusal) -> Response {
    let (status, error, description) = describe(refusal.reason());
    let body = Json(Failure { error, error_description: description });
    let mut response = (status, [(CACHE_CONTROL, "no-store")], body).into_response();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"oauth\", charset=\"UTF-8\""));
    }
    response
}

fn describe(reason: &Reason) -> (StatusCode, &'static str, &'static str) {
    use StatusCode as S;
    match reason {
        Reason::UnsupportedGrantType => {
            (S::BAD_REQUEST, "unsupported_grant_type", "Only client_credentials is supported.")
        }
        Reason::InvalidScope => (S::BAD_REQUEST, "invalid_scope", "The scope is not allowed."),
        Reason::Unauthenticated(_) | Reason::SignatureInvalid | Reason::SignatureRequired => {
            (S::UNAUTHORIZED, "invalid_client", "Client authentication failed.")
        }
        Reason::AccountSuspended => (S::FORBIDDEN, "account_suspended", "The account is suspended."),
        Reason::AccountNotVerified => (S::FORBIDDEN, "account_not_verified", "The account is not verified."),
        Reason::AddressNotAllowed => (S::FORBIDDEN, "ip_not_allowed", "The address is not allowed."),
        Reason::HttpsRequired => (S::FORBIDDEN, "https_required", "HTTPS is required."),
        Reason::OriginDenied | Reason::ScopeDenied | Reason::StepUpRequired => {
            (S::FORBIDDEN, "access_denied", "The request is not permitted.")
        }
        Reason::NotFound => (S::NOT_FOUND, "not_found", "Not found."),
        Reason::MethodNotAllowed(_) => (S::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed."),
        Reason::RateLimited(_) => (S::TOO_MANY_REQUESTS, "rate_limited", "Too many requests."),
        Reason::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "temporarily_unavailable", "Try again later."),
        Reason::Internal => (S::INTERNAL_SERVER_ERROR, "server_error", "Internal error."),
        Reason::AmbiguousPath
        | Reason::Conflict(_)
        | Reason::IdempotencyInProgress
        | Reason::IdempotencyMismatch
        | Reason::InvalidRequest(_)
        | Reason::PayloadTooLarge
        | Reason::RepeatedHeader(_)
        | Reason::SessionHeaderMissing(_)
        | Reason::Unprocessable(_)
        | Reason::UnsupportedMediaType => (S::BAD_REQUEST, "invalid_request", "The request is malformed."),
    }
}
