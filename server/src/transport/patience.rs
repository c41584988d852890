//! How a request that takes too long is ended.

use std::time::Duration;

use hyper::rt::Timer as _;

use super::noted_timer::NotedTimer;

/// Waits for a request's time to be over.
#[derive(Debug, Clone)]
pub enum Patience {
    /// With a timer of the runtime: for requests that share a connection, and for callers without one.
    Alone,
    /// With the timer that the connection has for everything.
    OfConnection(NotedTimer),
}

impl Patience {
    /// Ends `after` this long.
    pub async fn end(&self, after: Duration) {
        match self {
            Self::Alone => tokio::time::sleep(after).await,
            Self::OfConnection(timer) => timer.sleep(after).await,
        }
    }
}
