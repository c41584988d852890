//! What one listener gives its connections: how many there may be, and how long each may take for what.

use std::time::Duration;

/// The bounds of a listener.
///
/// HTTP/1.1 bounds the head of a request by [`header`](Self::header). HTTP/2 has no such moment: frames of many requests
/// share the connection, and one that is never completed yields no request to bound. There the connection itself is
/// watched: without an answer between two looks, one each [`quiet`](Self::quiet), it is asked to end.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections at one time; further ones wait in the system's queue and are not accepted.
    pub connections: usize,
    /// Connections at one time of one address (IPv4, or IPv6 /64) where TLS ends here; further ones are closed.
    pub per_address: usize,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For the request line and headers of HTTP/1.1, counted from the opening of the connection or the last answer.
    pub header: Duration,
    /// Between two looks at a connection for answers it was given.
    pub quiet: Duration,
    /// Age at which a connection is asked to end, however busy.
    pub age: Duration,
    /// For running requests, once a connection was asked to end.
    pub grace: Duration,
    /// Between two pings of an HTTP/2 connection, and for the answer to one.
    pub ping: Duration,
}

impl Bounds {
    /// Connections when nothing else is said.
    pub const CONNECTIONS: usize = 1000;
    /// Bytes of request line and headers; of the header list in HTTP/2.
    pub const HEADER_BYTES: u16 = 32 * 1024;
    /// Requests at one time on an HTTP/2 connection.
    pub const STREAMS: u32 = 64;
    /// Unread bytes of all bodies of an HTTP/2 connection; one body may be as long as one that is accepted.
    pub const CONNECTION_WINDOW: u32 = 4 * Self::STREAM_WINDOW;
    /// Unread bytes of one body in HTTP/2.
    pub const STREAM_WINDOW: u32 = 64 * 1024;

    /// The bounds of a listener with this many connections.
    #[must_use]
    pub fn with_connections(connections: usize) -> Self {
        Self { connections, per_address: Self::share_of(connections), ..Self::default() }
    }

    /// How many of a listener's connections one address may hold when nothing else is said: one in sixteen, and eight
    /// in any case, since a browser opens six.
    #[must_use]
    pub fn share_of(connections: usize) -> usize {
        (connections / 16).max(8).min(connections)
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: Self::CONNECTIONS,
            per_address: Self::share_of(Self::CONNECTIONS),
            handshake: Duration::from_secs(10),
            header: Duration::from_secs(10),
            quiet: Duration::from_secs(15),
            age: Duration::from_mins(10),
            // Longer than any request may take.
            grace: Duration::from_secs(16),
            ping: Duration::from_secs(10),
        }
    }
}
