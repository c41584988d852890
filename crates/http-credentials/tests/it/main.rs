//! Integration tests.

mod auto_traits;
mod laws;
mod refusals;
mod routes;
mod vectors;

use tollgate_http_credentials::http::{HeaderMap, HeaderName, HeaderValue};
use tollgate_http_credentials::{Authorization, BasicCredentials, ShapeError};

/// A header map of these lines in this order.
#[track_caller]
fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(HeaderName::from_static(name), value_of(value.as_bytes()));
    }
    headers
}

#[track_caller]
fn value_of(bytes: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(bytes).expect("a header value")
}

/// What the two readings make of an `Authorization` value.
fn client(value: &HeaderValue) -> Result<BasicCredentials, Option<ShapeError>> {
    match Authorization::parse(value).map_err(Some)? {
        Authorization::Basic(token) => token.decode_client().map_err(Some),
        _ => Err(None),
    }
}

fn user(value: &HeaderValue) -> Result<BasicCredentials, Option<ShapeError>> {
    match Authorization::parse(value).map_err(Some)? {
        Authorization::Basic(token) => token.decode_user().map_err(Some),
        _ => Err(None),
    }
}
