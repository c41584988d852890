//! `POST /api/auth/token`: a token for 60 seconds and the session id it works with.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{access, description, envelope};
use crate::app::App;
use crate::auth::{Reason, Refusal, SessionClaims};
use crate::dialects::json::Json;
use crate::dialects::wire;
use crate::openapi::{Operation, Route};

/// A token and what it works with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EightyEightPayToken")]
struct View<'a> {
    #[schemars(regex(pattern = wire::JWT))]
    access_token: &'a str,
    /// Seconds.
    expires_in: i64,
    session_id: &'a str,
}

pub(super) fn route() -> Route {
    let data = json!({
        "access_token": "header.payload.signature", "expires_in": 60, "session_id": "an-invented-session-id",
    });
    let operation = Operation::new("eightyEightPayIssueToken", "Buy a token for 60 seconds", &description::KEY_CALL)
        .answers::<envelope::Success<'_, View<'_>>>(
        StatusCode::OK,
        "The token and its session id.",
        json!({ "status": "Success", "code": 200, "message": "Token generated successfully", "data": data }),
    );
    Route::post("/api/auth/token", issue, operation)
}

async fn issue(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, arrival) = access::by_key(&app, &parts).await?;
    let principal = call.principal();
    let key = principal.credential_id().ok_or_else(|| Refusal::new(Reason::Internal))?;
    let claims =
        SessionClaims { merchant_id: principal.merchant().id.in_mode(principal.mode()), cid: key.as_str().to_owned() };
    let rng = &app.services.rng;
    let rings = app.listener.rings(arrival.now);
    let (token, session) = rings
        .session
        .keys()
        .issue_session(&claims, arrival.now, |bytes| rng.fill(bytes))
        .map_err(|_| Refusal::new(Reason::Internal).with_quota(Some(*call.quota())))?;
    let data = View {
        access_token: token.expose_secret(),
        expires_in: (token.expires_at() - token.issued_at()).whole_seconds(),
        session_id: session.expose_secret(),
    };
    let body = Json(envelope::Success::new("Token generated successfully", data));
    Ok(envelope::with_quota(([(CACHE_CONTROL, "no-store")], body).into_response(), call.quota()))
}
