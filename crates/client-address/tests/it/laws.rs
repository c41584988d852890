//! Laws over generated inputs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use proptest::prelude::*;
use tollgate_client_address::{Cidr, ClientAddress, IpList, MAX_HOP_BYTES, MAX_HOPS, TrustedProxies};

proptest! {
    #[test]
    fn an_entry_prints_as_it_is_stored(address in address(), prefix in 0_u8..=128) {
        let text = format!("{address}/{prefix}");
        if let Ok(entry) = Cidr::parse(&text) {
            prop_assert_eq!(Cidr::parse(&entry.to_string()).unwrap(), entry);
            prop_assert!(entry.contains(address));
        }
    }

    #[test]
    fn any_text_is_refused_or_prints_as_it_is_stored(text in "[0-9a-fA-F:./%+ ]{0,52}") {
        if let Ok(entry) = Cidr::parse(&text) {
            let stored = entry.to_string();
            let again = Cidr::parse(&stored).unwrap();
            prop_assert_eq!(again, entry);
            prop_assert_eq!(again.to_string(), stored);
        }
    }

    #[test]
    fn a_network_holds_what_shares_its_prefix(network in any::<u32>(), prefix in 1_u32..=32, other in any::<u32>()) {
        let mask = u32::MAX << (32 - prefix);
        let text = format!("{}/{prefix}", Ipv4Addr::from_bits(network & mask));
        let entry = Cidr::parse(&text).unwrap();
        prop_assert_eq!(entry.to_string(), text);
        let inside = Ipv4Addr::from_bits(network & mask | other & !mask);
        prop_assert!(entry.contains(inside.into()));
        prop_assert!(entry.contains(inside.to_ipv6_mapped().into()));
        let other = Ipv4Addr::from_bits(other);
        prop_assert_eq!(entry.contains(other.into()), other.to_bits() & mask == network & mask);
    }

    #[test]
    fn an_ipv6_network_holds_what_shares_its_prefix(network in any::<u128>(), prefix in 1_u32..=128, other in any::<u128>()) {
        let mask = u128::MAX << (128 - prefix);
        let entry = Cidr::parse(&format!("{}/{prefix}", Ipv6Addr::from_bits(network & mask))).unwrap();
        prop_assert!(entry.contains(Ipv6Addr::from_bits(network & mask | other & !mask).into()));
        let other = Ipv6Addr::from_bits(other);
        prop_assert_eq!(entry.contains(other.into()), other.to_bits() & mask == network & mask);
    }

    #[test]
    fn fewer_entries_never_permit_more(addresses in prop::collection::vec(address(), 2..6), at in address()) {
        let mut entries: Vec<Cidr> = addresses.into_iter().map(Cidr::from).collect();
        let wide = IpList::only(entries.clone()).unwrap();
        entries.pop();
        let narrow = IpList::only(entries).unwrap();
        let client = ClientAddress::from(at);
        prop_assert!(!narrow.permits(&client) || wide.permits(&client));
        prop_assert!(IpList::unrestricted().permits(&client));
    }

    #[test]
    fn the_walk_agrees_with_the_reference(
        peer in hop_address(),
        lines in prop::collection::vec(prop::collection::vec(hop_text(), 1..5).prop_map(|hops| hops.join(",")), 0..12),
    ) {
        let proxies = proxies();
        let got = proxies.resolve(peer, lines.iter().map(String::as_bytes));
        prop_assert_eq!(got, reference(&proxies, peer, &lines));
    }

    #[test]
    fn a_front_written_by_the_client_changes_nothing(front in "[ -~]{0,200}", lines in prop::collection::vec("[ -~]{0,80}", 0..5)) {
        let proxies = proxies();
        let last = format!("{front},203.0.113.7, 10.0.0.2");
        let mut lines: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
        lines.push(last.as_bytes());
        let expected = ClientAddress::Known("203.0.113.7".parse().unwrap());
        prop_assert_eq!(proxies.resolve("10.0.0.1".parse().unwrap(), lines), expected);
    }

    #[test]
    fn any_bytes_give_some_client(peer in hop_address(), lines in prop::collection::vec(any::<Vec<u8>>(), 0..5)) {
        let proxies = proxies();
        let client = proxies.resolve(peer, lines.iter().map(Vec::as_slice));
        if let ClientAddress::Known(address) = client {
            prop_assert_eq!(address, address.to_canonical());
        }
        if !proxies.is_trusted(peer) {
            prop_assert_eq!(client, ClientAddress::from(peer));
        }
    }

    #[test]
    fn groups_part_where_their_texts_part(one in address(), other in address()) {
        let (one, other) = (ClientAddress::from(one).group(), ClientAddress::from(other).group());
        prop_assert_eq!(one == other, one.to_string() == other.to_string());
    }
}

fn proxies() -> TrustedProxies {
    TrustedProxies::parse(["10.0.0.0/8", "2001:db8:aaaa::/48"]).expect("networks")
}

/// Addresses of both families and of the forms between them.
fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into()),
        any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).to_ipv6_mapped().into()),
        any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into()),
        (any::<u128>(), 0_u32..128).prop_map(|(bits, shift)| Ipv6Addr::from_bits(bits << shift).into()),
    ]
}

/// Mostly proxies, so that walks get far.
fn hop_address() -> impl Strategy<Value = IpAddr> {
    let proxies = ["10.0.0.1", "10.255.255.255", "2001:db8:aaaa::7", "::ffff:10.0.0.2"];
    let proxies = prop::sample::select(proxies.map(|text| text.parse::<IpAddr>().expect(text)).to_vec());
    prop_oneof![12 => proxies, 1 => address()]
}

fn hop_text() -> impl Strategy<Value = String> {
    prop_oneof![
        16 => hop_address().prop_map(|address| address.to_string()),
        4 => (hop_address(), any::<u16>()).prop_map(|(address, port)| SocketAddr::new(address, port).to_string()),
        4 => hop_address().prop_map(|address| format!(" {address}\t")),
        1 => "[0-9a-f:.\\[\\] ]{0,70}",
    ]
}

/// The rule read aloud: join all lines, split all hops, then walk.
fn reference(proxies: &TrustedProxies, peer: IpAddr, lines: &[String]) -> ClientAddress {
    let joined = lines.join(",");
    let hops: Vec<&str> = if lines.is_empty() { Vec::new() } else { joined.split(',').collect() };
    let mut client = peer.to_canonical();
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

fn reference_hop(hop: &str) -> Option<IpAddr> {
    if hop.len() > MAX_HOP_BYTES {
        return None;
    }
    let hop = hop.trim_matches([' ', '\t']);
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|v6| v6.parse::<Ipv6Addr>().ok());
    let with_port = || hop.parse::<SocketAddr>().ok().filter(|_| !hop.contains('%')).map(|socket| socket.ip());
    hop.parse().ok().or(bare.map(IpAddr::V6)).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}
