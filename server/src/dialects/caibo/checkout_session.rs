//! `POST /payment-requests/{id}/checkout-session`: a token for one payment page.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tollgate_checkout_scope::{MintAuthority, Ttl, mint as mint_token};

use super::{access, payment_requests};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::storage::{CheckoutGrant, MintRefusal};
use crate::transport::{json_body, read_body};

/// Tokens that may be alive for one payment request.
const MAX_LIVE: u32 = 20;

pub(super) async fn mint(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::call(&app, &parts, access::MINT).await?;
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
    let stored = CheckoutGrant {
        digest: *app.services.gate.token_digest(&token).as_bytes(),
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
    let body = json!({
        "token": token.expose_secret(),
        "paymentRequestId": found.id,
        "expiresAt": expires,
        "ttlSeconds": Ttl::FIFTEEN_MINUTES.as_seconds(),
    });
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}
