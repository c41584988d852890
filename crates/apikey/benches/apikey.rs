//! Each operation beside the raw cryptographic one that it cannot do without.

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ring::hmac;
use time::macros::datetime;
use tollgate_apikey::{KeyDigest, KeyFormat, Lifecycle, Mode, Overlap, Pepper, Peppers, Scopes};

const KEYS: KeyFormat = KeyFormat::new(&[("client_secret_live_", Mode::Live), ("client_secret_test_", Mode::Test)]);

fn counting(mut next: u8) -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(5).wrapping_add(17);
            *byte = next;
        }
        Ok(())
    }
}

fn parse(c: &mut Criterion) {
    let key = KEYS.mint(Mode::Live, counting(1)).expect("usable bytes");
    let text = key.expose_secret();
    let changed = text.replacen("live", "test", 1);
    let raw = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let mut group = c.benchmark_group("parse");
    group.bench_function("raw hmac-sha256 of the text", |b| {
        b.iter(|| hmac::sign(&raw, black_box(text).as_bytes()));
    });
    group.bench_function("raw crc-32 of the text", |b| {
        b.iter(|| crc32fast::hash(black_box(text).as_bytes()));
    });
    group.bench_function("accepted", |b| {
        b.iter(|| KEYS.parse(black_box(text)));
    });
    group.bench_function("checksum wrong", |b| {
        b.iter(|| KEYS.parse(black_box(&changed)));
    });
    group.finish();
}

fn verify(c: &mut Criterion) {
    let key = KEYS.mint(Mode::Live, counting(1)).expect("usable bytes");
    let other = KEYS.mint(Mode::Live, counting(2)).expect("usable bytes");
    let pepper = |version, byte| Pepper::new(version, &[byte; 32]).expect("32 bytes");
    let old = Peppers::new(pepper(1, 1)).digest(&key);
    let peppers = Peppers::new(pepper(2, 2)).with_previous(pepper(1, 1)).expect("another version");
    let (stored, strange) = (peppers.digest(&key), peppers.digest(&other));
    let unknown = KeyDigest::from_parts(9, *stored.as_bytes());
    let raw = hmac::Key::new(hmac::HMAC_SHA256, &[2; 32]);
    let tag = hmac::sign(&raw, key.expose_secret().as_bytes());

    let mut group = c.benchmark_group("verify");
    group.bench_function("raw hmac-sha256 verify", |b| {
        b.iter(|| hmac::verify(&raw, black_box(&key).expose_secret().as_bytes(), black_box(tag.as_ref())));
    });
    group.bench_function("hit", |b| {
        b.iter(|| peppers.verify(black_box(&key), black_box(&stored)));
    });
    group.bench_function("hit under the old pepper", |b| {
        b.iter(|| peppers.verify(black_box(&key), black_box(&old)));
    });
    group.bench_function("miss, wrong secret", |b| {
        b.iter(|| peppers.verify(black_box(&key), black_box(&strange)));
    });
    group.bench_function("miss, absent record", |b| {
        b.iter(|| peppers.verify_absent(black_box(&key)));
    });
    group.bench_function("miss, unknown pepper", |b| {
        b.iter(|| peppers.verify(black_box(&key), black_box(&unknown)));
    });
    group.finish();
}

fn the_rest(c: &mut Criterion) {
    let now = datetime!(2026-01-01 00:00 UTC);
    let mut life = Lifecycle::new(now);
    life.retire(now, Overlap::ONE_DAY).expect("active");
    let scopes = Scopes::parse("payments:read payments:write refunds:write").expect("scopes");
    let raw = hmac::Key::new(hmac::HMAC_SHA256, &[2; 32]);

    let mut group = c.benchmark_group("the rest");
    group.bench_function("raw hmac-sha256 of 64 bytes", |b| {
        b.iter(|| hmac::sign(&raw, black_box(&[0; 64])));
    });
    group.bench_function("mint", |b| {
        b.iter(|| KEYS.mint(Mode::Live, counting(black_box(1))));
    });
    group.bench_function("lifecycle check", |b| {
        b.iter(|| black_box(&life).check(black_box(now)));
    });
    group.bench_function("scope check", |b| {
        b.iter(|| black_box(&scopes).contains_str(black_box("refunds:write")));
    });
    group.finish();
}

criterion_group!(benches, parse, verify, the_rest);
criterion_main!(benches);
