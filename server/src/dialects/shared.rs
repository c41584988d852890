//! Endpoints that belong to no dialect.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::json;

use super::arrival;
use super::problem::Problem;
use crate::app::App;
use crate::auth::Refusal;
use crate::dialects::json::Json;
use crate::openapi::{Access, Operation, Route, Routes, Tag};

/// What is public and the same for everybody.
pub(super) const PUBLIC: Access = Access {
    name: "Public",
    tag: Tag { name: "shared", description: "Routes that belong to no dialect." },
    ways: &[],
    refusals: &[],
    error: SchemaGenerator::subschema_for::<Problem>,
    headers: &[],
    quota: false,
};

/// A public key (RFC 7517 §4, RFC 7518 §6.2.1).
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the schema of what the key ring writes")]
struct PublicKey {
    #[schemars(extend("const" = "EC"))]
    kty: String,
    #[schemars(extend("const" = "P-256"))]
    crv: String,
    kid: String,
    #[schemars(extend("const" = "sig"))]
    r#use: String,
    #[schemars(extend("const" = "ES256"))]
    alg: String,
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{43}$"))]
    x: String,
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{43}$"))]
    y: String,
}

/// The public keys of a listener.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "the schema of what the key ring writes")]
struct KeySet {
    keys: Vec<PublicKey>,
}

pub(super) fn routes() -> Routes {
    let coordinate = "A".repeat(43);
    let key = json!({
        "kty": "EC", "crv": "P-256", "kid": "88p-1", "use": "sig", "alg": "ES256", "x": coordinate, "y": coordinate,
    });
    let operation = Operation::new("showKeys", "Show the public keys of the tokens", &PUBLIC)
        .described("The ES256 keys of 88Pay sessions and Alternative access tokens (RFC 7517).")
        .answers_as::<KeySet>(StatusCode::OK, "application/jwk-set+json", "The keys.", json!({ "keys": [key] }))
        .with_header("cache-control", "public, max-age=300");
    Routes::new([Route::get("/.well-known/jwks.json", jwks, operation)])
}

/// The public keys of this listener's tokens (RFC 7517 §5).
async fn jwks(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let now = arrival(&parts)?.now;
    let headers = [(CONTENT_TYPE, "application/jwk-set+json"), (CACHE_CONTROL, "public, max-age=300")];
    Ok((headers, Json(app.listener.rings(now).jwks())).into_response())
}
