//! Endpoints that belong to no dialect.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/.well-known/jwks.json", get(jwks))
}

/// The public keys of this listener's tokens (RFC 7517 §5).
async fn jwks(State(app): State<App>) -> Response {
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, Json(app.listener.rings.jwks())).into_response()
}
