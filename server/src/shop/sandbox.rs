//! Calls to the API as a shop's server makes them, without the socket between.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Request};
use serde_json::Value;
use tower::ServiceExt;
use zeroize::Zeroizing;

use super::ShopError;

/// The sandbox as the shop reaches it.
pub struct Sandbox {
    router: Router,
    base_url: String,
    peer: SocketAddr,
}

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;

impl Sandbox {
    /// The sandbox that answers at `base_url`; calls come from `peer`.
    #[must_use]
    pub fn new(router: Router, base_url: &str, peer: SocketAddr) -> Self {
        Self { router, base_url: base_url.to_owned(), peer }
    }

    /// Where browsers reach it.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// One call; the body of a good answer, `Null` if it is empty.
    ///
    /// # Errors
    ///
    /// [`ShopError::Refused`] with the status, [`ShopError::Malformed`] for anything that is not HTTP and JSON.
    pub(super) async fn post(
        &self,
        path: &str,
        (name, value): (HeaderName, Zeroizing<String>),
        media_type: &'static str,
        body: String,
    ) -> Result<Value, ShopError> {
        let mut credential = HeaderValue::from_str(&value).map_err(|_| ShopError::Malformed)?;
        credential.set_sensitive(true);
        let request = Request::post(path).header(name, credential).header(CONTENT_TYPE, media_type);
        let mut request = request.body(Body::from(body)).map_err(|_| ShopError::Malformed)?;
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let Ok(answer) = self.router.clone().oneshot(request).await;
        if !answer.status().is_success() {
            return Err(ShopError::Refused(answer.status().as_u16()));
        }
        let body = to_bytes(answer.into_body(), MAX_ANSWER).await.map_err(|_| ShopError::Malformed)?;
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| ShopError::Malformed)
    }
}
