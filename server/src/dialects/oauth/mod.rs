//! What the OAuth dialects share: the metadata of the server, and questions about tokens that were issued.

mod description;
mod error;
mod introspect;
mod metadata;
mod presented;
mod revoke;

use crate::openapi::Routes;

pub(super) use description::CLIENT_CALL;
pub(super) use error::{Failure, refusal};
pub(super) use presented::CLIENT_CALLS;

pub(super) fn routes() -> Routes {
    Routes::new([metadata::route(), introspect::route(), revoke::route()])
}
