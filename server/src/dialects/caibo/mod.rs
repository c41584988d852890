//! Caibo IPG: panel login, API keys, and browser tokens bound to one payment request.

mod access;
mod api_key;
mod checkout_session;
mod login;
mod notification;
mod payment_requests;
mod payments;
mod whoami;

use axum::Router;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post, put};
use tollgate_apikey::Scopes;

use super::{Dialect, problem};
use crate::app::App;
use crate::auth::Refusal;

/// The Caibo dialect.
#[derive(Debug)]
pub struct Caibo;

impl Dialect for Caibo {
    fn name(&self) -> &'static str {
        "caibo"
    }

    fn owns(&self, path: &str) -> bool {
        let under = |root: &str| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let key_route = path
            .strip_prefix("/users/")
            .and_then(|rest| rest.strip_suffix("/apikey"))
            .is_some_and(|id| !id.contains('/'));
        matches!(path, "/auth/login" | "/auth/whoami" | "/main") || key_route || under("/payment-requests")
    }

    fn routes(&self) -> Router<App> {
        table().into_iter().fold(Router::new(), |routes, (_, path, handler)| routes.route(path, handler))
    }

    fn render(&self, refusal: &Refusal, path: &str) -> Response {
        problem::render(refusal, challenges(path))
    }
}

/// The routes by method and path; the allow-list for browser tokens is checked against them.
fn table() -> [(&'static str, &'static str, MethodRouter<App>); 8] {
    [
        ("POST", "/auth/login", post(login::log_in)),
        ("GET", "/auth/whoami", get(whoami::who_am_i)),
        ("PUT", "/users/{id}/apikey", put(api_key::regenerate)),
        ("POST", "/payment-requests", post(payment_requests::create)),
        ("GET", "/payment-requests/{id}", get(payment_requests::show)),
        ("GET", "/payment-requests/{id}/status", get(payment_requests::status)),
        ("POST", "/payment-requests/{id}/payments", post(payments::pay)),
        ("POST", "/payment-requests/{id}/checkout-session", post(checkout_session::mint)),
    ]
}

/// Every scope of a Caibo key; a new key has all.
#[must_use]
pub fn all_scopes() -> Scopes {
    access::ALL_SCOPES.clone()
}

const PANEL: &str = "Bearer realm=\"caibo-panel\"";
const KEY: &str = "ApiKey realm=\"caibo\"";
const TOKEN: &str = "CheckoutToken realm=\"caibo\"";

/// What a route accepts, as `WWW-Authenticate` values.
fn challenges(path: &str) -> &'static [&'static str] {
    let browser = path.strip_prefix("/payment-requests/").is_some_and(|rest| match rest.split_once('/') {
        None => true,
        Some((_, tail)) => matches!(tail, "status" | "payments"),
    });
    if path == "/auth/login" || path.starts_with("/users/") {
        &[PANEL]
    } else if browser {
        &[KEY, TOKEN]
    } else {
        &[KEY]
    }
}
