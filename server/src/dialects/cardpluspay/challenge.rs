//! `POST /v1/auth/challenge`: a text to sign, for one use within five minutes. The body is never read.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tollgate_challenge_signature::LIFETIME;

use super::{access, envelope};
use crate::app::App;
use crate::auth::{Reason, Refusal};

pub(super) async fn issue(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, arrival) = access::unsigned_call(&app, &parts).await?;
    let challenge = app.services.gate.issue_challenge(call.principal(), &arrival)?;
    let expires = challenge.expires_at().format(&Rfc3339).map_err(|_| Refusal::new(Reason::Internal))?;
    let data = json!({
        "challenge": challenge.as_str(),
        "expires_at": expires,
        "expires_in": LIFETIME.whole_seconds(),
        "algorithm": "RSA-SHA256",
    });
    Ok(envelope::success(StatusCode::OK, "Challenge issued", data))
}
