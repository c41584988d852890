//! What reading and judging a delivery costs beside the raw operation of ring over the same bytes.

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use time::OffsetDateTime;
use tollgate_webhook_hmac::legacy::eighty_eight_pay::{self, Notification, TokenKey};
use tollgate_webhook_hmac::legacy::pledg::{BackSigner, BackVerifier, NotificationSecret};
use tollgate_webhook_hmac::standard::{self, MessageId, SigningKey};
use tollgate_webhook_hmac::timestamped::{Hash, SignatureHeader, Signer, Verifier};
use tollgate_webhook_hmac::{Tolerance, WebhookSecret};

const T0: i64 = 1_767_225_600;

/// A body of the size that payment notifications have.
const BODY: &[u8] = br#"{"id":5012,"paymentRequestId":73114,"status":"paid","unit":"EUR","grossAmount":49.90,"referenceId":"cart-1009"}"#;

fn now() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(T0)
}

fn fill(start: u8) -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
    move |bytes| {
        bytes.fill(start);
        Ok(())
    }
}

fn secret(start: u8) -> WebhookSecret {
    let Ok(secret) = WebhookSecret::mint(fill(start));
    secret
}

fn timestamped(c: &mut Criterion, name: &str, hash: Hash, algorithm: hmac::Algorithm) {
    let signer = Signer::new(hash, [secret(1)]).expect("a signer");
    let verifier = Verifier::new(hash, [secret(1)], Tolerance::default()).expect("a verifier");
    let other = Verifier::new(hash, [secret(2)], Tolerance::default()).expect("a verifier");
    let text = signer.sign(BODY, now());
    let header = SignatureHeader::parse(&text).expect("a header");
    let key = hmac::Key::new(algorithm, secret(1).expose_secret().as_bytes());
    let content = [T0.to_string().as_bytes(), b".", BODY].concat();

    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Bytes(BODY.len() as u64));
    group.bench_function("ring hmac", |b| b.iter(|| hmac::sign(&key, black_box(&content))));
    group.bench_function("parse", |b| b.iter(|| SignatureHeader::parse(black_box(&text)).is_ok()));
    group.bench_function("verify hit", |b| {
        b.iter(|| verifier.verify(black_box(&header), BODY, now()).is_ok());
    });
    group.bench_function("verify miss", |b| {
        b.iter(|| other.verify(black_box(&header), BODY, now()).is_ok());
    });
    group.bench_function("parse and verify hit", |b| {
        b.iter(|| {
            SignatureHeader::parse(black_box(&text)).is_ok_and(|header| verifier.verify(&header, BODY, now()).is_ok())
        });
    });
    group.bench_function("sign", |b| b.iter(|| signer.sign(black_box(BODY), now())));
    group.finish();
}

fn timestamped_sha256(c: &mut Criterion) {
    timestamped(c, "timestamped sha256", Hash::Sha256, hmac::HMAC_SHA256);
}

fn timestamped_sha512(c: &mut Criterion) {
    timestamped(c, "timestamped sha512", Hash::Sha512, hmac::HMAC_SHA512);
}

fn standard_v1(c: &mut Criterion) {
    let signer = standard::Signer::new([secret(1)]).expect("a signer");
    let verifier = standard::Verifier::new([secret(1)], Tolerance::default()).expect("a verifier");
    let other = standard::Verifier::new([secret(2)], Tolerance::default()).expect("a verifier");
    let id = MessageId::parse("msg_test_0001").expect("an id");
    let sent = signer.sign(id, BODY, now());
    let parse = || standard::Headers::parse(black_box(sent.id()), sent.timestamp(), sent.signature());
    let headers = parse().expect("headers");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
    let message = [b"msg_test_0001.", T0.to_string().as_bytes(), b".", BODY].concat();

    let mut group = c.benchmark_group("standard v1");
    group.bench_function("ring hmac", |b| b.iter(|| hmac::sign(&key, black_box(&message))));
    group.bench_function("parse", |b| b.iter(|| parse().is_ok()));
    group.bench_function("verify hit", |b| {
        b.iter(|| verifier.verify(black_box(&headers), BODY, now()).is_ok());
    });
    group.bench_function("verify miss", |b| {
        b.iter(|| other.verify(black_box(&headers), BODY, now()).is_ok());
    });
    group.bench_function("sign", |b| b.iter(|| signer.sign(id, black_box(BODY), now())));
    group.finish();
}

