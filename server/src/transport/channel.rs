//! How requests come to a listener, and which of them were encrypted on their way from the client.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use tollgate_client_address::{Proto, TrustedProxies};

/// How requests come to a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Plain HTTP on a loopback address of `tollgate dev`: nothing leaves the machine, so nothing need be encrypted.
    Loopback,
    /// Plain HTTP from a trusted proxy that ends TLS and says how the client came to it.
    Terminated,
    /// TLS ends here.
    Tls,
}

impl Channel {
    /// Whether a request may be answered, rules T1 and T2: behind a terminator it was encrypted only if the peer is one
    /// of the trusted proxies and its one `X-Forwarded-Proto` says `https`. `Forwarded` is not read.
    #[must_use]
    pub fn is_secure(self, peer: Option<IpAddr>, proxies: &TrustedProxies, headers: &HeaderMap) -> bool {
        match self {
            Self::Loopback | Self::Tls => true,
            Self::Terminated => {
                let said = headers.get_all(X_FORWARDED_PROTO).iter().map(HeaderValue::as_bytes);
                peer.and_then(|peer| proxies.forwarded_proto(peer, said)) == Some(Proto::Https)
            }
        }
    }
}

const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
