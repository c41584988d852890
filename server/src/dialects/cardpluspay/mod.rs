//! CardPlusPay: one API key, and for accounts that want it a signed challenge beside it.

mod access;
mod balance;
mod challenge;
mod codes;
mod description;
mod envelope;
mod order_list;
mod orders;

use axum::response::Response;

use super::Dialect;
use crate::auth::Refusal;
use crate::openapi::Routes;

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

    fn routes(&self) -> Routes {
        Routes::new([challenge::route(), balance::route(), order_list::route(), orders::route()])
    }

    fn render(&self, refusal: &Refusal, _: &str) -> Response {
        envelope::refusal(refusal)
    }
}
