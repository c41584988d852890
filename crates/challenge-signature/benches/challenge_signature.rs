//! Issuing and checking, each beside the raw operation of ring that it cannot do without.
#![expect(clippy::unwrap_used, reason = "a benchmark with wrong inputs should stop")]

use std::{convert::Infallible, hint::black_box};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use criterion::{Criterion, criterion_group, criterion_main};
use ring::{
    hmac,
    signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents},
};
use rsa::{RsaPublicKey, pkcs8::DecodePublicKey as _, traits::PublicKeyParts as _};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tollgate_challenge_signature::{Caller, Challenge, ChallengeKey, ChallengeKeys, PublicKey, PublicKeys};

/// The vectors' challenge key: 32 bytes that count up from 0x80.
const SECRET: [u8; 32] = {
    let mut bytes = [0x80; 32];
    let mut at = 1;
    while at < bytes.len() {
        bytes[at] = bytes[at - 1] + 1;
        at += 1;
    }
    bytes
};

struct Known {
    challenge: String,
    signature: String,
    pem: String,
    keys: ChallengeKeys,
    public_keys: PublicKeys,
    caller: Caller<'static>,
    now: OffsetDateTime,
}

fn known() -> Known {
    let file = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/cardpluspay.json"));
    let file: Value = serde_json::from_str(file).unwrap();
    let text = |pointer: &str| file.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
    let pem = text("/vectors/1/inputs/public_key_spki_pem");
    let known = Known {
        challenge: text("/vectors/0/expected/challenge"),
        signature: text("/vectors/1/expected/signature_base64"),
        keys: ChallengeKeys::new(ChallengeKey::new(1, &SECRET).unwrap()),
        public_keys: PublicKey::from_pem(&pem).unwrap().into(),
        caller: Caller::new("MCH-USA-4KD9PX", "Kd93LmQ0xVb7").unwrap(),
        now: OffsetDateTime::from_unix_timestamp(1_767_225_600).unwrap(),
        pem,
    };
    assert!(known.check(&known.challenge, &known.signature), "the known pair authenticates");
    known
}

impl Known {
    fn check(&self, challenge: &str, signature: &str) -> bool {
        self.keys.check(challenge, signature, &self.caller, &self.public_keys, self.now).is_ok()
    }
}

fn issue(criterion: &mut Criterion) {
    let known = known();
    let mut group = criterion.benchmark_group("issue");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &SECRET);
    group.bench_function("raw ring HMAC-SHA256 over 70 bytes", |bencher| {
        bencher.iter(|| hmac::sign(&key, black_box(&[7; 70])));
    });
    let fill = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok::<_, Infallible>(())
    };
    group.bench_function("issue", |bencher| {
        bencher.iter(|| known.keys.issue(black_box(&known.caller), known.now, fill));
    });
    group.finish();
}

fn check(criterion: &mut Criterion) {
    let known = known();
    let mut group = criterion.benchmark_group("check");
    let raw_key = RsaPublicKey::from_public_key_pem(&known.pem).unwrap();
    let raw_key = RsaPublicKeyComponents { n: raw_key.n().to_bytes_be(), e: raw_key.e().to_bytes_be() };
    let raw_signature = BASE64_STANDARD.decode(&known.signature).unwrap();
    group.bench_function("raw ring RSA-2048 verify", |bencher| {
        bencher.iter(|| {
            raw_key.verify(&RSA_PKCS1_2048_8192_SHA256, black_box(known.challenge.as_bytes()), &raw_signature)
        });
    });
    group.bench_function("parse", |bencher| {
        bencher.iter(|| Challenge::parse(black_box(&known.challenge)).is_ok());
    });
    group.bench_function("hit", |bencher| {
        bencher.iter(|| assert!(known.check(black_box(&known.challenge), &known.signature)));
    });
    let wrong = known.signature.replacen('i', "j", 1);
    group.bench_function("miss, wrong signature", |bencher| {
        bencher.iter(|| assert!(!known.check(black_box(&known.challenge), &wrong)));
    });
    let forged = known.challenge.replacen("AQEO", "AQEN", 1);
    group.bench_function("miss, not a challenge", |bencher| {
        bencher.iter(|| assert!(!known.check(black_box(&forged), &known.signature)));
    });
    let forged = known.challenge.replacen("TUNI", "TUNJ", 1);
    group.bench_function("miss, forged tag", |bencher| {
        bencher.iter(|| assert!(!known.check(black_box(&forged), &known.signature)));
    });
    let late = known.now + Duration::seconds(300);
    group.bench_function("miss, expired", |bencher| {
        bencher.iter(|| {
            let challenge = black_box(&known.challenge);
            known.keys.check(challenge, &known.signature, &known.caller, &known.public_keys, late).is_err()
        });
    });
    group.finish();
}

fn public_key(criterion: &mut Criterion) {
    let known = known();
    let der = PublicKey::from_pem(&known.pem).unwrap().spki_der().to_vec();
    let mut group = criterion.benchmark_group("public key");
    group.bench_function("from PEM", |bencher| {
        bencher.iter(|| PublicKey::from_pem(black_box(&known.pem)));
    });
    group.bench_function("from stored DER", |bencher| {
        bencher.iter(|| PublicKey::from_spki_der(black_box(&der)));
    });
    group.finish();
}

criterion_group!(benches, issue, check, public_key);
criterion_main!(benches);
