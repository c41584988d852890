//! Fuzz bodies for `tollgate-client-address`.

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::from_utf8;

use tollgate_client_address::{
    Cidr, ClientAddress, Entries, IpList, MAX_ENTRY_TEXT, MAX_HOP_BYTES, MAX_HOPS, Proto, TrustedProxies,
};

/// Lines as the `X-Forwarded-For` headers behind a proxy, against the rule read aloud.
pub fn forwarded_for(data: &[u8]) {
    let proxies = TrustedProxies::parse(["10.0.0.0/8", "2001:db8:aaaa::/48"]).expect("networks");
    let proxy = IpAddr::from(Ipv4Addr::new(10, 0, 0, 1));
    let stranger = IpAddr::from(Ipv4Addr::new(198, 51, 100, 9));
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();

    let client = proxies.resolve(proxy, lines.iter().copied());
    assert_eq!(client, reference(&proxies, proxy, data));
    assert_eq!(proxies.resolve(stranger, lines.iter().copied()), ClientAddress::Known(stranger));
    if let ClientAddress::Known(address) = client {
        assert_eq!(address, address.to_canonical());
        assert_eq!(client, ClientAddress::from(address));
    }
    let group = client.group().to_string();
    assert_eq!(client == ClientAddress::Unknown, group == "unknown");
    assert_eq!(matches!(client, ClientAddress::Known(IpAddr::V6(_))), group.ends_with("/64"));

    // What stands in front of the hop that a proxy of ours wrote changes nothing.
    let vouched = [data, b",203.0.113.7, 10.0.0.2"].concat();
    let vouched = vouched.split(|byte| *byte == b'\n').collect::<Vec<_>>();
    assert_eq!(proxies.resolve(proxy, vouched), ClientAddress::Known(Ipv4Addr::new(203, 0, 113, 7).into()));

    let scheme = proxies.forwarded_proto(proxy, lines.iter().copied());
    assert_eq!(scheme == Some(Proto::Https), data == b"https");
    assert_eq!(scheme == Some(Proto::Http), data == b"http");
    assert_eq!(proxies.forwarded_proto(stranger, lines), None);
}

/// Any bytes as an entry of a list.
pub fn ip_list_entry(data: &[u8]) {
    prints_back(data);
    let Ok(text) = from_utf8(data) else { return };
    let Ok(entry) = Cidr::parse(text) else { return };
    assert!(text.len() <= MAX_ENTRY_TEXT && text.is_ascii() && !text.contains([' ', '%', ',']));

    let (address, prefix) = parts(&entry);
    assert!(prefix > 0 && address == address.to_canonical());
    assert!(entry.contains(address));
    let last_host_bit = match address {
        IpAddr::V4(address) if prefix < 32 => IpAddr::from(Ipv4Addr::from_bits(address.to_bits() | 1)),
        IpAddr::V6(address) if prefix < 128 => IpAddr::from(Ipv6Addr::from_bits(address.to_bits() | 1)),
        whole => whole,
    };
    let first_bit = match address {
        IpAddr::V4(address) => IpAddr::from(Ipv4Addr::from_bits(address.to_bits() ^ 1 << 31)),
        IpAddr::V6(address) => IpAddr::from(Ipv6Addr::from_bits(address.to_bits() ^ 1 << 127)),
    };
    assert!(entry.contains(last_host_bit) && !entry.contains(first_bit));
    if let IpAddr::V4(address) = address {
        assert!(entry.contains(address.to_ipv6_mapped().into()));
    }

    let list = IpList::only(vec![entry]).expect("one entry");
    assert_eq!(list.entries(), Entries::Only(&[entry]));
    assert!(list.permits(&ClientAddress::Known(address)) && !list.permits(&ClientAddress::Known(first_bit)));
    assert!(!list.permits(&ClientAddress::Unknown));
}

/// An entry prints in its one stored form, and that prints back byte for byte.
pub fn prints_back(data: &[u8]) {
    let Ok(text) = from_utf8(data) else { return };
    if let Ok(entry) = black_box(Cidr::parse(text)) {
        let stored = entry.to_string();
        let again = Cidr::parse(&stored).expect("the stored form");
        assert_eq!((again, again.to_string()), (entry, stored));
    }
}

/// An entry or a hop with one byte changed is another one or none.
pub fn one_byte_changed(data: &[u8]) {
    let [at, to, ..] = data else { return };
    if let Some(changed) = change(b"203.0.113.0/24", *at, *to) {
        let original = Cidr::parse("203.0.113.0/24").expect("a network");
        assert!(from_utf8(&changed).ok().and_then(|text| Cidr::parse(text).ok()) != Some(original));
    }
    if let Some(changed) = change(b"203.0.113.7", *at, *to) {
        let proxies = TrustedProxies::parse(["10.0.0.0/8"]).expect("a network");
        let client = proxies.resolve(Ipv4Addr::new(10, 0, 0, 1).into(), [changed.as_slice()]);
        assert_ne!(client, ClientAddress::Known(Ipv4Addr::new(203, 0, 113, 7).into()));
    }
}

/// Join all lines, split all hops, then walk.
fn reference(proxies: &TrustedProxies, peer: IpAddr, data: &[u8]) -> ClientAddress {
    let hops: Vec<&[u8]> = data.split(|byte| matches!(byte, b',' | b'\n')).collect();
    let mut client = peer;
    for (walked, hop) in hops.iter().rev().enumerate() {
        if !proxies.is_trusted(client) {
            break;
        }
        match reference_hop(hop) {
            Some(address) if walked < MAX_HOPS => client = address,
            _ => return ClientAddress::Unknown,
        }
    }
    ClientAddress::Known(client)
}

fn reference_hop(hop: &[u8]) -> Option<IpAddr> {
    if hop.len() > MAX_HOP_BYTES {
        return None;
    }
    let hop = from_utf8(hop).ok()?.trim_matches([' ', '\t']);
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|v6| v6.parse::<Ipv6Addr>().ok());
    let socket = || hop.parse::<SocketAddr>().ok().filter(|_| !hop.contains('%')).map(|socket| socket.ip());
    hop.parse().ok().or(bare.map(IpAddr::V6)).or_else(socket).map(|address: IpAddr| address.to_canonical())
}

fn parts(entry: &Cidr) -> (IpAddr, u8) {
    let stored = entry.to_string();
    let (address, prefix) = stored.split_once('/').expect("a stored form has a prefix");
    (address.parse().expect("an address"), prefix.parse().expect("a prefix length"))
}

/// The bytes with the one at `at` set to `to`; `None` when that changes nothing.
fn change(bytes: &[u8], at: u8, to: u8) -> Option<Vec<u8>> {
    let mut changed = bytes.to_vec();
    let at = usize::from(at) % changed.len();
    let before = std::mem::replace(&mut changed[at], to);
    (before != to).then_some(changed)
}
