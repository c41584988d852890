//! `POST /v1/auth/challenge`: a text to sign, for one use within five minutes. The body is never read.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tollgate_challenge_signature::LIFETIME;

use super::{access, description, envelope};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::dialects::wire;
use crate::openapi::{Operation, Route};

/// A text to sign.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CardPlusPayChallenge")]
struct View<'a> {
    #[schemars(regex(pattern = "^cpp-challenge-v1\\.[A-Za-z0-9_-]+$"))]
    challenge: &'a str,
    #[schemars(with = "wire::Timestamp")]
    expires_at: String,
    /// Seconds.
    expires_in: i64,
    #[schemars(extend("const" = "RSA-SHA256"))]
    algorithm: &'static str,
}

pub(super) fn route() -> Route {
    let data = json!({
        "challenge": "cpp-challenge-v1.AAAA", "expires_at": "2026-01-01T00:05:00Z", "expires_in": 300,
        "algorithm": "RSA-SHA256",
    });
    let operation = Operation::new("cardPlusPayIssueChallenge", "Get a challenge to sign", &description::KEY_CALL)
        .answers::<envelope::Envelope<'_, View<'_>>>(
        StatusCode::OK,
        "The challenge.",
        json!({ "success": true, "message": "Challenge issued", "data": data }),
    );
    Route::post("/v1/auth/challenge", issue, operation)
}

async fn issue(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, arrival) = access::unsigned_call(&app, &parts).await?;
    let challenge = app.services.gate.issue_challenge(call.principal(), &arrival)?;
    let expires = challenge.expires_at().format(&Rfc3339).map_err(|_| Refusal::new(Reason::Internal))?;
    let data = View {
        challenge: challenge.as_str(),
        expires_at: expires,
        expires_in: LIFETIME.whole_seconds(),
        algorithm: "RSA-SHA256",
    };
    Ok(envelope::success(StatusCode::OK, "Challenge issued", data))
}
