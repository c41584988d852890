//! A checkout call, hit and miss, beside the one HMAC that it cannot do without.

use std::{collections::HashMap, hint::black_box};

use criterion::{Criterion, criterion_group, criterion_main};
use ring::hmac;
use time::{OffsetDateTime, macros::datetime};
use tollgate_checkout_scope::{AllowList, CheckoutToken, Grant, RawPath, TokenPepper};

const NOW: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);
const LABEL: &str = "caibo.checkout.v1:";
const TOKEN: &str = "AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw";
const OTHER_TOKEN: &str = "AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dA";
const PATH: &str = "/payment-requests/73114/status";

fn checkout_call(c: &mut Criterion) {
    let mut group = c.benchmark_group("checkout_call");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let text = [LABEL, TOKEN].concat();
    group.bench_function("raw_hmac", |b| b.iter(|| hmac::sign(&key, black_box(text.as_bytes()))));

    let pepper = TokenPepper::new(1, LABEL, &[7; 32]).expect("a sound pepper");
    let token = CheckoutToken::parse(TOKEN).expect("a token");
    group.bench_function("parse", |b| b.iter(|| CheckoutToken::parse(black_box(TOKEN))));
    group.bench_function("digest", |b| b.iter(|| black_box(&token).digest(&pepper)));

    let list = AllowList::compile(&[
        ("GET", "/payment-requests/{id}"),
        ("GET", "/payment-requests/{id}/status"),
        ("POST", "/payment-requests/{id}/payments"),
    ])
    .expect("sound templates");
    let grant = Grant::restore(73_114_u64, datetime!(2026-01-01 00:15 UTC));
    group.bench_function("raw_path", |b| b.iter(|| RawPath::check(black_box(PATH))));
    group.bench_function("permit", |b| {
        b.iter(|| list.permit(&grant, "GET", black_box(PATH), NOW));
    });
    group.bench_function("deny", |b| {
        b.iter(|| list.permit(&grant, "GET", black_box("/payment-requests/73115/status"), NOW));
    });

    let store = HashMap::from([(token.digest(&pepper), grant)]);
    let call = |text: &str| {
        let digest = CheckoutToken::parse(text).ok()?.digest(&pepper);
        list.permit(store.get(&digest)?, "GET", black_box(PATH), NOW).ok()
    };
    assert!(call(TOKEN).is_some() && call(OTHER_TOKEN).is_none());
    group.bench_function("verify_hit", |b| b.iter(|| call(black_box(TOKEN))));
    group.bench_function("verify_miss", |b| b.iter(|| call(black_box(OTHER_TOKEN))));
    group.finish();
}

criterion_group!(benches, checkout_call);
criterion_main!(benches);
