//! 88Pay: an API key and a merchant id buy a 60-second token that works with its session id only.

mod access;
mod balance;
mod charges;
mod description;
mod envelope;
mod notification;
mod token;

use axum::response::Response;

use super::Dialect;
use crate::auth::Refusal;
use crate::openapi::Routes;

/// The 88Pay dialect.
#[derive(Debug)]
pub struct EightyEightPay;

impl Dialect for EightyEightPay {
    fn name(&self) -> &'static str {
        "88pay"
    }

    fn owns(&self, path: &str) -> bool {
        matches!(path, "/api/auth/token" | "/api/balance") || path.starts_with("/api/transactions/")
    }

    fn routes(&self) -> Routes {
        Routes::new([token::route(), charges::route(), balance::route()])
    }

    fn render(&self, refusal: &Refusal, path: &str) -> Response {
        envelope::refusal(refusal, path)
    }
}
