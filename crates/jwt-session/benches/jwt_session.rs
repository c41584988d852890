//! Issue, verify and refusal, each beside the raw ring operation over the same bytes.

use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey};
use ring::{hmac, signature::KeyPair as _};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tollgate_jwt_session::request::{self, RequestKey, RequestKeys};
use tollgate_jwt_session::{KeyRing, Profile, SigningKey, TokenType, danger};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    merchant_id: String,
    cid: String,
}

const SECRET: [u8; 32] = [7; 32];

#[expect(clippy::disallowed_methods, reason = "a benchmark is its own program and needs a source of nonces")]
fn system_random() -> Arc<dyn SecureRandom + Send + Sync> {
    Arc::new(SystemRandom::new())
}

fn claims() -> Claims {
    Claims { merchant_id: "MCH-COL-TEST-7QX2Z".to_owned(), cid: "zzzzzzzzzzzz".to_owned() }
}

fn profile() -> Profile {
    Profile::new("https://api.example.test", "88pay", TokenType::JWT, Duration::MINUTE)
        .and_then(|profile| profile.with_exact_claim("env", "test"))
        .expect("a sound profile")
}

#[expect(clippy::unnecessary_wraps, reason = "the shape that the crate takes randomness in")]
fn fixed(bytes: &mut [u8]) -> Result<(), Infallible> {
    bytes.fill(7);
    Ok(())
}

fn altered(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').expect("three parts");
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{input}.{first}{}", &signature[1..])
}

fn hs256(criterion: &mut Criterion) {
    let now = OffsetDateTime::from_unix_timestamp(1_767_225_600).expect("a sound time");
    let ring = KeyRing::new(profile(), SigningKey::hs256("k-1", &SECRET).expect("a key")).expect("a ring");
    let token = ring.issue_session(&claims(), now, fixed).expect("a token").0;
    let token = token.expose_secret();
    let miss = altered(token);
    let (input, _) = token.rsplit_once('.').expect("three parts");
    let raw = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);
    let tag = hmac::sign(&raw, input.as_bytes());

    let mut group = criterion.benchmark_group("hs256");
    group.bench_function("raw_sign", |b| {
        b.iter(|| hmac::sign(&raw, black_box(input.as_bytes())));
    });
    group.bench_function("raw_verify", |b| {
        b.iter(|| hmac::verify(&raw, black_box(input.as_bytes()), black_box(tag.as_ref())));
    });
    group.bench_function("issue_session", |b| {
        b.iter(|| ring.issue_session(black_box(&claims()), now, fixed));
    });
    group.bench_function("peek_kid", |b| {
        b.iter(|| danger::unverified_kid(black_box(token)));
    });
    group.bench_function("verify_hit", |b| {
        b.iter(|| ring.verify::<Claims>(black_box(token), now));
    });
    group.bench_function("verify_miss", |b| {
        b.iter(|| ring.verify::<Claims>(black_box(&miss), now));
    });
    group.finish();
}

fn es256(criterion: &mut Criterion) {
    let now = OffsetDateTime::from_unix_timestamp(1_767_225_600).expect("a sound time");
    let random = system_random();
    let pkcs8 = SigningKey::generate_es256_pkcs8(&*random).expect("a key");
    let ring =
        KeyRing::new(profile(), SigningKey::es256("k-1", &pkcs8, Arc::clone(&random)).expect("a key")).expect("a ring");
    let (token, session) = ring.issue_session(&claims(), now, fixed).expect("a token");
    let token = token.expose_secret();
    let miss = altered(token);
    let (input, _) = token.rsplit_once('.').expect("three parts");
    let raw = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &*random).expect("a key");
    let signature = raw.sign(&*random, input.as_bytes()).expect("a signature");
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, raw.public_key().as_ref().to_vec());

    let mut group = criterion.benchmark_group("es256");
    group.bench_function("raw_sign", |b| {
        b.iter(|| raw.sign(&*random, black_box(input.as_bytes())));
    });
    group.bench_function("raw_verify", |b| {
        b.iter(|| public.verify(black_box(input.as_bytes()), black_box(signature.as_ref())));
    });
    group.bench_function("issue_session", |b| {
        b.iter(|| ring.issue_session(black_box(&claims()), now, fixed));
    });
    group.bench_function("verify_and_pair", |b| {
        b.iter(|| ring.verify::<Claims>(black_box(token), now).and_then(|token| token.pair(&session)));
    });
    group.bench_function("verify_miss", |b| {
        b.iter(|| ring.verify::<Claims>(black_box(&miss), now));
    });
    group.finish();
}

fn requests(criterion: &mut Criterion) {
    let now = OffsetDateTime::from_unix_timestamp(1_767_225_600).expect("a sound time");
    let signed = request::sign(&claims(), None, &SECRET).expect("a request");
    let keys = RequestKeys::new([
        RequestKey::new(b"retiring secret").expect("a key"),
        RequestKey::new(&SECRET).expect("a key"),
    ])
    .expect("two keys");
    let (input, _) = signed.rsplit_once('.').expect("three parts");
    let raw = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);

    let mut group = criterion.benchmark_group("request");
    group.bench_function("raw_sign", |b| {
        b.iter(|| hmac::sign(&raw, black_box(input.as_bytes())));
    });
    group.bench_function("verify_hit", |b| {
        b.iter(|| keys.verify::<Claims>(black_box(&signed), now));
    });
    group.bench_function("unverified_claims", |b| {
        b.iter(|| danger::unverified_claims::<Claims>(black_box(&signed)));
    });
    group.finish();
}

criterion_group!(benches, hs256, es256, requests);
criterion_main!(benches);
