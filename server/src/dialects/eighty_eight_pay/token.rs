//! `POST /api/auth/token`: a token for 60 seconds and the session id it works with.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use serde_json::json;

use super::{access, envelope};
use crate::app::App;
use crate::auth::{Reason, Refusal, SessionClaims};

pub(super) async fn issue(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
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
        .issue_session(&claims, arrival.now, |bytes| rng.fill(bytes))
        .map_err(|_| Refusal::new(Reason::Internal).with_quota(Some(*call.quota())))?;
    let data = json!({
        "access_token": token.expose_secret(),
        "expires_in": (token.expires_at() - token.issued_at()).whole_seconds(),
        "session_id": session.expose_secret(),
    });
    let body = Json(envelope::Success::new("Token generated successfully", data));
    Ok(envelope::with_quota(([(CACHE_CONTROL, "no-store")], body).into_response(), call.quota()))
}
