//! What stands behind a listener.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use tower::Service;

use super::Patience;

/// Answers the requests that come to a listener.
pub trait Front: Clone + Send + Sync + 'static {
    /// What stands behind one connection.
    #[must_use]
    fn of_connection(&self) -> Self {
        self.clone()
    }

    /// The answer to a request that came from `peer`; `patience` ends those that take too long.
    fn answer(&self, peer: SocketAddr, patience: &Patience, request: Request) -> impl Future<Output = Response> + Send;
}

/// For what is not behind the edge; handlers find the peer as [`ConnectInfo`].
impl Front for Router {
    async fn answer(&self, peer: SocketAddr, _: &Patience, mut request: Request) -> Response {
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer: Result<Response, Infallible> = self.clone().call(request).await;
        answer.unwrap_or_else(|never| match never {})
    }
}
