//! Which credential counts on a route, and what a call costs.

use std::sync::Arc;

use http::request::Parts;
use tollgate_http_credentials::{Carrier, Presented, Reader, Scheme};
use tollgate_jwt_session::VerifiedToken;

use super::link_query;
use crate::app::App;
use crate::auth::{Arrival, Authorized, Fault, Payer, PledgClaims, Policy, Reason, Refusal, ScopeRule, SignatureRule};
use crate::dialects::arrival;
use crate::limits::{Bucket, Window};

pub(super) const TOKENS: Bucket = Bucket::new("pledg_tokens", &[Window::new(60, 60)]);
const DASHBOARD: Bucket = Bucket::new("pledg_dashboard", &[Window::new(60, 60)]);
const LINKS: Bucket = Bucket::new("pledg_links", &[Window::new(60, 60)]);
/// Calls by token are not counted.
const TOKEN_CALLS: Bucket = Bucket::new("pledg_token_calls", &[]);

/// Authenticates by access token.
pub(super) async fn by_token(
    app: &App,
    parts: &Parts,
) -> Result<(Authorized, Arc<VerifiedToken<PledgClaims>>), Refusal> {
    let arrival = arrival(parts)?;
    let gate = &app.services.gate;
    let token = match read(parts, Scheme::Bearer)? {
        Presented::Bearer(token) => token,
        // A credential of another scheme is no token, so the challenge does not call one invalid.
        Presented::None => return Err(gate.refuse(Fault::Missing, &arrival)),
        _ => return Err(gate.refuse(Fault::Malformed, &arrival)),
    };
    let rings = app.listener.rings(arrival.now);
    let (principal, verified) = gate.pledg_token(&rings.pledg, rings.mode, token.expose_secret(), &arrival).await?;
    let call = gate.authorize(principal, &policy(TOKEN_CALLS, Payer::Caller), &arrival).await?;
    Ok((call, verified))
}

/// Authenticates by a panel user's e-mail and password.
pub(super) async fn by_dashboard(app: &App, parts: &Parts) -> Result<(Authorized, Arrival), Refusal> {
    let arrival = arrival(parts)?;
    let gate = &app.services.gate;
    let pair = match read(parts, Scheme::Basic)? {
        Presented::Basic(pair) => pair,
        Presented::None => return Err(gate.refuse(Fault::Missing, &arrival)),
        _ => return Err(gate.refuse(Fault::Malformed, &arrival)),
    };
    let principal = gate.dashboard(&pair, app.listener.token_mode(), &arrival).await?;
    Ok((gate.authorize(principal, &policy(DASHBOARD, Payer::Caller), &arrival).await?, arrival))
}

/// Authenticates by the signature in the query; what was signed comes with it.
pub(super) async fn by_signature(app: &App, parts: &Parts) -> Result<(Authorized, String, Arrival), Refusal> {
    let arrival = arrival(parts)?;
    let gate = &app.services.gate;
    let signature = link_query::signature(parts.uri.query().unwrap_or_default())?;
    let signature = signature.ok_or_else(|| gate.refuse(Fault::Missing, &arrival))?;
    let (principal, signed) = gate.signed_request(signature, app.listener.token_mode(), &arrival).await?;
    let call = gate.authorize(principal, &policy(LINKS, Payer::Merchant), &arrival).await?;
    Ok((call, signed, arrival))
}

fn read(parts: &Parts, scheme: Scheme) -> Result<Presented<'_>, Refusal> {
    let reader = Reader::new(&[Carrier::Authorization(scheme)]);
    reader.read(&parts.headers).map_err(|_| Refusal::new(Reason::RepeatedHeader("authorization")))
}

fn policy(bucket: Bucket, per: Payer) -> Policy<'static> {
    Policy { signature: SignatureRule::Unsigned, scope: ScopeRule::Nothing, bucket, per, browser: None }
}
