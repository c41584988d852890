//! Which credential counts: key and merchant id for a token, token and session id for everything else.

use http::request::Parts;
use http::{HeaderMap, HeaderName};
use tollgate_apikey::Mode;
use tollgate_http_credentials::{Authorization, key_text, single};

use crate::account::{KeyFamily, MerchantId};
use crate::app::App;
use crate::auth::{Arrival, Authorized, Fault, Payer, Policy, Reason, Refusal, ScopeRule, SignatureRule};
use crate::dialects::arrival;
use crate::limits::{Bucket, Window};

pub(super) const TOKENS: Bucket = Bucket::new("88pay_tokens", &[Window::new(10, 60), Window::new(100, 3600)]);
pub(super) const CHARGES: Bucket = Bucket::new("88pay_charges", &[Window::new(60, 60), Window::new(1000, 3600)]);
pub(super) const BALANCE: Bucket = Bucket::new("88pay_balance", &[Window::new(60, 60), Window::new(1000, 3600)]);

const X_API_KEY: &str = "x-api-key";
const X_MERCHANT_ID: &str = "x-merchant-id";
const X_SESSION_ID: &str = "x-session-id";
const AUTHORIZATION: &str = "authorization";

/// Authenticates by API key and merchant id.
pub(super) async fn by_key(app: &App, parts: &Parts) -> Result<(Authorized, Arrival), Refusal> {
    let arrival = arrival(parts)?;
    let gate = &app.services.gate;
    let key = header(&parts.headers, X_API_KEY)?;
    let merchant = header(&parts.headers, X_MERCHANT_ID)?;
    let (Some(key), Some(merchant)) = (key, merchant) else {
        return Err(gate.refuse(Fault::Missing, &arrival));
    };
    let (Ok(key), Ok(merchant)) = (key_text(key), key_text(merchant)) else {
        return Err(gate.refuse(Fault::Malformed, &arrival));
    };
    let principal = gate.api_key(key, KeyFamily::EIGHTY_EIGHT_PAY, &arrival).await?;
    let named = MerchantId::parse(merchant).is_ok_and(|(id, form)| {
        // A live key goes with the plain form only.
        id == principal.merchant().id && (form == Mode::Live || principal.mode() == Mode::Test)
    });
    if !named {
        return Err(gate.refuse(Fault::Unknown, &arrival));
    }
    let policy = Policy {
        signature: SignatureRule::Unsigned,
        scope: ScopeRule::Nothing,
        bucket: TOKENS,
        per: Payer::Merchant,
        browser: None,
    };
    Ok((gate.authorize(principal, &policy, &arrival).await?, arrival))
}

/// Authenticates by token and session id.
pub(super) async fn by_session(
    app: &App,
    parts: &Parts,
    scope: &'static str,
    bucket: Bucket,
) -> Result<(Authorized, Arrival), Refusal> {
    let arrival = arrival(parts)?;
    let gate = &app.services.gate;
    let authorization = header(&parts.headers, AUTHORIZATION)?;
    let session = header(&parts.headers, X_SESSION_ID)?;
    let Some(authorization) = authorization else {
        return Err(gate.refuse(Fault::Missing, &arrival));
    };
    let token = match Authorization::parse(authorization) {
        Ok(Authorization::Bearer(token)) => token,
        // A credential of another scheme is no token, so the challenge does not call one invalid.
        Ok(_) => return Err(gate.refuse(Fault::Missing, &arrival)),
        Err(_) => return Err(gate.refuse(Fault::Malformed, &arrival)),
    };
    let Some(session) = session else {
        return Err(Refusal::new(Reason::SessionHeaderMissing(X_SESSION_ID)));
    };
    let Ok(session) = key_text(session) else {
        return Err(gate.refuse(Fault::Malformed, &arrival));
    };
    let mode = app.listener.mode.default_mode();
    let rings = app.listener.rings(arrival.now);
    let principal = gate.session(&rings.session, mode, token.expose_secret(), session, &arrival).await?;
    let policy = Policy {
        signature: SignatureRule::Unsigned,
        scope: ScopeRule::Needs(scope),
        bucket,
        per: Payer::Merchant,
        browser: None,
    };
    Ok((gate.authorize(principal, &policy, &arrival).await?, arrival))
}

fn header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h http::HeaderValue>, Refusal> {
    single(headers, &HeaderName::from_static(name)).map_err(|_| Refusal::new(Reason::RepeatedHeader(name)))
}
