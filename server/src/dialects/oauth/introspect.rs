//! `POST /oauth/introspect` (RFC 7662).

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::CLIENT_CALL;
use super::presented::{Input, question};
use crate::app::App;
use crate::auth::Refusal;
use crate::dialects::json::Json;
use crate::openapi::{Operation, Route};

/// A live token of the client that asks.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OauthLiveToken")]
struct View<'a> {
    #[schemars(extend("const" = true))]
    active: bool,
    client_id: &'a str,
    aud: &'a str,
    iss: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
}

/// Any other text.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OauthDeadToken", deny_unknown_fields)]
struct Inactive {
    #[schemars(extend("const" = false))]
    active: bool,
}

/// What is known of a text.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "OauthIntrospection")]
#[expect(dead_code, reason = "the schema of either answer")]
enum Answer<'a> {
    Live(View<'a>),
    Dead(Inactive),
}

pub(super) fn route() -> Route {
    let operation = Operation::new("oauthIntrospect", "Ask about a token", &CLIENT_CALL)
        .described("RFC 7662. A token that is dead or another client's is inactive, and so is any other text.")
        .form::<Input>(json!({ "token": "header.payload.signature" }))
        .answers::<Answer<'_>>(StatusCode::OK, "What is known of it.", json!({ "active": false }));
    Route::post("/oauth/introspect", answer, operation)
}

async fn answer(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let question = question(&app, request).await?;
    let no_store = [(CACHE_CONTROL, "no-store")];
    let Some(token) = question.token else {
        return Ok((no_store, Json(Inactive { active: false })).into_response());
    };
    let view = View {
        active: true,
        client_id: &token.client_id,
        aud: &token.audience,
        iss: &app.listener.base_url,
        iat: token.issued_at.unix_timestamp(),
        exp: token.expires_at.unix_timestamp(),
        jti: &token.id,
        token_type: "Bearer",
        sub: token.subject.as_deref(),
        scope: token.scope.as_deref(),
    };
    Ok((no_store, Json(view)).into_response())
}
