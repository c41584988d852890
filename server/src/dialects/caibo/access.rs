//! Which credential counts on a Caibo route: the checkout token before the key, never one for the other.

use std::sync::LazyLock;

use http::HeaderName;
use http::request::Parts;
use tollgate_apikey::Scopes;
use tollgate_checkout_scope::AllowList;
use tollgate_http_credentials::{Carrier, Presented, Reader, Scheme};

use crate::account::KeyFamily;
use crate::app::App;
use crate::auth::{
    Arrival, Authorized, BrowserRule, Fault, OriginRule, PanelUser, Payer, Policy, Principal, Reason, Refusal,
    ScopeRule, SignatureRule,
};
use crate::dialects::arrival;
use crate::limits::{Bucket, Window};

pub(super) const READ: &str = "payment_requests:read";
pub(super) const WRITE: &str = "payment_requests:write";
pub(super) const MINT: &str = "checkout_sessions:write";

/// Every scope of a Caibo key; a new key has all.
pub(super) static ALL_SCOPES: LazyLock<Scopes> = LazyLock::new(|| {
    Scopes::parse("checkout_sessions:write payment_requests:read payment_requests:write")
        .unwrap_or_else(|_| Scopes::empty())
});

/// The header of a browser token.
pub(super) const X_CHECKOUT_TOKEN: HeaderName = HeaderName::from_static("x-checkout-token");
/// The header of an API key.
pub(super) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

const KEY_CALLS: Bucket = Bucket::new("caibo_key", &[Window::new(600, 60)]);
pub(super) const BROWSER_CALLS: Bucket = Bucket::new("caibo_checkout", &[Window::new(60, 60)]);

/// What a browser token may do with its payment request.
pub(super) const BROWSER_ROUTES: &[(&str, &str)] = &[
    ("GET", "/payment-requests/{id}"),
    ("GET", "/payment-requests/{id}/status"),
    ("POST", "/payment-requests/{id}/payments"),
];

#[expect(clippy::expect_used, reason = "a constant table, compiled once; a test compiles it")]
static ALLOW_LIST: LazyLock<AllowList> =
    LazyLock::new(|| AllowList::compile(BROWSER_ROUTES).expect("the constant allow-list is well formed"));

/// Authenticates and authorizes a call by token or key.
pub(super) async fn call(app: &App, parts: &Parts, scope: ScopeRule) -> Result<(Authorized, Arrival), Refusal> {
    let arrival = arrival(parts)?;
    let principal = authenticate(app, parts, &arrival).await?;
    let policy = Policy {
        signature: SignatureRule::Unsigned,
        scope,
        bucket: KEY_CALLS,
        per: Payer::Caller,
        browser: Some(BrowserRule {
            allow_list: &ALLOW_LIST,
            method: parts.method.as_str(),
            path: parts.uri.path(),
            bucket: BROWSER_CALLS,
            origin: OriginRule::Ignored,
        }),
    };
    Ok((app.services.gate.authorize(principal, &policy, &arrival).await?, arrival))
}

/// Authenticates a panel call. A browser token counts here too, and may nothing.
pub(super) async fn panel(app: &App, parts: &Parts) -> Result<(PanelUser, Arrival), Refusal> {
    let arrival = arrival(parts)?;
    let gate = &app.services.gate;
    let browser = Reader::new(&[Carrier::ApiKeyHeader(X_CHECKOUT_TOKEN)]);
    let bearer = Reader::new(&[Carrier::Authorization(Scheme::Bearer)]);
    let presented = (browser.read(&parts.headers), bearer.read(&parts.headers));
    let (browser, bearer) = (presented.0.map_err(shape)?, presented.1.map_err(shape)?);
    match browser {
        Presented::None => {}
        Presented::Key { text, .. } => {
            let principal = gate.checkout(text.expose_secret(), &arrival).await?;
            let scope = ScopeRule::Nothing;
            let nothing = Policy {
                signature: SignatureRule::Unsigned,
                scope,
                bucket: BROWSER_CALLS,
                per: Payer::Caller,
                browser: None,
            };
            gate.authorize(principal, &nothing, &arrival).await?.server_call()?;
            return Err(Refusal::new(Reason::ScopeDenied));
        }
        _ => return Err(gate.refuse(Fault::Malformed, &arrival)),
    }
    match bearer {
        Presented::Bearer(token) => {
            let user = gate.panel(&app.listener.rings(arrival.now).panel, token.expose_secret(), &arrival).await?;
            Ok((user, arrival))
        }
        Presented::None => Err(gate.refuse(Fault::Missing, &arrival)),
        _ => Err(gate.refuse(Fault::Malformed, &arrival)),
    }
}

async fn authenticate(app: &App, parts: &Parts, arrival: &Arrival) -> Result<Principal, Refusal> {
    static READER: LazyLock<Reader> = LazyLock::new(|| {
        Reader::with_precedence(Carrier::ApiKeyHeader(X_CHECKOUT_TOKEN), Carrier::ApiKeyHeader(X_API_KEY))
    });
    let gate = &app.services.gate;
    match READER.read(&parts.headers).map_err(shape)? {
        Presented::Key { header, text } if header == X_CHECKOUT_TOKEN => {
            gate.checkout(text.expose_secret(), arrival).await
        }
        Presented::Key { text, .. } => gate.api_key(text.expose_secret(), KeyFamily::CAIBO, arrival).await,
        Presented::None => Err(gate.refuse(Fault::Missing, arrival)),
        _ => Err(gate.refuse(Fault::Malformed, arrival)),
    }
}

/// The id in the path as it was sent: an id has one spelling, and one with an escape is another.
pub(super) fn path_id(parts: &Parts) -> &str {
    parts.uri.path().split('/').nth(2).unwrap_or_default()
}

/// A header that came twice; the readers here cannot fail otherwise.
fn shape(_: tollgate_http_credentials::ShapeError) -> Refusal {
    Refusal::new(Reason::RepeatedHeader("credential"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialects::Dialect;

    #[test]
    fn the_allow_list_names_real_routes() {
        let routes = super::super::Caibo.routes();
        let real: Vec<_> = routes.names().map(|(method, path)| (method.as_str(), path)).collect();
        ALLOW_LIST.check_routes(&real).unwrap();
        assert_eq!(ALL_SCOPES.len(), 3);
    }
}
