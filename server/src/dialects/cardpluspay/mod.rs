//! CardPlusPay: one API key, and for accounts that want it a signed challenge beside it.

mod access;
mod balance;
mod challenge;
mod codes;
mod envelope;
mod order_list;
mod orders;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};

use super::Dialect;
use crate::app::App;
use crate::auth::Refusal;

/// The CardPlusPay dialect.
#[derive(Debug)]
pub struct CardPlusPay;

impl Dialect for CardPlusPay {
    fn name(&self) -> &'static str {
        "cardpluspay"
    }

    /// Every path of version 1 but the one that is another vendor's.
    fn owns(&self, path: &str) -> bool {
        path.starts_with("/v1/") && path != "/v1/checkout-auth/init"
    }

    fn fits_any_mode(&self) -> bool {
        true
    }

    fn routes(&self) -> Router<App> {
        Router::new()
            .route("/v1/auth/challenge", post(challenge::issue))
            .route("/v1/balance", get(balance::show))
            .route("/v1/orders", get(order_list::list).post(orders::create))
    }

    fn render(&self, refusal: &Refusal, _: &str) -> Response {
        envelope::refusal(refusal)
    }
}
