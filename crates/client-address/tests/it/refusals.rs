//! What is refused, by kind.

use tollgate_client_address::{
    Cidr, ClientAddress, Entries, EntryErrorKind, IpList, ListErrorKind, MAX_ENTRIES, MAX_ENTRY_TEXT, TrustedProxies,
};

use crate::{cidr, ip};

#[test]
fn refuses_an_entry_that_is_not_exact() {
    use EntryErrorKind::{HostBits, MappedRange, NotAnAddress, PrefixLength, ZeroPrefix};
    for (label, text, kind) in [
        ("host bits", "203.0.113.7/24", HostBits),
        ("one host bit", "203.0.113.1/31", HostBits),
        ("IPv6 host bits", "2001:db8::1/64", HostBits),
        ("mapped range", "::ffff:203.0.113.0/120", MappedRange),
        ("mapped range in hexadecimal", "::ffff:cb00:7100/120", MappedRange),
        ("mapped range of two", "::ffff:203.0.113.6/127", MappedRange),
        ("all mapped addresses", "::ffff:0:0/96", MappedRange),
        ("empty", "", NotAnAddress),
        ("slash alone", "/", NotAnAddress),
        ("prefix alone", "/24", NotAnAddress),
        ("leading blank", " 203.0.113.7", NotAnAddress),
        ("trailing blank", "203.0.113.7 ", NotAnAddress),
        ("line end", "203.0.113.7\n", NotAnAddress),
        ("blank before the slash", "203.0.113.0 /24", NotAnAddress),
        ("name", "localhost", NotAnAddress),
        ("three octets", "203.0.113", NotAnAddress),
        ("one number", "3405803783", NotAnAddress),
        ("hexadecimal", "0xcb007107", NotAnAddress),
        ("octal octet", "0203.0.113.7", NotAnAddress),
        ("leading zero in an octet", "203.0.113.07", NotAnAddress),
        ("octet too large", "203.0.113.256", NotAnAddress),
        ("zone id", "fe80::1%eth0", NotAnAddress),
        ("numeric zone id", "fe80::1%1", NotAnAddress),
        ("zone id and prefix", "fe80::%1/64", NotAnAddress),
        ("brackets", "[2001:db8::5]", NotAnAddress),
        ("port", "203.0.113.7:80", NotAnAddress),
        ("two entries", "203.0.113.7,198.51.100.1", NotAnAddress),
        ("range", "203.0.113.1-203.0.113.9", NotAnAddress),
        ("wildcard", "203.0.113.*", NotAnAddress),
        ("digits of another script", "\u{0662}03.0.113.7", NotAnAddress),
        ("five digits in a group", "2001:0db80::/32", NotAnAddress),
        ("too long", "0000:0000:0000:0000:0000:0000:0000:00000000000001/1", NotAnAddress),
        ("prefix too long", "203.0.113.0/33", PrefixLength),
        ("IPv6 prefix too long", "2001:db8::/129", PrefixLength),
        ("prefix beyond a byte", "2001:db8::/256", PrefixLength),
        ("no prefix after the slash", "203.0.113.0/", PrefixLength),
        ("leading zero in the prefix", "203.0.113.0/024", PrefixLength),
        ("zero twice", "0.0.0.0/00", PrefixLength),
        ("sign", "203.0.113.0/+24", PrefixLength),
        ("negative", "203.0.113.0/-1", PrefixLength),
        ("netmask", "203.0.113.0/255.255.255.0", PrefixLength),
        ("two prefixes", "203.0.113.0/24/24", PrefixLength),
        ("blank after the slash", "203.0.113.0/ 24", PrefixLength),
        ("every IPv4 address", "0.0.0.0/0", ZeroPrefix),
        ("every IPv6 address", "::/0", ZeroPrefix),
        ("zero bits of an address", "203.0.113.7/0", ZeroPrefix),
        ("zero bits of a mapped address", "::ffff:203.0.113.7/0", ZeroPrefix),
    ] {
        match Cidr::parse(text) {
            Ok(entry) => panic!("{label}: {entry}"),
            Err(error) => assert_eq!(error.kind(), kind, "{label}"),
        }
        assert_eq!(TrustedProxies::parse(["10.0.0.0/8", text]).unwrap_err().kind(), kind, "{label}");
    }
}

