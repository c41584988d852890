//! `GET /auth/whoami`: what a key is.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::access;
use crate::app::App;
use crate::auth::{Refusal, ScopeRule, Via};

pub(super) async fn who_am_i(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, _) = access::call(&app, &parts, ScopeRule::Nothing).await?;
    call.server_call()?;
    let principal = call.principal();
    let scopes: Vec<&str> = match principal.via() {
        Via::ApiKey(credential) => credential.scopes.iter().map(tollgate_apikey::Scope::as_str).collect(),
        _ => Vec::new(),
    };
    let body = json!({
        "merchantId": principal.merchant().id.in_mode(principal.mode()),
        "keyId": principal.credential_id().map(|id| id.as_str().to_owned()),
        "mode": principal.mode().as_str(),
        "status": principal.merchant().status.as_str(),
        "scopes": scopes,
    });
    Ok(Json(body).into_response())
}
