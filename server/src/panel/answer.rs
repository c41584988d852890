//! What every answer of the panel has alike.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::auth::{Reason, Refusal};

/// Nothing inline, nothing foreign, in nobody's frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A page.
pub(super) fn page(template: &impl Template) -> Result<Response, Refusal> {
    page_with(StatusCode::OK, template)
}

/// A page with another status than 200.
pub(super) fn page_with(status: StatusCode, template: &impl Template) -> Result<Response, Refusal> {
    let html = template.render().map_err(|_| Refusal::new(Reason::Internal))?;
    let mut response = (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    protect(response.headers_mut());
    Ok(response)
}

/// Leads the browser to another page of the panel, with GET.
pub(super) fn see_other(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    // Our own paths and checked ones are plain ASCII.
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static(super::ROOT));
    response.headers_mut().insert(LOCATION, location);
    protect(response.headers_mut());
    response
}

/// What a framework refuses by itself, such as a path that is no text or a query with a name twice, is refused as
/// everything else is; nothing leaves without the headers.
pub(super) async fn settle(mut response: Response) -> Response {
    let ours = response.headers().contains_key(CONTENT_SECURITY_POLICY);
    // The edge makes a page of these.
    let to_render =
        response.extensions().get::<Refusal>().is_some() || response.status() == StatusCode::METHOD_NOT_ALLOWED;
    if ours || to_render {
        return response;
    }
    if response.status().is_client_error() {
        return Refusal::invalid().into_response();
    }
    protect(response.headers_mut());
    response
}

/// Headers of every answer: never kept, never framed, never guessed at.
pub(super) fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (OPENER_POLICY, "same-origin"),
        (RESOURCE_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
