//! Alternative Payments: a client's access token buys browser tokens, each for one invoice of one customer.

mod access;
mod checkout_auth;
mod cors;
mod error;
mod invoice;
mod payment_methods;
mod payments;
mod token;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodRouter, get, options, post};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;

use super::{Dialect, oauth};
use crate::app::App;
use crate::auth::{Reason, Refusal};

/// The Alternative Payments dialect.
#[derive(Debug)]
pub struct Alternative {
    /// The status with which `POST /oauth/token` refuses a client that is not good.
    invalid_client: StatusCode,
}

impl Alternative {
    /// 401 with a challenge for a client that is not good, as RFC 6749 §5.2 has it.
    pub const STANDARD: Self = Self { invalid_client: StatusCode::UNAUTHORIZED };
    /// 403 without a challenge, as the vendor documents it.
    pub const DOCUMENTED: Self = Self { invalid_client: StatusCode::FORBIDDEN };
}

impl Dialect for Alternative {
    fn name(&self) -> &'static str {
        "alternative"
    }

    fn owns(&self, path: &str) -> bool {
        takes_access_token(path) || is_oauth(path) || is_checkout(path)
    }

    fn routes(&self) -> Router<App> {
        let server = Router::new()
            .route(TOKEN, post(token::issue))
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
            let mut response = oauth::refusal(refusal);
            if path == TOKEN && response.status() == StatusCode::UNAUTHORIZED {
                *response.status_mut() = self.invalid_client;
                if self.invalid_client != StatusCode::UNAUTHORIZED {
                    response.headers_mut().remove(WWW_AUTHENTICATE);
                }
            }
            response
        } else if is_checkout(path) {
            cors::open_now(error::refusal(refusal, path))
        } else {
            error::refusal(refusal, path)
        }
    }
}

const TOKEN: &str = "/oauth/token";

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
