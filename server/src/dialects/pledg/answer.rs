//! How a refusal looks: `error` and `error_description` (RFC 6749 §5.2, RFC 6750 §3).

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, REFERRER_POLICY, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::auth::{Fault, Reason, Refusal};
use crate::dialects::json::Json;
use crate::dialects::oauth::Failure;

/// On every answer to a request that carries its signature in the address.
pub(super) const NO_REFERRER: &str = "no-referrer";

/// Renders a refusal.
pub(super) fn refusal(refusal: &Refusal, path: &str) -> Response {
    let (status, error, description) = describe(refusal.reason(), path);
    let body = Json(Failure { error, error_description: description });
    let mut response = (status, [(CACHE_CONTROL, "no-store")], body).into_response();
    let headers = response.headers_mut();
    if Way::of(path) == Way::Signature {
        headers.insert(REFERRER_POLICY, HeaderValue::from_static(NO_REFERRER));
    }
    if let Reason::Unauthenticated(fault) = refusal.reason() {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(Way::of(path).challenge(*fault)));
    }
    response
}

/// The one way in that a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Bearer,
    Client,
    Dashboard,
    Signature,
}

impl Way {
    fn of(path: &str) -> Self {
        match path {
            "/api/token" => Self::Client,
            "/api/purchase_link" | "/api/purchase_link/" => Self::Signature,
            _ if path.starts_with("/api/purchases/") => Self::Dashboard,
            _ => Self::Bearer,
        }
    }

    fn challenge(self, fault: Fault) -> &'static str {
        match self {
            Self::Bearer if fault == Fault::Missing => "Bearer realm=\"pledg\"",
            Self::Bearer => "Bearer realm=\"pledg\", error=\"invalid_token\"",
            Self::Client => "Basic realm=\"pledg\", charset=\"UTF-8\"",
            Self::Dashboard => "Basic realm=\"pledg-dashboard\", charset=\"UTF-8\"",
            Self::Signature => "Pledg-Signature realm=\"pledg\"",
        }
    }

    fn unauthenticated(self) -> (&'static str, &'static str) {
        match self {
            Self::Bearer => ("invalid_token", "The access token is missing or not valid."),
            Self::Client | Self::Dashboard => ("invalid_client", "Client authentication failed."),
            Self::Signature => ("invalid_signature", "The signature is missing or not valid."),
        }
    }
}

fn describe(reason: &Reason, path: &str) -> (StatusCode, &'static str, &'static str) {
    use StatusCode as S;
    match reason {
        Reason::InvalidRequest(_)
        | Reason::AmbiguousPath
        | Reason::InvalidScope
        | Reason::RepeatedHeader(_)
        | Reason::SessionHeaderMissing(_)
        | Reason::Unprocessable(_) => (S::BAD_REQUEST, "invalid_request", "The request is malformed."),
        Reason::UnsupportedGrantType => {
            (S::BAD_REQUEST, "unsupported_grant_type", "Only client_credentials is supported.")
        }
        Reason::SignatureInvalid | Reason::SignatureRequired | Reason::Unauthenticated(_) => {
            let (error, description) = Way::of(path).unauthenticated();
            (S::UNAUTHORIZED, error, description)
        }
        Reason::AccountSuspended => (S::FORBIDDEN, "account_suspended", "The account is suspended."),
        Reason::AccountNotVerified => (S::FORBIDDEN, "account_not_verified", "The account is not verified."),
        Reason::AddressNotAllowed => (S::FORBIDDEN, "ip_not_allowed", "The address is not allowed."),
        Reason::OriginDenied | Reason::ScopeDenied | Reason::StepUpRequired => {
            (S::FORBIDDEN, "insufficient_scope", "The credential does not permit this request.")
        }
        Reason::HttpsRequired => (S::FORBIDDEN, "https_required", "HTTPS is required."),
        Reason::NotFound => (S::NOT_FOUND, "not_found", "Not found."),
        Reason::MethodNotAllowed(_) => (S::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed."),
        Reason::Conflict("reference_completed") => {
            (S::CONFLICT, "reference_completed", "The reference was already completed.")
        }
        Reason::Conflict(_) => (S::CONFLICT, "invalid_state", "The purchase is not in a fitting state."),
        Reason::IdempotencyInProgress => (S::CONFLICT, "request_in_progress", "The first request is still running."),
        Reason::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is too large."),
        Reason::UnsupportedMediaType => {
            (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The media type is not supported.")
        }
        Reason::IdempotencyMismatch => {
            (S::UNPROCESSABLE_ENTITY, "idempotency_mismatch", "The key was used with another body.")
        }
        Reason::RateLimited(_) => (S::TOO_MANY_REQUESTS, "rate_limited", "Too many requests."),
        Reason::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "temporarily_unavailable", "Try again later."),
        Reason::Internal => (S::INTERNAL_SERVER_ERROR, "server_error", "Internal error."),
    }
}
