//! Binding, accepting and stopping.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::rustls::ServerConfig;

use super::address_places::AddressPlaces;
use super::connection::Host;
use super::{Bounds, Front};
use crate::telemetry::Meter;

/// A bound address that does not serve yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// What is spoken on a listener.
#[derive(Debug, Clone)]
pub enum Wire {
    /// HTTP/1.1, not encrypted.
    Plain,
    /// HTTP/2 or HTTP/1.1 in TLS; each new connection takes the configuration that stands at that moment.
    Tls(watch::Receiver<Arc<ServerConfig>>),
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

/// Wait before the next try when the system gives no connection, as when too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// Binds an address.
///
/// # Errors
///
/// [`ServeError`] as its variants say.
pub fn bind(address: SocketAddr) -> Result<Bound, ServeError> {
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::AddrInUse => ServeError::InUse(address),
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

    /// Serves until `stop` says so, then lets running requests finish.
    ///
    /// # Errors
    ///
    /// [`ServeError::Refused`] when the address cannot be listened on.
    pub async fn serve(
        self,
        front: impl Front,
        wire: Wire,
        bounds: Bounds,
        meter: Option<Meter>,
        stop: watch::Receiver<bool>,
    ) -> Result<(), ServeError> {
        let refused = |error| ServeError::Refused(self.address, error);
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(refused)?;
        let places = Arc::new(Semaphore::new(bounds.connections));
        // Behind a terminator all connections come from one address.
        let of_address = matches!(wire, Wire::Tls(_)).then(|| AddressPlaces::new(bounds.per_address));
        let mut stopped = stop.clone();
        let host = Host { front, wire, bounds, meter, stop };
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let next = async {
                // The place comes first: a connection that is not accepted costs this process nothing.
                let place = places.clone().acquire_owned().await;
                (place, accept(&listener).await)
            };
            let (place, (stream, peer)) = tokio::select! {
                biased;
                // A sender that is gone means stop, too.
                _ = stopped.wait_for(|stop| *stop) => break,
                next = next => next,
            };
            let place = match of_address.as_ref().map(|places| places.take(peer)) {
                None => (place, None),
                Some(Some(of_address)) => (place, Some(of_address)),
                Some(None) => {
                    if let Some(meter) = &host.meter {
                        meter.connection_refused();
                    }
                    continue;
                }
            };
            let host = host.clone();
            connections.spawn(async move {
                let _open = host.meter.as_ref().map(Meter::connection);
                host.clone().attend(stream, peer).await;
                drop(place);
            });
        }
        // New connections are refused from here on; each of the others ends itself within its grace.
        drop(listener);
        while connections.join_next().await.is_some() {}
        Ok(())
    }
}

async fn accept(listener: &tokio::net::TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            // The client has gone already.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
