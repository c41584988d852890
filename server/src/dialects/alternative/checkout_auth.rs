//! `POST /v1/checkout-auth/init`: a browser token for one customer's invoice.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::json;
use tollgate_checkout_scope::{CheckoutIds, MintAuthority, MintedClaims, Ttl};

use super::access;
use crate::app::App;
use crate::auth::{Principal, Reason, Refusal, Via};
use crate::payments::InvoiceStatus;
use crate::transport::{MAX_BODY, json_body};

/// The merchant's setting for the life of its tokens, in seconds.
const LIFETIME: &str = "alternative_checkout_lifetime";

#[derive(Serialize)]
struct Claims {
    #[serde(flatten)]
    ids: MintedClaims,
    cid: String,
}

pub(super) async fn init(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::by_access_token(&app, &parts).await?;
    let server_call = call.server_call()?;
    let (members, _) = json_body(&parts.headers, body).await?;
    members.only(&["customer_id", "invoice_id"])?;
    // Any text may be asked for: what names nothing is not found.
    let invoice_id = members.required_string("invoice_id", MAX_BODY)?;
    let customer_id = members.required_string("customer_id", MAX_BODY)?;

    let principal = call.principal();
    let found = app.services.invoices.invoice(&principal.merchant().id, principal.mode(), &invoice_id).await?;
    let invoice = found.filter(|invoice| invoice.customer_id == customer_id);
    let invoice = invoice.ok_or_else(|| Refusal::new(Reason::NotFound))?;
    if invoice.status != InvoiceStatus::Open {
        return Err(Refusal::new(Reason::Conflict("invoice_not_payable")));
    }

    let internal = || Refusal::new(Reason::Internal);
    let Via::AccessToken(token) = principal.via() else {
        return Err(internal());
    };
    let ids = CheckoutIds {
        partner_id: &principal.merchant().id.in_mode(principal.mode()),
        client_id: &token.client.public_id(),
        customer_id: &invoice.customer_id,
        invoice_id: &invoice.id,
    };
    let authority = MintAuthority::for_server_credential(&server_call);
    let ids = MintedClaims::new(&authority, ids).map_err(|_| internal())?;
    let claims = Claims { ids, cid: token.secret.id.as_str().to_owned() };
    let life = lifetime(&app, principal).await?;
    let rng = &app.services.rng;
    let keys = &app.listener.rings.checkout;
    let issued =
        keys.issue_for(&claims, life.as_duration(), arrival.now, |bytes| rng.fill(bytes)).map_err(|_| internal())?;
    let body = json!({ "token": issued.expose_secret(), "expires_at": issued.expires_at().unix_timestamp() });
    Ok(([(CACHE_CONTROL, "no-store")], Json(body)).into_response())
}

/// 15 minutes unless the merchant has another setting; one that does not read makes no token.
async fn lifetime(app: &App, principal: &Principal) -> Result<Ttl, Refusal> {
    let setting = app.services.vault.setting(&principal.merchant().id, principal.mode(), LIFETIME).await?;
    let Some(seconds) = setting else {
        return Ok(Ttl::FIFTEEN_MINUTES);
    };
    let ttl = seconds.parse().ok().and_then(|seconds| Ttl::from_seconds(seconds).ok());
    ttl.ok_or_else(|| Refusal::new(Reason::Internal))
}
