//! What the OAuth dialects share: the metadata of the server, and questions about tokens that were issued.

mod error;
mod introspect;
mod metadata;
mod presented;
mod revoke;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

pub(super) use error::refusal;
pub(super) use presented::CLIENT_CALLS;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/oauth-authorization-server", get(metadata::show))
        .route("/oauth/introspect", post(introspect::answer))
        .route("/oauth/revoke", post(revoke::answer))
}
