//! `GET /api/a_secured_endpoint`: what the token says.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use serde_json::json;

use super::access;
use crate::app::App;
use crate::auth::{Reason, Refusal, Via};

pub(super) async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, claims) = access::by_token(&app, &parts).await?;
    let Via::AccessToken(token) = call.principal().via() else {
        return Err(Refusal::new(Reason::Internal));
    };
    let body = json!({
        "client_id": claims.sub,
        "merchants": claims.merchants,
        "expires_at": token.expires_at.unix_timestamp(),
    });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
