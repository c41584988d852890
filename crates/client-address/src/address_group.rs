use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::client_address::ClientAddress;

/// The addresses that share one limit: an IPv4 address, an IPv6 /64, or all unknown clients together.
///
/// One IPv6 customer commonly holds a whole /64, so a finer limit would not bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressGroup(Group);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Group {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Unknown,
}

impl AddressGroup {
    pub(crate) fn of(client: &ClientAddress) -> Self {
        Self(match client {
            ClientAddress::Known(address) => match address.to_canonical() {
                IpAddr::V4(address) => Group::V4(address),
                IpAddr::V6(address) => Group::V6(Ipv6Addr::from_bits(address.to_bits() & NETWORK_BITS)),
            },
            ClientAddress::Unknown => Group::Unknown,
        })
    }
}

impl fmt::Display for AddressGroup {
    /// The network with its prefix length, or `unknown`; two groups never print alike.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Group::V4(address) => write!(f, "{address}/32"),
            Group::V6(network) => write!(f, "{network}/64"),
            Group::Unknown => f.write_str("unknown"),
        }
    }
}

/// The upper 64 bits of an IPv6 address.
const NETWORK_BITS: u128 = !0 << 64;
