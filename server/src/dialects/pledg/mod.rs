//! Pledg: a client pair buys a ten-minute token, a panel user's Basic credential moves purchases, and a merchant's
//! signature makes a purchase link. Each route takes exactly one of the three.

mod access;
mod answer;
mod link_query;
mod notification;
mod purchase_link;
mod purchases;
mod secured_endpoint;
mod token;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};

use super::Dialect;
use crate::app::App;
use crate::auth::Refusal;

/// The Pledg dialect.
#[derive(Debug)]
pub struct Pledg;

impl Dialect for Pledg {
    fn name(&self) -> &'static str {
        "pledg"
    }

    fn owns(&self, path: &str) -> bool {
        matches!(path, "/api/token" | "/api/a_secured_endpoint" | "/api/purchase_link" | "/api/purchase_link/")
            || path.starts_with("/api/purchases/")
    }

    fn routes(&self) -> Router<App> {
        Router::new()
            .route("/api/token", post(token::issue))
            .route("/api/a_secured_endpoint", get(secured_endpoint::show))
            .route("/api/purchases/{uid}/release", post(purchases::release))
            .route("/api/purchases/{uid}/credit_by_transfer", post(purchases::credit_by_transfer))
            .route("/api/purchase_link", post(purchase_link::open))
            .route("/api/purchase_link/", post(purchase_link::open))
    }

    fn render(&self, refusal: &Refusal, path: &str) -> Response {
        answer::refusal(refusal, path)
    }
}
