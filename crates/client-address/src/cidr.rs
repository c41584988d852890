use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

use crate::error::{EntryError, EntryErrorKind};

/// A network: an IPv4 or IPv6 address and a prefix length of at least one bit.
///
/// IPv4-mapped addresses are IPv4 throughout, so a network matches by what an address is, not by how it is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr(IpNet);

impl Cidr {
    /// Reads an address, which stands for itself alone, or `<address>/<prefix length>`.
    ///
    /// Nothing is trimmed or guessed: no blanks, names, zone ids, leading zeros or short IPv4 forms.
    ///
    /// # Errors
    ///
    /// [`NotAnAddress`](EntryErrorKind::NotAnAddress), also beyond [`MAX_ENTRY_TEXT`] bytes;
    /// [`PrefixLength`](EntryErrorKind::PrefixLength); [`ZeroPrefix`](EntryErrorKind::ZeroPrefix);
    /// [`MappedRange`](EntryErrorKind::MappedRange) for `::ffff:0:0/96` and what lies in it, single addresses apart;
    /// [`HostBits`](EntryErrorKind::HostBits).
    pub fn parse(text: &str) -> Result<Self, EntryError> {
        if text.len() > MAX_ENTRY_TEXT {
            return Err(EntryErrorKind::NotAnAddress.into());
        }
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| EntryErrorKind::NotAnAddress)?;
        let Some(prefix) = prefix else {
            return Ok(Self::from(address));
        };
        let prefix = prefix_length(prefix).ok_or(EntryErrorKind::PrefixLength)?;
        let net = IpNet::new(address, prefix).map_err(|_| EntryErrorKind::PrefixLength)?;
        if net.prefix_len() == 0 {
            return Err(EntryErrorKind::ZeroPrefix.into());
        }
        if address != address.to_canonical() {
            return if net.prefix_len() == net.max_prefix_len() {
                Ok(Self::from(address))
            } else {
                Err(EntryErrorKind::MappedRange.into())
            };
        }
        if net != net.trunc() {
            return Err(EntryErrorKind::HostBits.into());
        }
        Ok(Self(net))
    }

    /// Whether the address is in the network, whatever its spelling.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (shared, prefix) = match (self.0, address.to_canonical()) {
            (IpNet::V4(net), IpAddr::V4(address)) => {
                ((net.addr().to_bits() ^ address.to_bits()).leading_zeros(), net.prefix_len())
            }
            (IpNet::V6(net), IpAddr::V6(address)) => {
                ((net.addr().to_bits() ^ address.to_bits()).leading_zeros(), net.prefix_len())
            }
            (IpNet::V4(_), IpAddr::V6(_)) | (IpNet::V6(_), IpAddr::V4(_)) => return false,
        };
        shared >= u32::from(prefix)
    }
}

impl From<IpAddr> for Cidr {
    /// The network of one address.
    fn from(address: IpAddr) -> Self {
        Self(IpNet::from(address.to_canonical()))
    }
}

impl FromStr for Cidr {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        Self::parse(text)
    }
}

impl fmt::Display for Cidr {
    /// The one stored form, prefix length included; IPv6 as in RFC 5952.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A decimal number without sign or leading zero.
fn prefix_length(text: &str) -> Option<u8> {
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if decimal { text.parse().ok() } else { None }
}

/// The longest text of an entry in bytes: a full IPv6 address with an IPv4 tail, a slash and three digits.
pub const MAX_ENTRY_TEXT: usize = 49;
