//! 88Pay: an API key and a merchant id buy a 60-second token that works with its session id only.

mod access;
mod balance;
mod charges;
mod envelope;
mod notification;
mod token;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};

use super::Dialect;
use crate::app::App;
use crate::auth::Refusal;

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

    fn routes(&self) -> Router<App> {
        Router::new()
            .route("/api/auth/token", post(token::issue))
            .route("/api/transactions/charges", post(charges::create))
            .route("/api/balance", get(balance::show))
    }

    fn render(&self, refusal: &Refusal, path: &str) -> Response {
        envelope::refusal(refusal, path)
    }
}
