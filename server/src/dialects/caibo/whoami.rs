//! `GET /auth/whoami`: what a key is.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use tollgate_apikey::Scope;

use super::{access, description};
use crate::app::App;
use crate::auth::{Reason, Refusal, ScopeRule, Via};
use crate::dialects::json::Json;
use crate::dialects::wire;
use crate::openapi::{Operation, Route};

/// What a key is.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CaiboWhoAmI")]
struct View<'a> {
    #[schemars(regex(pattern = wire::MERCHANT_ID))]
    merchant_id: String,
    /// The public id of the key.
    #[schemars(regex(pattern = "^[0-9A-Za-z]{12}$"))]
    key_id: String,
    #[schemars(extend("enum" = ["live", "test"]))]
    mode: &'static str,
    /// How the merchant stands.
    status: &'static str,
    scopes: Vec<&'a str>,
}

pub(super) fn route() -> Route {
    let example = json!({
        "merchantId": "MCH-COL-TEST-29QFL2", "keyId": "AbCdEfGhIjK1", "mode": "test", "status": "active",
        "scopes": ["payment_requests:read"],
    });
    let operation = Operation::new("caiboWhoAmI", "Show what a key is", &description::KEY_CALL).answers::<View<'_>>(
        StatusCode::OK,
        "The key.",
        example,
    );
    Route::get("/auth/whoami", who_am_i, operation)
}

async fn who_am_i(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, _) = access::call(&app, &parts, ScopeRule::Nothing).await?;
    call.server_call()?;
    let principal = call.principal();
    let scopes: Vec<&str> = match principal.via() {
        Via::ApiKey(credential) => credential.scopes.iter().map(Scope::as_str).collect(),
        _ => Vec::new(),
    };
    let key = principal.credential_id().ok_or_else(|| Refusal::new(Reason::Internal))?;
    let view = View {
        merchant_id: principal.merchant().id.in_mode(principal.mode()),
        key_id: key.as_str().to_owned(),
        mode: principal.mode().as_str(),
        status: principal.merchant().status.as_str(),
        scopes,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}
