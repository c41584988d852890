//! Pledg: a client pair buys a ten-minute token, a panel user's Basic credential moves purchases, and a merchant's
//! signature makes a purchase link. Each route takes exactly one of the three.

mod access;
mod answer;
mod description;
mod link_query;
mod notification;
mod purchase_link;
mod purchases;
mod secured_endpoint;
mod token;

use axum::response::Response;

use super::Dialect;
use crate::auth::Refusal;
use crate::openapi::Routes;

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

    fn routes(&self) -> Routes {
        Routes::new([
            token::route(),
            secured_endpoint::route(),
            purchases::release_route(),
            purchases::credit_route(),
            purchase_link::route("/api/purchase_link", "pledgOpenLink"),
            purchase_link::route("/api/purchase_link/", "pledgOpenLinkSlash"),
        ])
    }

    fn render(&self, refusal: &Refusal, path: &str) -> Response {
        answer::refusal(refusal, path)
    }
}
