//! Laws of the two checks that keep deliveries out of private networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use tollgate::webhooks::{TargetPolicy, is_public};

/// Every IPv6 form that carries an IPv4 address.
fn carriers(v4: Ipv4Addr) -> [Ipv6Addr; 6] {
    let bits = u128::from(v4.to_bits());
    [
        Ipv6Addr::from_bits(bits),
        Ipv6Addr::from_bits(0xffff_0000_0000 | bits),
        Ipv6Addr::from_bits(0xffff_0000_0000_0000 | bits),
        Ipv6Addr::from_bits((0x0064_ff9b << 96) | bits),
        Ipv6Addr::from_bits((0x2002 << 112) | (bits << 80)),
        Ipv6Addr::from_bits((0x2001 << 112) | (bits << 64) | (!bits & 0xffff_ffff)),
    ]
}

proptest! {
    #[test]
    fn no_form_of_ipv6_carries_an_ipv4_address_past_the_check(bits: u32) {
        for carrier in carriers(Ipv4Addr::from_bits(bits)) {
            prop_assert!(!is_public(IpAddr::V6(carrier)), "{carrier}");
            prop_assert!(TargetPolicy::Public.target(&format!("https://[{carrier}]/")).is_none(), "{carrier}");
        }
    }

    #[test]
    fn an_address_is_a_target_in_its_one_spelling_and_only_if_it_is_public(bits: u32) {
        let v4 = Ipv4Addr::from_bits(bits);
        let plain = TargetPolicy::Public.target(&format!("https://{v4}/")).is_some();
        prop_assert_eq!(plain, is_public(IpAddr::V4(v4)));
        let [a, b, c, d] = v4.octets();
        for spelling in [
            format!("{bits}"),
            format!("0x{bits:x}"),
            format!("0{bits:o}"),
            format!("0x{a:x}.{b}.{c}.{d}"),
            format!("{a}.{b}.{}", u16::from_be_bytes([c, d])),
            format!("{a}.{}", bits & 0x00ff_ffff),
            format!("{v4}."),
        ] {
            if spelling != v4.to_string() {
                let target = TargetPolicy::Public.target(&format!("https://{spelling}/"));
                prop_assert!(target.is_none(), "{spelling}");
            }
        }
    }

    #[test]
    fn whatever_is_admitted_is_https_on_a_known_port_without_user_information(text in "https?://[a-z0-9.:@/?%\\[\\]-]{1,40}") {
        if let Some(target) = TargetPolicy::Public.target(&text) {
            prop_assert!(target.is_https() && matches!(target.port(), 443 | 8443));
            let authority = text[8..].split(['/', '?']).next().unwrap();
            prop_assert!(!authority.contains('@'));
            prop_assert!(target.path_and_query().starts_with('/'));
        }
    }
}
