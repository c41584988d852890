//! `POST /payment-requests/{id}/checkout-session`: a token for one payment page.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tollgate_checkout_scope::{MintAuthority, Ttl, mint as mint_token};

use super::{access, description, payment_requests};
use crate::app::App;
use crate::auth::{FieldFault, Reason, Refusal, ScopeRule};
use crate::dialects::json::Json;
use crate::dialects::wire;
use crate::openapi::{Operation, Route};
use crate::storage::{CheckoutGrant, MintRefusal};
use crate::transport::{json_body, read_body};

/// Tokens that may be alive for one payment request.
const MAX_LIVE: u32 = 20;

/// Nothing: what the token is for stands in the path.
#[derive(JsonSchema)]
#[schemars(rename = "CaiboCheckoutSessionRequest", deny_unknown_fields)]
struct Input {}

/// A token for one payment page.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CaiboCheckoutSession")]
struct View<'a> {
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{43}$"))]
    token: &'a str,
    payment_request_id: i64,
    #[schemars(with = "wire::Timestamp")]
    expires_at: String,
    ttl_seconds: u64,
}

pub(super) fn route() -> Route {
    let example = json!({
        "token": "t".repeat(43), "paymentRequestId": 7, "expiresAt": "2026-01-01T00:15:00Z", "ttlSeconds": 900,
    });
    let operation = Operation::new("caiboOpenCheckout", "Make a token for one payment page", &description::KEY_CALL)
        .needs(access::MINT)
        .path("id", "The payment request.", wire::ID, "7")
        .optional_json::<Input>(json!({}))
        .refuses([
            Reason::InvalidRequest(vec![("ttlSeconds".into(), FieldFault::NotAllowed)]),
            Reason::NotFound,
            Reason::Conflict("payment_request_final"),
        ])
        .answers::<View<'_>>(StatusCode::CREATED, "The token.", example);
    Route::post("/payment-requests/{id}/checkout-session", mint, operation)
}

async fn mint(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::call(&app, &parts, ScopeRule::Needs(access::MINT)).await?;
    let server_call = call.server_call()?;
    let bytes = read_body(&parts.headers, body).await?;
    if !bytes.is_empty() {
        json_body(&parts.headers, Body::from(bytes)).await?.0.only(&[])?;
    }

    let found = payment_requests::find(&app, &call, access::path_id(&parts)).await?;
    let authority = MintAuthority::for_server_credential(&server_call);
    let object = u64::try_from(found.id).map_err(|_| Refusal::new(Reason::Internal))?;
    let rng = &app.services.rng;
    let (token, grant) = mint_token(&authority, object, Ttl::FIFTEEN_MINUTES, arrival.now, |bytes| rng.fill(bytes))?;
    let digest = app.services.gate.token_digest(&token);
    let stored = CheckoutGrant {
        digest: *digest.as_bytes(),
        pepper_version: digest.pepper_version(),
        payment_request: found.id,
        merchant: call.principal().merchant().id.clone(),
        mode: call.principal().mode(),
        credential: call.principal().credential_id().ok_or_else(|| Refusal::new(Reason::Internal))?,
        expires_at: grant.expires_at(),
        revoked_at: None,
    };
    app.services.ledger.store_grant(&stored, MAX_LIVE, arrival.now).await?.map_err(|refusal| match refusal {
        MintRefusal::Final => Refusal::new(Reason::Conflict("payment_request_final")),
        MintRefusal::NotFound => Refusal::new(Reason::NotFound),
        MintRefusal::TooMany { until } => {
            let wait = (until - arrival.now).as_seconds_f64().ceil().max(1.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 900 seconds")]
            Refusal::new(Reason::RateLimited(wait as u64))
        }
    })?;

    let expires = grant.expires_at().format(&Rfc3339).map_err(|_| Refusal::new(Reason::Internal))?;
    let view = View {
        token: token.expose_secret(),
        payment_request_id: found.id,
        expires_at: expires,
        ttl_seconds: Ttl::FIFTEEN_MINUTES.as_seconds(),
    };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}
