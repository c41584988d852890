//! The walk along the hops, the scheme, and the groups.

use tollgate_client_address::{ClientAddress, MAX_HOP_BYTES, MAX_HOPS, Proto, TrustedProxies};

use crate::{client, ip, resolve};

fn proxies() -> TrustedProxies {
    TrustedProxies::parse(["10.0.0.0/8", "2001:db8:aaaa::/48"]).expect("networks")
}

#[test]
fn the_walk_ends_at_the_first_hop_that_is_not_trusted() {
    for (label, peer, lines, expected) in [
        ("stranger as peer", "198.51.100.9", &["203.0.113.7"][..], "198.51.100.9"),
        ("stranger as peer with unreadable hops", "198.51.100.9", &["unknown", ""], "198.51.100.9"),
        ("mapped stranger", "::ffff:198.51.100.9", &["203.0.113.7"], "198.51.100.9"),
        ("mapped proxy", "::ffff:10.0.0.1", &["203.0.113.7"], "203.0.113.7"),
        ("proxy without header", "10.0.0.1", &[], "10.0.0.1"),
        ("IPv6 proxy", "2001:db8:aaaa::1", &["203.0.113.7"], "203.0.113.7"),
        ("spoofed front", "10.0.0.1", &["10.0.0.9, 192.0.2.66, 203.0.113.7"], "203.0.113.7"),
        ("spoofed line in front", "10.0.0.1", &["192.0.2.66", "203.0.113.7"], "203.0.113.7"),
        ("spoofed garbage in front", "10.0.0.1", &["<script>, %00, 203.0.113.7"], "203.0.113.7"),
        ("client that claims to be a proxy", "10.0.0.1", &["10.0.0.2, 203.0.113.7"], "203.0.113.7"),
        ("chain of proxies", "10.0.0.1", &["203.0.113.7, 2001:db8:aaaa::2, 10.0.0.3"], "203.0.113.7"),
        ("chain over lines", "10.0.0.1", &["203.0.113.7", "10.0.0.2", "10.0.0.3"], "203.0.113.7"),
        ("all trusted", "10.0.0.1", &["10.0.0.4", "10.0.0.3,10.0.0.2"], "10.0.0.4"),
        ("mapped proxy as hop", "10.0.0.1", &["203.0.113.7, ::ffff:10.0.0.2"], "203.0.113.7"),
        ("blanks and tabs", "10.0.0.1", &[" \t203.0.113.7\t ,\t10.0.0.2 "], "203.0.113.7"),
        ("no blanks", "10.0.0.1", &["203.0.113.7,10.0.0.2"], "203.0.113.7"),
    ] {
        assert_eq!(client(&proxies(), peer, lines), expected, "{label}");
    }
}

#[test]
fn an_unreadable_hop_is_unknown_when_the_walk_reaches_it() {
    for (label, hop) in [
        ("empty", ""),
        ("blank", " "),
        ("unknown", "unknown"),
        ("hidden", "_hidden"),
        ("name", "proxy.example"),
        ("quoted", "\"203.0.113.7\""),
        ("parameter of the other header", "for=203.0.113.7"),
        ("short address", "203.0.113"),
        ("leading zero", "203.0.113.07"),
        ("zone id", "fe80::1%eth0"),
        ("zone id in brackets", "[fe80::1%1]"),
        ("zone id in brackets with port", "[fe80::1%1]:80"),
        ("network", "203.0.113.0/24"),
        ("IPv4 in brackets", "[203.0.113.7]"),
        ("open bracket", "[2001:db8::5"),
        ("closing bracket", "2001:db8::5]"),
        ("text after the bracket", "[2001:db8::5]80"),
        ("brackets twice", "[[2001:db8::5]]"),
        ("port missing", "203.0.113.7:"),
        ("port missing after brackets", "[2001:db8::5]:"),
        ("port too large", "203.0.113.7:65536"),
        ("port with a sign", "203.0.113.7:+80"),
        ("two ports", "203.0.113.7:80:80"),
        ("port obfuscated", "203.0.113.7:_port"),
        ("blank inside", "203.0.113.7 10.0.0.1"),
        ("no-break space", "\u{a0}203.0.113.7"),
        ("semicolon", "203.0.113.7;10.0.0.1"),
    ] {
        assert_eq!(client(&proxies(), "10.0.0.1", &[hop]), "unknown", "{label}, last");
        assert_eq!(client(&proxies(), "10.0.0.1", &["203.0.113.7", hop, "10.0.0.2"]), "unknown", "{label}, line");
        let joined = format!("203.0.113.7,{hop},10.0.0.2");
        assert_eq!(client(&proxies(), "10.0.0.1", &[&joined]), "unknown", "{label}, between");
        let before = format!("{hop},203.0.113.7");
        assert_eq!(client(&proxies(), "10.0.0.1", &[&before]), "203.0.113.7", "{label}, not reached");
        let all_trusted = format!("{hop},10.0.0.2");
        assert_eq!(client(&proxies(), "10.0.0.1", &[&all_trusted]), "unknown", "{label}, left of all");
    }
}

