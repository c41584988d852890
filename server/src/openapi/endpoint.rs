//! `GET /openapi.json`: the description of the routes of this listener.

use std::sync::{Arc, OnceLock};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value, json};

use super::{Access, Operation, Renderer, Route, Routes};
use crate::auth::{Reason, Refusal};

const PATH: &str = "/openapi.json";
/// It changes when the server is replaced, and says nothing that is not public.
const CACHED: &str = "public, max-age=300";

/// The document as it is sent.
struct Served {
    body: Bytes,
    etag: HeaderValue,
}

/// These routes, and one more that describes them and itself.
pub(crate) fn with_endpoint(routes: Routes, access: &'static Access, base_url: &str, render: Renderer<'_>) -> Routes {
    let slot: Arc<OnceLock<Served>> = Arc::default();
    let served = slot.clone();
    let show = move |headers: HeaderMap| async move {
        served.get().map(|served| served.answer(&headers)).ok_or_else(|| Refusal::new(Reason::Internal))
    };
    let routes = routes.merge(Routes::new([Route::get(PATH, show, operation(access))]));
    slot.get_or_init(|| Served::new(routes.document(base_url, render).as_value().to_string()));
    routes
}

fn operation(access: &'static Access) -> Operation {
    let if_none_match = json!({ "type": "string", "pattern": "^(\\*|\"[0-9a-f]{32}\")$" });
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
        let digest = digest(&SHA256, body.as_bytes());
        let hex: String = digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::try_from(format!("\"{hex}\"")).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
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
