//! A refusal on its way to the edge.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::auth::Refusal;

impl IntoResponse for Refusal {
    /// A placeholder that the edge replaces by the dialect's rendering.
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