#[test]
fn bytes_beyond_text_are_unreadable() {
    let line: &[u8] = b"203.0.113.7\xff";
    assert_eq!(proxies().resolve(ip("10.0.0.1"), [line]), ClientAddress::Unknown);
}

#[test]
fn reads_each_form_of_a_hop() {
    for (hop, expected) in [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:0", "203.0.113.7"),
        ("203.0.113.7:65535", "203.0.113.7"),
        ("2001:DB8::5", "2001:db8::5"),
        ("[2001:db8::5]", "2001:db8::5"),
        ("[2001:db8::5]:4711", "2001:db8::5"),
        ("2001:db8::5:4711", "2001:db8::5:4711"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ("::1", "::1"),
        ("::", "::"),
    ] {
        assert_eq!(client(&proxies(), "10.0.0.1", &[hop]), expected, "{hop}");
    }
}

#[test]
fn counts_hops_to_the_bound_and_not_beyond() {
    for (hops, expected) in [(MAX_HOPS - 1, "203.0.113.7"), (MAX_HOPS, "unknown")] {
        let line = format!("203.0.113.7{}", ",10.0.0.2".repeat(hops));
        assert_eq!(client(&proxies(), "10.0.0.1", &[&line]), expected, "{hops} proxies in one line");
        let mut lines = vec!["203.0.113.7"];
        lines.extend(vec!["10.0.0.2"; hops]);
        assert_eq!(client(&proxies(), "10.0.0.1", &lines), expected, "{hops} proxies in as many lines");
    }
    for (hops, expected) in [(MAX_HOPS, "10.0.0.2"), (MAX_HOPS + 1, "unknown")] {
        assert_eq!(client(&proxies(), "10.0.0.1", &vec!["10.0.0.2"; hops]), expected, "{hops} trusted hops alone");
    }
}

#[test]
fn what_a_client_puts_in_front_changes_nothing() {
    let spoofed = "192.0.2.66, ".repeat(1000) + "203.0.113.7";
    assert_eq!(client(&proxies(), "10.0.0.1", &[&spoofed]), "203.0.113.7");
    let lines = [vec!["192.0.2.66"; 1000], vec!["203.0.113.7"]].concat();
    assert_eq!(client(&proxies(), "10.0.0.1", &lines), "203.0.113.7");
    let noise = "x".repeat(64 * 1024) + ",203.0.113.7";
    assert_eq!(client(&proxies(), "10.0.0.1", &[&noise]), "203.0.113.7");
}

#[test]
fn a_hop_has_a_longest_text() {
    let hop = "203.0.113.7";
    let longest = " ".repeat(MAX_HOP_BYTES - hop.len()) + hop;
    assert_eq!(client(&proxies(), "10.0.0.1", &[&longest]), "203.0.113.7", "alone");
    assert_eq!(client(&proxies(), "10.0.0.1", &[&format!("x,{longest}")]), "203.0.113.7", "after a comma");
    assert_eq!(client(&proxies(), "10.0.0.1", &[&format!(" {longest}")]), "unknown", "alone, one too long");
    assert_eq!(client(&proxies(), "10.0.0.1", &[&format!("x, {longest}")]), "unknown", "one too long");
    assert_eq!(client(&proxies(), "10.0.0.1", &[&" ".repeat(64 * 1024)]), "unknown", "blanks without end");
}

#[test]
fn without_proxies_the_client_is_the_peer() {
    for none in [TrustedProxies::default(), TrustedProxies::new(Vec::new())] {
        assert_eq!(client(&none, "10.0.0.1", &["203.0.113.7"]), "10.0.0.1");
        assert!(!none.is_trusted(ip("10.0.0.1")));
        assert_eq!(none.forwarded_proto(ip("10.0.0.1"), [&b"https"[..]]), None);
    }
}

#[test]
fn a_mapped_peer_is_trusted_as_what_it_is() {
    assert!(proxies().is_trusted(ip("10.1.2.3")));
    assert!(proxies().is_trusted(ip("::ffff:10.1.2.3")));
    assert!(!proxies().is_trusted(ip("::10.1.2.3")));
    assert!(!proxies().is_trusted(ip("11.0.0.1")));
}

#[test]
fn the_scheme_counts_from_a_proxy_and_in_one_form() {
    for (label, peer, values, expected) in [
        ("https", "10.0.0.1", &["https"][..], Some(Proto::Https)),
        ("http", "10.0.0.1", &["http"], Some(Proto::Http)),
        ("mapped proxy", "::ffff:10.0.0.1", &["https"], Some(Proto::Https)),
        ("stranger", "203.0.113.7", &["https"], None),
        ("absent", "10.0.0.1", &[], None),
        ("twice", "10.0.0.1", &["https", "https"], None),
        ("both", "10.0.0.1", &["https", "http"], None),
        ("list", "10.0.0.1", &["https, http"], None),
        ("list of one kind", "10.0.0.1", &["https,https"], None),
        ("upper case", "10.0.0.1", &["HTTPS"], None),
        ("blank", "10.0.0.1", &[" https"], None),
        ("empty", "10.0.0.1", &[""], None),
        ("another scheme", "10.0.0.1", &["wss"], None),
    ] {
        let got = proxies().forwarded_proto(ip(peer), values.iter().map(|value| value.as_bytes()));
        assert_eq!(got, expected, "{label}");
    }
}

#[test]
fn groups_are_an_ipv4_address_or_an_ipv6_64() {
    for (label, address, group) in [
        ("IPv4", "203.0.113.7", "203.0.113.7/32"),
        ("mapped", "::ffff:203.0.113.7", "203.0.113.7/32"),
        ("IPv6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("last of the same /64", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("next /64", "2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("loopback", "::1", "::/64"),
    ] {
        assert_eq!(ClientAddress::Known(ip(address)).group().to_string(), group, "{label}");
        assert_eq!(ClientAddress::Known(ip(address)).group(), ClientAddress::from(ip(address)).group(), "{label}");
    }
    assert_eq!(ClientAddress::Unknown.group().to_string(), "unknown");
    assert_ne!(ClientAddress::Known(ip("203.0.113.7")).group(), ClientAddress::Known(ip("203.0.113.8")).group());
}

#[test]
fn all_unknown_clients_share_a_group() {
    let one = resolve(&proxies(), "10.0.0.1", &["unknown"]);
    let other = resolve(&proxies(), "10.0.0.2", &["203.0.113.7, "]);
    assert_eq!(one.group(), other.group());
    assert_ne!(one.group(), ClientAddress::Known(ip("::")).group());
}

#[test]
fn a_client_prints_canonically_however_it_was_made() {
    assert_eq!(ClientAddress::Known(ip("::ffff:203.0.113.7")).to_string(), "203.0.113.7");
    assert_eq!(ClientAddress::from(ip("::ffff:203.0.113.7")), ClientAddress::Known(ip("203.0.113.7")));
    assert_eq!(format!("{:>9}|", ClientAddress::from(ip("::1"))), "      ::1|");
}
