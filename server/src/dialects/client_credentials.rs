//! OAuth clients that authenticate by `Authorization: Basic`, and the client-credentials grant (RFC 6749 §4.4), shared
//! by the OAuth dialects.

use axum::extract::Request;
use tollgate_http_credentials::{Carrier, Presented, Reader, Scheme};

use super::arrival;
use crate::account::ClientDialect;
use crate::app::App;
use crate::auth::{Arrival, Authorized, Fault, Payer, Policy, Principal, Reason, Refusal, ScopeRule, SignatureRule};
use crate::limits::Bucket;
use crate::transport::Form;

/// A client that sent a form; at the token endpoint, one that asks for the client-credentials grant.
pub(super) struct TokenRequest {
    pub(super) call: Authorized,
    pub(super) arrival: Arrival,
    pub(super) form: Form,
}

/// Authenticates the client, then reads the form and the grant in it.
pub(super) async fn token_request(
    app: &App,
    request: Request,
    dialect: ClientDialect,
    bucket: Bucket,
) -> Result<TokenRequest, Refusal> {
    let request = client_request(app, request, &[dialect], bucket).await?;
    match request.form.get("grant_type") {
        Some("client_credentials") => Ok(request),
        Some(_) => Err(Refusal::new(Reason::UnsupportedGrantType)),
        None => Err(Refusal::invalid()),
    }
}

/// Authenticates a client of one of these dialects, then reads its form.
pub(super) async fn client_request(
    app: &App,
    request: Request,
    dialects: &[ClientDialect],
    bucket: Bucket,
) -> Result<TokenRequest, Refusal> {
    let (parts, body) = request.into_parts();
    let arrival = arrival(&parts)?;
    let principal = basic_client(app, &parts.headers, dialects, &arrival).await?;
    let policy = Policy {
        signature: SignatureRule::Unsigned,
        scope: ScopeRule::Nothing,
        bucket,
        per: Payer::Caller,
        browser: None,
    };
    let call = app.services.gate.authorize(principal, &policy, &arrival).await?;
    let form = Form::read(&parts.headers, body).await?;
    // One way to authenticate a request (RFC 6749 §2.3).
    if form.get("client_id").is_some() || form.get("client_secret").is_some() {
        return Err(Refusal::invalid());
    }
    Ok(TokenRequest { call, arrival, form })
}

/// Authenticates an OAuth client of one of these dialects by `Authorization: Basic`.
async fn basic_client(
    app: &App,
    headers: &http::HeaderMap,
    dialects: &[ClientDialect],
    arrival: &Arrival,
) -> Result<Principal, Refusal> {
    let gate = &app.services.gate;
    let reader = Reader::new(&[Carrier::Authorization(Scheme::Basic)]);
    let presented = reader.read(headers).map_err(|_| Refusal::new(Reason::RepeatedHeader("authorization")))?;
    let token = match presented {
        Presented::Basic(token) => token,
        Presented::None => return Err(gate.refuse(Fault::Missing, arrival)),
        _ => return Err(gate.refuse(Fault::Malformed, arrival)),
    };
    let pair = token.decode_client().map_err(|_| gate.refuse(Fault::Malformed, arrival))?;
    let principal = gate.client(pair.user_id(), pair.expose_password(), dialects, arrival).await?;
    // The tokens of a listener have one mode, also where credentials of both are served.
    if principal.mode() == app.listener.token_mode() {
        Ok(principal)
    } else {
        Err(gate.refuse(Fault::OtherMode, arrival))
    }
}
