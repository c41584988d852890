//! `POST /oauth/revoke` (RFC 7009): one answer, whether there was something to revoke or not.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::json;

use super::CLIENT_CALL;
use super::presented::{Input, question};
use crate::app::App;
use crate::auth::Refusal;
use crate::openapi::{Operation, Route};

pub(super) fn route() -> Route {
    let operation = Operation::new("oauthRevoke", "End a token", &CLIENT_CALL)
        .described("RFC 7009. A text that is no token of this client changes nothing and gets the same answer.")
        .form::<Input>(json!({ "token": "header.payload.signature" }))
        .answers_nothing(StatusCode::OK, "The token, if it was one, is dead.")
        .with_header("cache-control", "no-store");
    Route::post("/oauth/revoke", answer, operation)
}

async fn answer(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let question = question(&app, request).await?;
    if let Some(token) = question.token {
        app.services.records.revoke_token(&token.id, token.expires_at, question.arrival.now).await?;
    }
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store")]).into_response())
}
