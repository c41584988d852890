//! Binding, serving and stopping.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use hyper_util::rt::TokioTimer;

/// A bound address that does not serve yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// An address could not be bound or served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program listens there.
    #[error("{0} is already in use: stop the other program or choose another address")]
    InUse(SocketAddr),
    /// The operating system refuses.
    #[error("{0} cannot be served: {1}")]
    Refused(SocketAddr, std::io::Error),
}

/// Time for the request line and headers.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of request line and headers.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Time that running requests get when the server stops: longer than any of them may take.
const GRACE: Duration = Duration::from_secs(16);

/// Binds an address.
///
/// # Errors
///
/// [`ServeError`] as its variants say.
pub fn bind(address: SocketAddr) -> Result<Bound, ServeError> {
    let refused = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AddrInUse => ServeError::InUse(address),
        _ => ServeError::Refused(address, error),
    };
    let listener = TcpListener::bind(address).map_err(refused)?;
    listener.set_nonblocking(true).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    Ok(Bound { listener, address })
}

impl Bound {
    /// The address, with the port the operating system chose if it was 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is notified, then lets running requests finish.
    ///
    /// # Errors
    ///
    /// [`ServeError::Refused`] when the listener breaks.
    pub async fn serve(self, router: Router, stop: tokio::sync::watch::Receiver<()>) -> Result<(), ServeError> {
        let address = self.address;
        let refused = |error| ServeError::Refused(address, error);
        let handle = Handle::new();
        // With HTTP/1 alone the header time-out runs from the first moment of a connection.
        let mut server = axum_server::from_tcp(self.listener).map_err(refused)?.http1_only().handle(handle.clone());
        let builder = server.http_builder();
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_HEADER_BYTES);
        let stopping = tokio::spawn(async move {
            let mut stop = stop;
            // A sender that is gone means stop, too.
            let _ = stop.changed().await;
            handle.graceful_shutdown(Some(GRACE));
        });
        let served = server.serve(router.into_make_service_with_connect_info::<SocketAddr>()).await;
        stopping.abort();
        served.map_err(refused)
    }
}
