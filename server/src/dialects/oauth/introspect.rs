//! `POST /oauth/introspect` (RFC 7662).

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::json;

use super::presented::question;
use crate::app::App;
use crate::auth::Refusal;

#[derive(Serialize)]
struct View<'a> {
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

pub(super) async fn answer(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let question = question(&app, request).await?;
    let no_store = [(CACHE_CONTROL, "no-store")];
    let Some(token) = question.token else {
        return Ok((no_store, Json(json!({ "active": false }))).into_response());
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
