//! Which addresses belong to the public internet.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is globally reachable unicast of the public internet.
///
/// Everything else is refused: private, shared, loopback, link-local, multicast, unspecified, documentation,
/// benchmarking and reserved ranges, and every IPv6 form that carries an IPv4 address inside (mapped, compatible,
/// translated, NAT64, 6to4, Teredo), whatever that inner address is. Sources: IANA IPv4 and IPv6 Special-Purpose
/// Address Registries (RFC 6890), IPv6 Global Unicast Address Assignments.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Network and prefix length of what is not public in IPv4.
const NOT_PUBLIC_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),           // this network, RFC 791
    (Ipv4Addr::new(10, 0, 0, 0), 8),      // private, RFC 1918
    (Ipv4Addr::new(100, 64, 0, 0), 10),   // shared between a carrier and its customers, RFC 6598
    (Ipv4Addr::new(127, 0, 0, 0), 8),     // loopback, RFC 1122
    (Ipv4Addr::new(169, 254, 0, 0), 16),  // link-local, also where clouds keep their metadata, RFC 3927
    (Ipv4Addr::new(172, 16, 0, 0), 12),   // private, RFC 1918
    (Ipv4Addr::new(192, 0, 0, 0), 24),    // IETF protocol assignments, RFC 6890
    (Ipv4Addr::new(192, 0, 2, 0), 24),    // documentation, RFC 5737
    (Ipv4Addr::new(192, 88, 99, 0), 24),  // 6to4 relays, RFC 7526
    (Ipv4Addr::new(192, 168, 0, 0), 16),  // private, RFC 1918
    (Ipv4Addr::new(198, 18, 0, 0), 15),   // benchmarking, RFC 2544
    (Ipv4Addr::new(198, 51, 100, 0), 24), // documentation, RFC 5737
    (Ipv4Addr::new(203, 0, 113, 0), 24),  // documentation, RFC 5737
    (Ipv4Addr::new(224, 0, 0, 0), 4),     // multicast, RFC 1112
    (Ipv4Addr::new(240, 0, 0, 0), 4),     // reserved, RFC 1112
    (Ipv4Addr::BROADCAST, 32),            // broadcast, RFC 919
];

/// The one block of global unicast addresses in IPv6.
const GLOBAL_UNICAST_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is not public inside that block.
const NOT_PUBLIC_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarking, ORCHID, RFC 2928
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation, RFC 3849
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, RFC 3056
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation, RFC 9637
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let inside = |(network, prefix): &(Ipv4Addr, u32)| (address.to_bits() ^ network.to_bits()) >> (32 - prefix) == 0;
    !NOT_PUBLIC_V4.iter().any(inside)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let inside = |(network, prefix): &(Ipv6Addr, u32)| (address.to_bits() ^ network.to_bits()) >> (128 - prefix) == 0;
    inside(&GLOBAL_UNICAST_V6) && !NOT_PUBLIC_V6.iter().any(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        let public = [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::1",
            "2606:4700:4700::1111",
            "2a00:1450:4001:81b::200e",
            "3ffe::1",
        ];
        for text in public {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        let not_public = [
            ("this network", "0.0.0.0"),
            ("this network", "0.1.2.3"),
            ("private", "10.0.0.1"),
            ("private", "172.16.0.1"),
            ("private", "172.31.255.255"),
            ("private", "192.168.0.1"),
            ("shared", "100.64.0.1"),
            ("shared", "100.127.255.255"),
            ("loopback", "127.0.0.1"),
            ("loopback", "127.255.255.254"),
            ("link-local", "169.254.169.254"),
            ("protocol assignments", "192.0.0.170"),
            ("documentation", "192.0.2.1"),
            ("6to4 relay", "192.88.99.1"),
            ("benchmarking", "198.18.0.1"),
            ("benchmarking", "198.19.255.255"),
            ("documentation", "198.51.100.1"),
            ("documentation", "203.0.113.1"),
            ("multicast", "224.0.0.1"),
            ("multicast", "239.255.255.255"),
            ("reserved", "240.0.0.1"),
            ("broadcast", "255.255.255.255"),
            ("unspecified", "::"),
            ("loopback", "::1"),
            ("compatible", "::8.8.8.8"),
            ("mapped", "::ffff:8.8.8.8"),
            ("mapped", "::ffff:10.0.0.1"),
            ("translated", "::ffff:0:8.8.8.8"),
            ("NAT64", "64:ff9b::a00:1"),
            ("NAT64", "64:ff9b::808:808"),
            ("local NAT64", "64:ff9b:1::a00:1"),
            ("discard", "100::1"),
            ("Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
            ("benchmarking", "2001:2::1"),
            ("ORCHID", "2001:10::1"),
            ("ORCHID", "2001:20::1"),
            ("documentation", "2001:db8::1"),
            ("6to4", "2002:a00:1::1"),
            ("6to4", "2002:808:808::1"),
            ("documentation", "3fff::1"),
            ("not assigned", "4000::1"),
            ("segment routing", "5f00::1"),
            ("unique local", "fc00::1"),
            ("unique local", "fd12:3456::1"),
            ("link-local", "fe80::1"),
            ("site-local", "fec0::1"),
            ("multicast", "ff02::1"),
        ];
        for (label, text) in not_public {
            assert!(!is_public(text.parse().unwrap()), "{label}: {text}");
        }
    }
}