#[test]
fn equivalent_spellings_are_one_entry() {
    for (stored, spellings) in [
        (
            "203.0.113.7/32",
            &[
                "203.0.113.7",
                "203.0.113.7/32",
                "::ffff:203.0.113.7",
                "::FFFF:cb00:7107",
                "0:0:0:0:0:ffff:203.0.113.7/128",
            ][..],
        ),
        ("2001:db8::1/128", &["2001:db8::1", "2001:DB8:0:0::1", "2001:0db8:0000:0000:0000:0000:0000:0001/128"]),
        ("2001:db8::/32", &["2001:db8::/32", "2001:DB8:0:0:0:0:0:0/32"]),
        ("128.0.0.0/1", &["128.0.0.0/1"]),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", &["ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128"]),
    ] {
        for spelling in spellings {
            assert!(spelling.len() <= MAX_ENTRY_TEXT);
            assert_eq!(cidr(spelling).to_string(), stored, "{spelling}");
            assert_eq!(cidr(spelling), cidr(stored), "{spelling}");
        }
    }
}

#[test]
fn refuses_a_list_of_none_or_too_many() {
    let entry = cidr("203.0.113.7");
    assert_eq!(IpList::only(Vec::new()).unwrap_err().kind(), ListErrorKind::Empty);
    assert_eq!(IpList::only(vec![entry; MAX_ENTRIES + 1]).unwrap_err().kind(), ListErrorKind::TooMany);
    for count in [1, MAX_ENTRIES] {
        let list = IpList::only(vec![entry; count]).unwrap();
        assert_eq!(list.entries(), Entries::Only(&vec![entry; count]), "{count}");
    }
}

#[test]
fn a_list_keeps_the_order_of_its_entries() {
    let entries = vec![cidr("203.0.113.7"), cidr("2001:db8::/32"), cidr("198.51.100.0/24")];
    assert_eq!(IpList::only(entries.clone()).unwrap().entries(), Entries::Only(&entries));
}

#[test]
fn a_list_permits_by_what_an_address_is() {
    let list = IpList::only(vec![cidr("203.0.113.0/24"), cidr("2001:db8::/32"), cidr("198.51.100.9")]).unwrap();
    for (label, address, permitted) in [
        ("first of the network", "203.0.113.0", true),
        ("last of the network", "203.0.113.255", true),
        ("below", "203.0.112.255", false),
        ("above", "203.0.114.0", false),
        ("mapped", "::ffff:203.0.113.7", true),
        ("mapped, outside", "::ffff:203.0.114.7", false),
        ("compatible, which is not mapped", "::203.0.113.7", false),
        ("NAT64, which is not mapped", "64:ff9b::203.0.113.7", false),
        ("IPv6 inside", "2001:db8:ffff::1", true),
        ("IPv6 outside", "2001:db9::1", false),
        ("lone address", "198.51.100.9", true),
        ("next to the lone address", "198.51.100.8", false),
    ] {
        assert_eq!(list.permits(&ClientAddress::Known(ip(address))), permitted, "{label}");
        assert_eq!(list.permits(&ClientAddress::from(ip(address))), permitted, "{label}");
    }
}

#[test]
fn an_unknown_client_is_on_no_restricted_list() {
    let everything = ["0.0.0.0/1", "128.0.0.0/1", "::/1", "8000::/1"].map(cidr).to_vec();
    assert!(!IpList::only(everything).unwrap().permits(&ClientAddress::Unknown));
    assert!(IpList::unrestricted().permits(&ClientAddress::Unknown));
    assert!(IpList::unrestricted().permits(&ClientAddress::Known(ip("203.0.113.7"))));
    assert_eq!(IpList::unrestricted().entries(), Entries::Unrestricted);
}

#[test]
fn an_ipv6_network_holds_no_ipv4_address() {
    assert!(!cidr("::/1").contains(ip("203.0.113.7")));
    assert!(!cidr("::/1").contains(ip("::ffff:203.0.113.7")));
}

#[test]
fn error_texts_are_fixed() {
    for (text, shown) in [
        ("203.0.113.7/24", "address has bits after the prefix"),
        ("::ffff:0:0/96", "range of mapped addresses"),
        ("MARK", "not a numeric address"),
        ("203.0.113.0/MARK", "not a prefix length"),
        ("::/0", "prefix covers every address"),
    ] {
        let error = Cidr::parse(text).unwrap_err();
        assert_eq!(error.to_string(), shown);
        assert!(!format!("{error:?}").contains("MARK"));
    }
    assert_eq!(IpList::only(Vec::new()).unwrap_err().to_string(), "list has no entry");
    let many = vec![cidr("203.0.113.7"); MAX_ENTRIES + 1];
    assert_eq!(IpList::only(many).unwrap_err().to_string(), "list has too many entries");
}
