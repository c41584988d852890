//! `/sdk/v1/…` and `/assets/…`: the browser module of shops, and the files of our own pages.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use crate::app::App;
use crate::assets::{self, CHECKOUT_SCRIPT, CHECKOUT_STYLE, SDK};
use crate::dialects::json::Json;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// The address that stays while the interface stays; its content changes with the release.
const STABLE: &str = "/sdk/v1/tollgate-checkout.js";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(STABLE, get(async |headers: HeaderMap| for_any_page(SDK.current(&headers))))
        .route(SDK.path(), get(async || for_any_page(SDK.unchanging())))
        .route("/sdk/v1/manifest.json", get(manifest))
        .merge(assets::routes(&[&CHECKOUT_STYLE, &CHECKOUT_SCRIPT]))
}

/// Lets a page of any origin load the module and check its integrity, which takes CORS (Fetch §3.2).
fn for_any_page(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

/// Where the module of this release is and what its integrity is.
async fn manifest(State(app): State<App>) -> Response {
    let body = json!({
        "name": "tollgate-checkout",
        "version": env!("CARGO_PKG_VERSION"),
        "url": format!("{}{}", app.listener.base_url, SDK.path()),
        "integrity": SDK.integrity(),
        "stable_url": format!("{}{STABLE}", app.listener.base_url),
    });
    ([(CACHE_CONTROL, "public, max-age=300")], Json(body)).into_response()
}
