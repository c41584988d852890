//! Caibo IPG: panel login, API keys, and browser tokens bound to one payment request.

mod access;
mod api_key;
mod checkout_session;
mod description;
mod login;
mod main_page;
mod notification;
mod payment_requests;
mod payments;
mod whoami;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use tollgate_apikey::Scopes;

use super::{Dialect, problem};
use crate::app::App;
use crate::auth::Refusal;
use crate::openapi::Routes;

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

    fn fits_any_mode(&self) -> bool {
        true
    }

    fn routes(&self) -> Routes {
        Routes::new([
            login::route(),
            whoami::route(),
            api_key::route(),
            payment_requests::create_route(),
            payment_requests::show_route(),
            payment_requests::status_route(),
            payments::route(),
            checkout_session::route(),
        ])
    }

    fn pages(&self) -> Router<App> {
        Router::new().route(main_page::PATH, get(main_page::show))
    }

    fn render(&self, refusal: &Refusal, path: &str) -> Response {
        if path == main_page::PATH && main_page::hides(refusal) {
            return main_page::refused();
        }
        problem::render(refusal, challenges(path))
    }
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
