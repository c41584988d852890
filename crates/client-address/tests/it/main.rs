//! Integration tests.

mod auto_traits;
mod laws;
mod refusals;
mod vectors;
mod walks;

use std::net::IpAddr;

use tollgate_client_address::{Cidr, ClientAddress, TrustedProxies};

#[track_caller]
fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[track_caller]
fn cidr(text: &str) -> Cidr {
    Cidr::parse(text).expect("a network")
}

/// The printed client for a peer and these header lines.
#[track_caller]
fn client(proxies: &TrustedProxies, peer: &str, lines: &[&str]) -> String {
    resolve(proxies, peer, lines).to_string()
}

#[track_caller]
fn resolve(proxies: &TrustedProxies, peer: &str, lines: &[&str]) -> ClientAddress {
    proxies.resolve(ip(peer), lines.iter().map(|line| line.as_bytes()))
}