fn standard_v1a(c: &mut Criterion) {
    let Ok(key) = SigningKey::mint(fill(1));
    let Ok(stranger) = SigningKey::mint(fill(2));
    let verifier = standard::Verifier::asymmetric([key.verifying_key()], Tolerance::default()).expect("a verifier");
    let other = standard::Verifier::asymmetric([stranger.verifying_key()], Tolerance::default()).expect("a verifier");
    let signer = standard::Signer::asymmetric([key]).expect("a signer");
    let id = MessageId::parse("msg_test_0001").expect("an id");
    let sent = signer.sign(id, BODY, now());
    let parse = || standard::Headers::parse(black_box(sent.id()), sent.timestamp(), sent.signature());
    let headers = parse().expect("headers");
    let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).expect("a key pair");
    let public = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
    let message = [b"msg_test_0001.", T0.to_string().as_bytes(), b".", BODY].concat();
    let signature = pair.sign(&message);

    let mut group = c.benchmark_group("standard v1a");
    group.bench_function("ring verify", |b| {
        b.iter(|| public.verify(black_box(&message), signature.as_ref()).is_ok());
    });
    group.bench_function("ring sign", |b| b.iter(|| pair.sign(black_box(&message))));
    group.bench_function("parse", |b| b.iter(|| parse().is_ok()));
    group.bench_function("verify hit", |b| {
        b.iter(|| verifier.verify(black_box(&headers), BODY, now()).is_ok());
    });
    group.bench_function("verify miss", |b| {
        b.iter(|| other.verify(black_box(&headers), BODY, now()).is_ok());
    });
    group.bench_function("sign", |b| b.iter(|| signer.sign(id, black_box(BODY), now())));
    group.finish();
}

fn pledg_back(c: &mut Criterion) {
    const OPEN: &str = r#"{"created_at":"2026-01-01T00:00:00Z","error":"","id":"evt-2","reference":"ORDER-78","sandbox":false,"status":"completed""#;
    let Ok(secret) = NotificationSecret::mint(fill(1));
    let Ok(stranger) = NotificationSecret::mint(fill(2));
    let unsigned = format!("{OPEN}}}");
    let signature = BackSigner::new(&secret).sign(unsigned.as_bytes()).expect("a signature");
    let body = format!("{OPEN},\"signature\":\"{signature}\"}}");
    let verifier = BackVerifier::new([&secret]).expect("a verifier");
    let other = BackVerifier::new([&stranger]).expect("a verifier");
    let signed = vec![b'a'; 350];

    let mut group = c.benchmark_group("pledg back mode");
    group.bench_function("ring sha256", |b| {
        b.iter(|| ring::digest::digest(&ring::digest::SHA256, black_box(&signed)));
    });
    group.bench_function("parse and verify hit", |b| {
        b.iter(|| verifier.verify(black_box(body.as_bytes())).is_ok());
    });
    group.bench_function("parse and verify miss", |b| {
        b.iter(|| other.verify(black_box(body.as_bytes())).is_ok());
    });
    group.finish();
}

fn eighty_eight_pay_token(c: &mut Criterion) {
    const PAYMENT: &[u8] = br#"{"transaction_date":"2026-01-01 00:00:00","transaction_status":"COMPLETED","transaction_id":"sess_3f333df6-90a4-4fda-8dd3-9485d27cee36","transaction_amount":"50000","transaction_payment_method":"CREDIT_CARD"}"#;
    let key = |start| TokenKey::new("kid", &secret(start)).expect("a key");
    let signer = eighty_eight_pay::Signer::new(key(1));
    let notification = Notification::parse(PAYMENT).expect("a notification");
    let Ok(token) = signer.sign(&notification, now(), fill(9));
    let verifier = eighty_eight_pay::Verifier::new([key(1)], Tolerance::default()).expect("a verifier");
    let other = eighty_eight_pay::Verifier::new([key(2)], Tolerance::default()).expect("a verifier");
    let raw = LessSafeKey::new(UnboundKey::new(&aead::AES_256_GCM, &[1; 32]).expect("a key"));
    let mut sealed = vec![b'a'; 230];
    raw.seal_in_place_append_tag(Nonce::assume_unique_for_key([9; 12]), Aad::empty(), &mut sealed).expect("sealed");

    let mut group = c.benchmark_group("88pay token");
    group.bench_function("ring open", |b| {
        b.iter(|| {
            let mut sealed = sealed.clone();
            raw.open_in_place(Nonce::assume_unique_for_key([9; 12]), Aad::empty(), black_box(&mut sealed)).is_ok()
        });
    });
    group.bench_function("parse", |b| b.iter(|| Notification::parse(black_box(PAYMENT)).is_ok()));
    group.bench_function("verify hit", |b| {
        b.iter(|| verifier.verify(black_box(&token), PAYMENT, now()).is_ok());
    });
    group.bench_function("verify miss", |b| {
        b.iter(|| other.verify(black_box(&token), PAYMENT, now()).is_ok());
    });
    group.bench_function("sign", |b| {
        b.iter(|| signer.sign(black_box(&notification), now(), fill(9)));
    });
    group.finish();
}

criterion_group!(
    benches,
    timestamped_sha256,
    timestamped_sha512,
    standard_v1,
    standard_v1a,
    pledg_back,
    eighty_eight_pay_token
);
criterion_main!(benches);
