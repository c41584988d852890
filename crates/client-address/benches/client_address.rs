//! Finding a client and checking a list, beside the standard library's parsing of one address.

use std::hint::black_box;
use std::net::IpAddr;

use criterion::{Criterion, criterion_group, criterion_main};
use tollgate_client_address::{Cidr, ClientAddress, IpList, MAX_ENTRIES, MAX_HOPS, TrustedProxies};

fn resolve(criterion: &mut Criterion) {
    let proxies = TrustedProxies::parse(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]).expect("networks");
    let (proxy, stranger): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [203, 0, 113, 9].into());
    let chain = format!("203.0.113.7{}", ", 10.0.0.2".repeat(MAX_HOPS - 1));
    let spoofed = "192.0.2.66, ".repeat(1000) + "203.0.113.7";
    let mut group = criterion.benchmark_group("resolve");
    group.bench_function("raw address", |b| {
        b.iter(|| black_box("203.0.113.7").parse::<IpAddr>().is_ok());
    });
    group.bench_function("untrusted peer", |b| {
        b.iter(|| proxies.resolve(black_box(stranger), [b"203.0.113.7".as_slice()]));
    });
    for (label, line) in [
        ("one hop", "203.0.113.7"),
        ("unreadable hop", "unknown"),
        ("longest walk", &chain),
        ("1000 spoofed", &spoofed),
    ] {
        group.bench_function(label, |b| {
            b.iter(|| proxies.resolve(black_box(proxy), [black_box(line.as_bytes())]));
        });
    }
    group.finish();
}

fn lists(criterion: &mut Criterion) {
    let entries: Vec<Cidr> = (0..MAX_ENTRIES).filter_map(|n| Cidr::parse(&format!("198.51.{n}.0/24")).ok()).collect();
    let list = IpList::only(entries).expect("a full list");
    let hit = ClientAddress::from(IpAddr::from([198, 51, 99, 1]));
    let miss = ClientAddress::from(IpAddr::from([203, 0, 113, 7]));
    let mut group = criterion.benchmark_group("list");
    group.bench_function("raw address", |b| {
        b.iter(|| black_box("203.0.113.7").parse::<IpAddr>().is_ok());
    });
    group.bench_function("parse an entry", |b| {
        b.iter(|| Cidr::parse(black_box("203.0.113.0/24")).is_ok());
    });
    group.bench_function("last of 100 hits", |b| b.iter(|| list.permits(black_box(&hit))));
    group.bench_function("100 miss", |b| b.iter(|| list.permits(black_box(&miss))));
    group.bench_function("group", |b| b.iter(|| black_box(&miss).group()));
    group.finish();
}

criterion_group!(benches, resolve, lists);
criterion_main!(benches);
