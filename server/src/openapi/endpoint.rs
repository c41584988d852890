//! `GET /openapi.json`: the description of the routes of this listener.

use std::sync::{Arc, OnceLock};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::{Access, Document, Operation, Route, Routes};

const PATH: &str = "/openapi.json";
/// It changes when the server is replaced, and says nothing that is not public.
const CACHED: &str = "public, max-age=300";

/// The document as it is sent.
struct Served {
    body: Bytes,
    etag: HeaderValue,
}

/// The route that shows the document, which is made when it is first asked for.
pub(crate) fn endpoint<F>(access: &'static Access, make: F) -> Routes
where
    F: Fn() -> Document + Send + Sync + 'static,
{
    let served = Arc::new((OnceLock::new(), make));
    let show = move |headers: HeaderMap| async move {
        let (served, make) = &*served;
        served.get_or_init(|| Served::new(make().as_value().to_string())).answer(&headers)
    };
    Routes::new([Route::get(PATH, show, operation(access))])
}

fn operation(access: &'static Access) -> Operation {
    let if_none_match = json!({ "type": "string" });
    Operation::new("describeApi", "Describe this API", access)
        .described("An OpenAPI document of the routes that this listener serves.")
        .header(
            "If-None-Match",
            "The ETag of the copy at hand.",
            if_none_match,
            json!("\"00112233445566778899aabbccddeeff\""),
        )
        .answers_as::<Map<String, Value>>(
            StatusCode::OK,
            "application/json",
            "The document.",
            json!({ "openapi": "3.1.0" }),
        )
        .with_header("cache-control", CACHED)
        .with_header("etag", "")
        .answers_nothing(StatusCode::NOT_MODIFIED, "The copy at hand is the current one.")
        .with_header("cache-control", CACHED)
        .with_header("etag", "")
}

impl Served {
    fn new(body: String) -> Self {
        let head = digest(&SHA256, body.as_bytes()).as_ref().first_chunk().copied().unwrap_or_default();
        let etag = HeaderValue::try_from(format!("\"{:032x}\"", u128::from_be_bytes(head)))
            .unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        Self { body: body.into(), etag }
    }

    fn answer(&self, headers: &HeaderMap) -> Response {
        let common = [(CACHE_CONTROL, HeaderValue::from_static(CACHED)), (ETAG, self.etag.clone())];
        if self.is_known(headers) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        (common, [(CONTENT_TYPE, "application/json")], self.body.clone()).into_response()
    }

    /// Whether `If-None-Match` names this content, weakly compared (RFC 9110 §13.1.2).
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let listed = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut tags = listed.flat_map(|value| value.split(',')).map(str::trim);
        tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == self.etag.as_bytes())
    }
}
