//! `GET /api/a_secured_endpoint`: what the token says.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{access, description};
use crate::app::App;
use crate::auth::{Reason, Refusal, Via};
use crate::dialects::json::Json;
use crate::openapi::{Operation, Route};

/// What a token says.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PledgTokenView")]
struct View<'a> {
    client_id: &'a str,
    merchants: &'a [String],
    /// Unix seconds.
    expires_at: i64,
}

pub(super) fn route() -> Route {
    let example = json!({
        "client_id": "client_test_AbCdEfGhIjK1000000", "merchants": ["mer_invented"], "expires_at": 1_767_226_200,
    });
    let operation = Operation::new("pledgShowToken", "Show what a token says", &description::TOKEN_CALL)
        .answers::<View<'_>>(StatusCode::OK, "The token.", example);
    Route::get("/api/a_secured_endpoint", show, operation)
}

async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, verified) = access::by_token(&app, &parts).await?;
    let Via::AccessToken(token) = call.principal().via() else {
        return Err(Refusal::new(Reason::Internal));
    };
    let expires_at = token.expires_at.unix_timestamp();
    let claims = verified.claims();
    let view = View { client_id: &claims.sub, merchants: &claims.merchants, expires_at };
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}
