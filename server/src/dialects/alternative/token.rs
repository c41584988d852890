//! `POST /oauth/token`: client id and secret buy an access token for an hour.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use tollgate_apikey::Scopes;

use crate::account::ClientDialect;
use crate::app::App;
use crate::auth::{AlternativeClaims, Reason, Refusal, Via};
use crate::dialects::client_credentials::{TokenRequest, token_request};
use crate::dialects::json::Json;
use crate::dialects::{oauth, wire};
use crate::openapi::{Operation, Route};

/// What is asked for.
#[derive(JsonSchema)]
#[schemars(rename = "AlternativeTokenRequest", transform = wire::each_once)]
#[expect(dead_code, reason = "the schema of the parameters that are read one by one")]
struct Input {
    #[schemars(extend("const" = "client_credentials"))]
    grant_type: String,
    /// A scope that the client has; all of them when it is absent or empty.
    #[schemars(extend("enum" = ["", "checkout:init"]))]
    scope: Option<String>,
}

/// An access token.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AlternativeToken")]
struct View<'a> {
    #[schemars(regex(pattern = wire::JWT))]
    access_token: &'a str,
    #[schemars(extend("const" = "Bearer"))]
    token_type: &'static str,
    /// Seconds.
    expires_in: i64,
    scope: &'a str,
}

pub(super) fn route() -> Route {
    let example = json!({
        "access_token": "header.payload.signature", "token_type": "Bearer", "expires_in": 3600,
        "scope": "checkout:init",
    });
    let operation = Operation::new("alternativeIssueToken", "Buy an access token for an hour", &oauth::CLIENT_CALL)
        .form::<Input>(json!({ "grant_type": "client_credentials" }))
        .refuses([Reason::UnsupportedGrantType, Reason::InvalidScope])
        .answers::<View<'_>>(StatusCode::OK, "The token.", example);
    Route::post("/oauth/token", issue, operation)
}

async fn issue(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let TokenRequest { call, arrival, form } =
        token_request(&app, request, ClientDialect::Alternative, oauth::CLIENT_CALLS).await?;
    let internal = || Refusal::new(Reason::Internal);
    let principal = call.principal();
    let Via::Client { client, secret } = principal.via() else {
        return Err(internal());
    };
    let scopes = match form.get("scope") {
        None => client.scopes.clone(),
        Some(asked) => {
            let asked = Scopes::parse(asked).ok().filter(|asked| asked.is_subset_of(&client.scopes));
            asked.ok_or_else(|| Refusal::new(Reason::InvalidScope))?
        }
    };
    let claims = AlternativeClaims {
        sub: client.public_id(),
        client_id: client.public_id(),
        partner_id: principal.merchant().id.in_mode(principal.mode()),
        scope: scopes.to_string(),
        cid: secret.id.as_str().to_owned(),
    };
    let rng = &app.services.rng;
    let issued = app
        .listener
        .rings(arrival.now)
        .alternative
        .keys()
        .issue(&claims, arrival.now, |bytes| rng.fill_public(bytes))
        .map_err(|_| internal())?;
    let view = View {
        access_token: issued.expose_secret(),
        token_type: "Bearer",
        expires_in: (issued.expires_at() - issued.issued_at()).whole_seconds(),
        scope: &claims.scope,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}
