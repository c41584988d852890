//! `POST /v1/checkout-auth/init`: a browser token for one customer's invoice.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use tollgate_checkout_scope::{CheckoutIds, MintAuthority, MintedClaims, Ttl};

use super::{access, description};
use crate::app::App;
use crate::auth::{FieldFault, Principal, Reason, Refusal, Via};
use crate::dialects::json::Json;
use crate::dialects::wire;
use crate::openapi::{Operation, Route};
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

/// Whose invoice a browser may pay.
#[derive(JsonSchema)]
#[schemars(rename = "AlternativeInitRequest", deny_unknown_fields)]
#[expect(dead_code, reason = "the schema of the members that are read one by one")]
struct Input {
    #[schemars(length(min = 1), regex(pattern = wire::TEXT))]
    customer_id: String,
    #[schemars(length(min = 1), regex(pattern = wire::TEXT))]
    invoice_id: String,
}

/// A token for one invoice.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AlternativeCheckoutToken")]
struct View<'a> {
    #[schemars(regex(pattern = wire::JWT))]
    token: &'a str,
    /// Unix seconds.
    expires_at: i64,
}

pub(super) fn route(path: &'static str, id: &'static str) -> Route {
    let fault = |member: &'static str, fault| Reason::InvalidRequest(vec![(member.into(), fault)]);
    let operation = Operation::new(id, "Make a token for one invoice", &description::SERVER_CALL)
        .needs(access::INIT)
        .json::<Input>(json!({ "customer_id": "cus_invented", "invoice_id": "inv_invented" }))
        .refuses([
            fault("customer_id", FieldFault::Required),
            fault("invoice_id", FieldFault::Required),
            fault("amount", FieldFault::NotAllowed),
            Reason::NotFound,
            Reason::Conflict("invoice_not_payable"),
        ])
        .answers::<View<'_>>(
            StatusCode::OK,
            "The token.",
            json!({ "token": "header.payload.signature", "expires_at": 1_767_226_500 }),
        );
    Route::post(path, init, operation)
}

async fn init(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
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
    let rings = app.listener.rings(arrival.now);
    let issued = rings
        .checkout
        .keys()
        .issue_for(&claims, life.as_duration(), arrival.now, |bytes| rng.fill_public(bytes))
        .map_err(|_| internal())?;
    let view = View { token: issued.expose_secret(), expires_at: issued.expires_at().unix_timestamp() };
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
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
