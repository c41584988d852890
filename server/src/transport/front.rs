//! What stands behind a listener.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use tower::Service;

/// Answers the requests that come to a listener.
pub trait Front: Clone + Send + Sync + 'static {
    /// The answer to a request that came from `peer`.
    fn answer(&self, peer: SocketAddr, request: Request) -> impl Future<Output = Response> + Send;
}

/// For what is not behind the edge; handlers find the peer as [`ConnectInfo`].
impl Front for Router {
    async fn answer(&self, peer: SocketAddr, mut request: Request) -> Response {
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer: Result<Response, Infallible> = self.clone().call(request).await;
        answer.unwrap_or_else(|never| match never {})
    }
}
