//! Alternative Payments: a client's access token buys browser tokens, each for one invoice of one customer.

mod access;
mod checkout_auth;
mod cors;
mod error;
mod invoice;
mod notification;
mod payment_methods;
mod payments;
mod token;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodRouter, get, options, post};

use super::{Dialect, oauth};
use crate::app::App;
use crate::auth::{Reason, Refusal};

/// The Alternative Payments dialect.
#[derive(Debug)]
pub struct Alternative;

impl Dialect for Alternative {
    fn name(&self) -> &'static str {
        "alternative"
    }

    fn owns(&self, path: &str) -> bool {
        takes_access_token(path) || is_oauth(path) || is_checkout(path)
    }

    fn routes(&self) -> Router<App> {
        let server = Router::new()
            .route("/oauth/token", post(token::issue))
            .route("/v1/checkout-auth/init", post(checkout_auth::init))
            .route("/checkout-auth/init", post(checkout_auth::init));
        let browser = Router::new()
            .merge(both("/invoice", || get(invoice::show)))
            .merge(both("/invoice/pdf-link", || get(invoice::pdf_link)))
            .merge(both("/payment-methods", || get(payment_methods::list)))
            .merge(both("/payments", || post(payments::pay)))
            .route("/checkout/{*rest}", options(cors::preflight).fallback(unknown))
            .layer(map_response(cors::open));
        server.merge(browser)
    }

    fn render(&self, refusal: &Refusal, path: &str) -> Response {
        if is_oauth(path) {
            oauth::refusal(refusal)
        } else if is_checkout(path) {
            cors::open_now(error::refusal(refusal, path))
        } else {
            error::refusal(refusal, path)
        }
    }
}

/// A route of the checkout API under both its roots, and what browsers ask before they use it.
fn both(path: &str, handler: impl Fn() -> MethodRouter<App>) -> Router<App> {
    access::ROOTS
        .iter()
        .fold(Router::new(), |router, root| router.route(&format!("{root}{path}"), handler().options(cors::preflight)))
}

async fn unknown() -> Refusal {
    Refusal::new(Reason::NotFound)
}

fn is_oauth(path: &str) -> bool {
    path.starts_with("/oauth/")
}

fn is_checkout(path: &str) -> bool {
    path.starts_with("/checkout/")
}

/// The routes that make checkout tokens.
fn takes_access_token(path: &str) -> bool {
    matches!(path, "/v1/checkout-auth/init" | "/checkout-auth/init")
}
