//! `POST /oauth/revoke` (RFC 7009): one answer, whether there was something to revoke or not.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;

use super::presented::question;
use crate::app::App;
use crate::auth::Refusal;

pub(super) async fn answer(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let question = question(&app, request).await?;
    if let Some(token) = question.token {
        app.services.records.revoke_token(&token.id, token.expires_at, question.arrival.now).await?;
    }
    Ok((StatusCode::OK, [(CACHE_CONTROL, "no-store")]).into_response())
}
