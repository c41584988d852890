//! The fields of an address list: from anywhere, or from these networks only.

use std::net::IpAddr;

use tollgate_client_address::{Cidr, Entries, EntryErrorKind, IpList};

use super::Fields;
use crate::administration::{AllowListError, parse_allow_list};

/// An address list as it is typed.
pub(super) struct AddressList {
    /// Whether only the networks count; without, every address does.
    pub(super) only: bool,
    /// One network a line.
    pub(super) networks: String,
}

impl AddressList {
    /// The most bytes that are shown again.
    const MAX_TEXT: usize = 16 * 1024;

    /// What the fields say; from anywhere when they say nothing.
    pub(super) fn read(fields: &Fields) -> Self {
        Self { only: fields.raw("reach") == "only", networks: fields.raw("networks").replace("\r\n", "\n") }
    }

    /// A stored list.
    pub(super) fn stored(list: &IpList) -> Self {
        match list.entries() {
            Entries::Unrestricted => Self { only: false, networks: String::new() },
            Entries::Only(networks) => {
                let lines: Vec<_> = networks.iter().map(ToString::to_string).collect();
                Self { only: true, networks: lines.join("\n") }
            }
        }
    }

    /// The list, or what is wrong with it in a sentence.
    pub(super) fn list(&self) -> Result<IpList, String> {
        if !self.only {
            return Ok(IpList::unrestricted());
        }
        if self.networks.len() > Self::MAX_TEXT {
            return Err("The list is too long.".to_owned());
        }
        // The word that lifts the restriction is a choice of its own here.
        let entries: Vec<_> = self.entries().collect();
        if let Some(place) = entries.iter().position(|entry| Cidr::parse(entry).is_err()) {
            return Err(format!("Entry {}, {}: {}", place + 1, quoted(entries[place]), mistake(entries[place])));
        }
        parse_allow_list(entries).map_err(|error| match error {
            AllowListError::Empty => "Enter at least one address or network, or choose “From anywhere”.".to_owned(),
            AllowListError::Entry(place) => format!("Entry {place} is no address or network."),
            AllowListError::TooMany => {
                format!("A list holds {} entries at most.", tollgate_client_address::MAX_ENTRIES)
            }
        })
    }

    fn entries(&self) -> impl Iterator<Item = &str> {
        self.networks.split(|c: char| c.is_ascii_whitespace() || c == ',').filter(|entry| !entry.is_empty())
    }
}

/// A list in a line: what it is, not what it says, when it is long.
pub(super) fn in_words(list: &IpList) -> String {
    match list.entries() {
        Entries::Unrestricted => "From anywhere".to_owned(),
        Entries::Only(networks) if networks.len() <= 3 => {
            networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        Entries::Only(networks) => format!("{} networks", networks.len()),
    }
}

fn mistake(entry: &str) -> String {
    let Some(kind) = Cidr::parse(entry).err().map(|error| error.kind()) else { return String::new() };
    match kind {
        EntryErrorKind::HostBits => match network_of(entry) {
            Some(network) => format!("it names an address inside a network. The network is {network}."),
            None => "it names an address inside a network.".to_owned(),
        },
        EntryErrorKind::MappedRange => "write the range in IPv4 form.".to_owned(),
        EntryErrorKind::PrefixLength => "the part behind the slash is no prefix length.".to_owned(),
        EntryErrorKind::ZeroPrefix => "it is every address. Choose “From anywhere” for that.".to_owned(),
        _ => "it is no IPv4 or IPv6 address or network.".to_owned(),
    }
}

/// The network an address with a prefix length lies in.
fn network_of(entry: &str) -> Option<Cidr> {
    let (address, prefix) = entry.split_once('/')?;
    let (address, prefix) = (address.parse::<IpAddr>().ok()?, prefix.parse::<u32>().ok()?);
    let network = match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(prefix)?)?;
            IpAddr::from((address.to_bits() & mask).to_be_bytes())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(prefix)?)?;
            IpAddr::from((address.to_bits() & mask).to_be_bytes())
        }
    };
    Cidr::parse(&format!("{network}/{prefix}")).ok()
}

/// An entry as it is repeated in a sentence.
fn quoted(entry: &str) -> String {
    let short: String = entry.chars().take(60).collect();
    format!("“{short}”")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(networks: &str) -> Result<String, String> {
        let list = AddressList { only: true, networks: networks.to_owned() };
        list.list().map(|list| AddressList::stored(&list).networks)
    }

    #[test]
    fn takes_one_entry_a_line_or_many_and_gives_them_back() {
        let networks = typed("203.0.113.0/24, 198.51.100.7\n\n 2001:db8::/32 ").unwrap();
        assert_eq!(networks, "203.0.113.0/24\n198.51.100.7/32\n2001:db8::/32");
    }

    #[test]
    fn says_which_entry_is_wrong_and_why() {
        let table = [
            ("", "Enter at least one"),
            (
                "203.0.113.0/24\n203.0.113.9/24",
                "Entry 2, “203.0.113.9/24”: it names an address inside a network. The network is 203.0.113.0/24.",
            ),
            ("2001:db8::1/32", "The network is 2001:db8::/32."),
            ("0.0.0.0/0", "it is every address"),
            ("10.0.0.0/33", "prefix length"),
            ("::ffff:10.0.0.0/104", "IPv4 form"),
            ("shop.example", "no IPv4 or IPv6 address"),
            ("unrestricted", "no IPv4 or IPv6 address"),
        ];
        for (networks, expected) in table {
            let fault = typed(networks).unwrap_err();
            assert!(fault.contains(expected), "{networks:?}: {fault}");
        }
        assert!(typed(&"203.0.113.7\n".repeat(101)).unwrap_err().contains("100 entries"));
    }
}
