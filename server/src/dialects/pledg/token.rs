//! `POST /api/token`: a client's pair buys a token for ten minutes.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{access, description};
use crate::account::ClientDialect;
use crate::app::App;
use crate::auth::{Fault, PledgClaims, Reason, Refusal, Via};
use crate::dialects::client_credentials::{TokenRequest, token_request};
use crate::dialects::json::Json;
use crate::dialects::wire;
use crate::openapi::{Operation, Route};

/// What is asked for.
#[derive(JsonSchema)]
#[schemars(rename = "PledgTokenRequest", transform = wire::each_once)]
#[expect(dead_code, reason = "the schema of the parameters that are read one by one")]
struct Input {
    #[schemars(extend("const" = "client_credentials"))]
    grant_type: String,
}

/// An access token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PledgToken")]
struct View<'a> {
    #[schemars(regex(pattern = wire::JWT))]
    access_token: &'a str,
    #[schemars(extend("const" = "Bearer"))]
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
}

pub(super) fn route() -> Route {
    let operation = Operation::new("pledgIssueToken", "Buy a token for ten minutes", &description::CLIENT_CALL)
        .form::<Input>(json!({ "grant_type": "client_credentials" }))
        .refuses([Reason::UnsupportedGrantType])
        .answers::<View<'_>>(
            StatusCode::OK,
            "The token.",
            json!({ "access_token": "header.payload.signature", "token_type": "Bearer", "expires_in": 600 }),
        );
    Route::post("/api/token", issue, operation)
}

async fn issue(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let TokenRequest { call, arrival, .. } = token_request(&app, request, ClientDialect::Pledg, access::TOKENS).await?;
    let internal = || Refusal::new(Reason::Internal);
    let principal = call.principal();
    let rings = app.listener.rings(arrival.now);
    // A listener of either mode has tokens of one: to the other's clients it gives none that would not work.
    if principal.mode() != rings.mode {
        return Err(app.services.gate.refuse(Fault::OtherMode, &arrival));
    }
    let Via::Client { client, secret } = principal.via() else {
        return Err(internal());
    };
    let alias = app.services.records.alias(&principal.merchant().id, principal.mode(), "mer").await?;
    let claims = PledgClaims {
        sub: client.public_id(),
        cid: secret.id.as_str().to_owned(),
        merchants: alias.iter().map(ToString::to_string).collect(),
    };
    let rng = &app.services.rng;
    let token =
        rings.pledg.keys().issue(&claims, arrival.now, |bytes| rng.fill_public(bytes)).map_err(|_| internal())?;
    let view = View {
        access_token: token.expose_secret(),
        token_type: "Bearer",
        expires_in: (token.expires_at() - token.issued_at()).whole_seconds(),
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}
