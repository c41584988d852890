//! Alternative Payments: a client's access token buys browser tokens, each for one invoice of one customer.

mod access;
mod checkout_auth;
mod cors;
mod description;
mod error;
mod invoice;
mod notification;
mod payment_methods;
mod payments;
mod token;

use axum::response::Response;
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;

use super::{Dialect, oauth};
use crate::auth::Refusal;
use crate::openapi::Routes;

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

    fn routes(&self) -> Routes {
        let server = Routes::new([
            token::route(),
            checkout_auth::route("/v1/checkout-auth/init", "alternativeInit"),
            checkout_auth::route("/checkout-auth/init", "alternativeInitSdk"),
        ]);
        let browser = access::ROOTS.iter().flat_map(|root| {
            [
                invoice::route(root),
                invoice::pdf_link_route(root),
                payment_methods::route(root),
                payments::route(root),
                cors::route(root, "/invoice"),
                cors::route(root, "/invoice/pdf-link"),
                cors::route(root, "/payment-methods"),
                cors::route(root, "/payments"),
            ]
        });
        let browser = Routes::new(browser.chain([cors::route_for_the_rest()]));
        server.merge(browser.map_response(cors::open))
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
            cors::open(error::refusal(refusal, path))
        } else {
            error::refusal(refusal, path)
        }
    }
}

const TOKEN: &str = "/oauth/token";

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
