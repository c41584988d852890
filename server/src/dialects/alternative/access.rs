//! Which token counts: the access token where checkout tokens are made, the checkout token everywhere else.

use std::sync::LazyLock;

use http::HeaderMap;
use http::request::Parts;
use tollgate_checkout_scope::AllowList;
use tollgate_http_credentials::{BearerToken, Carrier, Presented, Reader, Scheme};

use crate::app::App;
use crate::auth::{
    Arrival, Authorized, BrowserRule, Fault, FieldFault, OriginRule, Payer, Policy, Principal, Reason, Refusal,
    ScopeRule, SignatureRule, Via,
};
use crate::dialects::{arrival, oauth};
use crate::limits::{Bucket, Window};
use crate::payments::{Invoice, InvoiceStatus};
use crate::transport::Form;

/// The roots of the checkout API: the documented one and the SDK's.
pub(super) const ROOTS: [&str; 2] = ["/checkout/v1", "/checkout"];

/// The id of an operation under one of the roots.
pub(super) fn operation_id(root: &str, name: &str) -> String {
    let [documented, _] = ROOTS;
    format!("alternative_{name}{}", if root == documented { "" } else { "_sdk" })
}

/// What comes from the token alone and may not be named beside it.
pub(super) const FROM_THE_TOKEN: [&str; 3] = ["customer_id", "invoice_id", "partner_id"];

/// Makes checkout tokens.
pub(super) const INIT: &str = "checkout:init";

const CHECKOUT_CALLS: Bucket = Bucket::new("alternative_checkout", &[Window::new(5, 1)]);

/// What a checkout token may do, under either root.
const BROWSER_ROUTES: &[(&str, &str)] = &[
    ("GET", "/checkout/v1/invoice"),
    ("GET", "/checkout/v1/invoice/pdf-link"),
    ("GET", "/checkout/v1/payment-methods"),
    ("POST", "/checkout/v1/payments"),
    ("GET", "/checkout/invoice"),
    ("GET", "/checkout/invoice/pdf-link"),
    ("GET", "/checkout/payment-methods"),
    ("POST", "/checkout/payments"),
];

#[expect(clippy::expect_used, reason = "a constant table, compiled once; a test compiles it")]
static ALLOW_LIST: LazyLock<AllowList> =
    LazyLock::new(|| AllowList::compile(BROWSER_ROUTES).expect("the constant allow-list is well formed"));

/// A call with a checkout token, and the invoice that the token is for.
pub(super) struct Checkout {
    pub(super) call: Authorized,
    pub(super) arrival: Arrival,
    pub(super) invoice: Invoice,
}

/// Authenticates and authorizes a call by access token.
pub(super) async fn by_access_token(app: &App, parts: &Parts) -> Result<(Authorized, Arrival), Refusal> {
    let arrival = arrival(parts)?;
    let token = bearer(app, &parts.headers, &arrival)?;
    let (gate, rings) = (&app.services.gate, app.listener.rings(arrival.now));
    let principal = gate.alternative_token(&rings.alternative, rings.mode, token.expose_secret(), &arrival).await?;
    let policy = Policy {
        signature: SignatureRule::Unsigned,
        scope: ScopeRule::Needs(INIT),
        bucket: oauth::CLIENT_CALLS,
        per: Payer::Caller,
        browser: None,
    };
    Ok((gate.authorize(principal, &policy, &arrival).await?, arrival))
}

/// Authenticates and authorizes a call by checkout token, whose invoice it may touch and nothing else.
pub(super) async fn by_checkout_token(app: &App, parts: &Parts) -> Result<Checkout, Refusal> {
    let arrival = arrival(parts)?;
    let token = bearer(app, &parts.headers, &arrival)?;
    let (gate, rings) = (&app.services.gate, app.listener.rings(arrival.now));
    let principal = gate.checkout_jwt(&rings.checkout, rings.mode, token.expose_secret(), &arrival).await?;
    // A token lives no longer than its invoice is on the table.
    let invoice = invoice(app, &principal).await?.filter(|invoice| invoice.status != InvoiceStatus::Archived);
    let invoice = invoice.ok_or_else(|| gate.refuse(Fault::Revoked, &arrival))?;
    let policy = Policy {
        signature: SignatureRule::Unsigned,
        scope: ScopeRule::Nothing,
        bucket: CHECKOUT_CALLS,
        per: Payer::Caller,
        browser: Some(BrowserRule {
            allow_list: &ALLOW_LIST,
            method: parts.method.as_str(),
            path: parts.uri.path(),
            bucket: CHECKOUT_CALLS,
            origin: OriginRule::Registered(&parts.headers),
        }),
    };
    let call = gate.authorize(principal, &policy, &arrival).await?;
    let permitted = call.invoice_permit().is_some_and(|permit| permit.object().invoice_id() == invoice.id);
    if !permitted {
        return Err(Refusal::new(Reason::ScopeDenied));
    }
    let query = Form::from_query(parts.uri.query().unwrap_or_default())?;
    match FROM_THE_TOKEN.into_iter().find(|name| query.has(name)) {
        None => Ok(Checkout { call, arrival, invoice }),
        Some(name) => Err(Refusal::field(name, FieldFault::NotAllowed)),
    }
}

/// The invoice that a checkout token names, of the customer and merchant it names.
async fn invoice(app: &App, principal: &Principal) -> Result<Option<Invoice>, Refusal> {
    let Via::CheckoutJwt(token) = principal.via() else {
        return Err(Refusal::new(Reason::Internal));
    };
    let (merchant, id) = (&principal.merchant().id, token.claims.invoice_id());
    let found = app.services.invoices.invoice(merchant, principal.mode(), id).await?;
    Ok(found.filter(|invoice| invoice.customer_id == token.claims.customer_id()))
}

fn bearer<'h>(app: &App, headers: &'h HeaderMap, arrival: &Arrival) -> Result<BearerToken<'h>, Refusal> {
    let reader = Reader::new(&[Carrier::Authorization(Scheme::Bearer)]);
    match reader.read(headers).map_err(|_| Refusal::new(Reason::RepeatedHeader("authorization")))? {
        Presented::Bearer(token) => Ok(token),
        Presented::None => Err(app.services.gate.refuse(Fault::Missing, arrival)),
        _ => Err(app.services.gate.refuse(Fault::Malformed, arrival)),
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn the_allow_list_names_every_route_under_both_roots() {
        let mut real = Vec::new();
        for root in ROOTS {
            for (method, path) in [
                (Method::GET, "/invoice"),
                (Method::GET, "/invoice/pdf-link"),
                (Method::GET, "/payment-methods"),
                (Method::POST, "/payments"),
            ] {
                real.push((method.to_string(), format!("{root}{path}")));
            }
        }
        let real: Vec<_> = real.iter().map(|(method, path)| (method.as_str(), path.as_str())).collect();
        ALLOW_LIST.check_routes(&real).unwrap();
        assert_eq!(BROWSER_ROUTES.len(), real.len());
    }
}
