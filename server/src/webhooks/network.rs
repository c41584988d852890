//! The two things a delivery asks of the network.

use std::io;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use tokio::net::TcpStream;

/// Resolves names and opens connections; it decides nothing.
#[async_trait]
pub trait Network: Send + Sync {
    /// Every address of a name, best first.
    ///
    /// # Errors
    ///
    /// Whatever the resolver says.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
    /// Connects to exactly this address.
    ///
    /// # Errors
    ///
    /// Whatever the operating system says.
    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream>;
}

/// The operating system's resolver and sockets; no proxy, whatever the environment says.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemNetwork;

#[async_trait]
impl Network for SystemNetwork {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }

    async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        TcpStream::connect(address).await
    }
}
