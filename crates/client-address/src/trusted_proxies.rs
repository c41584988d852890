use std::net::IpAddr;

use crate::cidr::Cidr;
use crate::client_address::ClientAddress;
use crate::error::EntryError;
use crate::hop;
use crate::proto::Proto;

/// The networks of the proxies in front of us: the only peers whose `X-Forwarded-*` headers count.
///
/// The default trusts no peer, so that the client is always the peer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Cidr>);

impl TrustedProxies {
    /// Trusts the proxies in these networks.
    #[must_use]
    pub fn new(networks: Vec<Cidr>) -> Self {
        Self(networks)
    }

    /// Trusts the proxies in these networks, each written as [`Cidr::parse`] reads it.
    ///
    /// # Errors
    ///
    /// The error of the first entry that is not a network.
    pub fn parse(networks: impl IntoIterator<Item: AsRef<str>>) -> Result<Self, EntryError> {
        networks.into_iter().map(|network| Cidr::parse(network.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the peer is one of the proxies.
    #[must_use]
    pub fn is_trusted(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(peer))
    }

    /// The client behind the peer of the connection.
    ///
    /// `forwarded_for` holds the values of all `X-Forwarded-For` headers in the order they came. They are one list,
    /// read from the right: each trusted hop vouches for the one before it, and the first that is not trusted is the
    /// client. When all are trusted it is the left-most one. What stands further left is the client's own claim and
    /// is not looked at.
    ///
    /// [`Unknown`](ClientAddress::Unknown) when the walk reaches a hop that is not `ip`, `ipv4:port`, `[ipv6]` or
    /// `[ipv6]:port` within [`MAX_HOP_BYTES`](crate::MAX_HOP_BYTES), or needs more than [`MAX_HOPS`] hops.
    pub fn resolve<'a, I>(&self, peer: IpAddr, forwarded_for: I) -> ClientAddress
    where
        I: IntoIterator<Item = &'a [u8], IntoIter: DoubleEndedIterator>,
    {
        let mut client = peer.to_canonical();
        let mut lines = forwarded_for.into_iter().rev();
        let mut line = None;
        // One round more than there may be hops: the last finds out that nothing is left.
        for _ in 0..=MAX_HOPS {
            if !self.is_trusted(client) {
                return ClientAddress::Known(client);
            }
            let Some(rest) = line.take().or_else(|| lines.next()) else {
                return ClientAddress::Known(client);
            };
            let Some((last, before)) = hop::split_last(rest) else {
                return ClientAddress::Unknown;
            };
            let Some(address) = hop::parse(last) else {
                return ClientAddress::Unknown;
            };
            client = address;
            line = before;
        }
        ClientAddress::Unknown
    }

    /// The scheme the client used, as `X-Forwarded-Proto` says; only [`Proto::Https`] means that it was encrypted.
    ///
    /// `None` when the peer is not trusted, and unless there is exactly one header with the value `http` or `https`.
    #[must_use]
    pub fn forwarded_proto<'a, I>(&self, peer: IpAddr, values: I) -> Option<Proto>
    where
        I: IntoIterator<Item = &'a [u8]>,
    {
        if !self.is_trusted(peer) {
            return None;
        }
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Proto::parse(value),
            _ => None,
        }
    }
}

/// The most hops that are read.
pub const MAX_HOPS: usize = 32;
