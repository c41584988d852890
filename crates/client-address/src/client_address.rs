use std::fmt;
use std::net::IpAddr;

use crate::address_group::AddressGroup;

/// Where a request comes from, as far as it can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub enum ClientAddress {
    /// The address; IPv4-mapped IPv6 addresses are given as IPv4 by all that make this value here.
    Known(IpAddr),
    /// A trusted proxy named a hop that cannot be read, or too many of them.
    Unknown,
}

impl ClientAddress {
    /// The group that shares one limit.
    #[must_use]
    pub fn group(&self) -> AddressGroup {
        AddressGroup::of(self)
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self::Known(address.to_canonical())
    }
}

impl fmt::Display for ClientAddress {
    /// The address, or `unknown`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(address) => address.to_canonical().fmt(f),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}
