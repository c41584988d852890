//! `GET /.well-known/oauth-authorization-server` (RFC 8414).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::app::App;
use crate::dialects::json::Json;
use crate::dialects::shared::PUBLIC;
use crate::openapi::{Operation, Route};

/// The endpoints of this listener.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OauthMetadata")]
struct View<'a> {
    issuer: &'a str,
    token_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    grant_types_supported: [&'static str; 1],
    response_types_supported: [&'static str; 0],
    token_endpoint_auth_methods_supported: [&'static str; 1],
}

pub(super) fn route() -> Route {
    let example = json!({
        "issuer": "https://pay.example",
        "token_endpoint": "https://pay.example/oauth/token",
        "jwks_uri": "https://pay.example/.well-known/jwks.json",
        "introspection_endpoint": "https://pay.example/oauth/introspect",
        "revocation_endpoint": "https://pay.example/oauth/revoke",
        "grant_types_supported": ["client_credentials"],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    });
    let operation = Operation::new("showOauthMetadata", "Show the OAuth endpoints", &PUBLIC)
        .described("RFC 8414; the token endpoint is that of Alternative Payments.")
        .answers_as::<View<'_>>(StatusCode::OK, "application/json", "The endpoints.", example)
        .with_header("cache-control", "public, max-age=300");
    Route::get("/.well-known/oauth-authorization-server", show, operation)
}

async fn show(State(app): State<App>) -> Response {
    let base = &app.listener.base_url;
    let view = View {
        issuer: base,
        token_endpoint: format!("{base}/oauth/token"),
        jwks_uri: format!("{base}/.well-known/jwks.json"),
        introspection_endpoint: format!("{base}/oauth/introspect"),
        revocation_endpoint: format!("{base}/oauth/revoke"),
        grant_types_supported: ["client_credentials"],
        response_types_supported: [],
        token_endpoint_auth_methods_supported: ["client_secret_basic"],
    };
    ([(CACHE_CONTROL, "public, max-age=300")], Json(view)).into_response()
}
