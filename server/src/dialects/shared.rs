//! Endpoints that belong to no dialect.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::arrival;
use crate::app::App;
use crate::auth::Refusal;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/.well-known/jwks.json", get(jwks))
}

/// The public keys of this listener's tokens (RFC 7517 §5).
async fn jwks(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let now = arrival(&parts)?.now;
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=300")];
    Ok((headers, Json(app.listener.rings(now).jwks())).into_response())
}
