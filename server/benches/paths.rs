//! The main paths beside a bare axum handler and the raw cryptographic operation, in one run.
//!
//! Requests go through the whole router in this process, with limits and JSON logs on; only the socket is left out.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on stops")]

use std::hint::black_box;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use http::Request;
use http_body_util::BodyExt;
use ring::rand::SecureRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::Value;
use tokio::runtime::Runtime;
use tollgate::app::{App, Options, Services};
use tollgate::auth::ListenerMode;
use tollgate::clock::Clock;
use tollgate::edge::router;
use tollgate::rng::Rng;
use tollgate::telemetry::{self, LogFilter, LogFormat};
use tollgate::transport::Channel;
use tollgate::webhooks::TargetPolicy;
use tollgate::{demo, dialects};
use tollgate_client_address::TrustedProxies;
use tower::ServiceExt;

/// A server on a fresh data directory, and what `dev` would have printed.
struct Bench {
    runtime: Runtime,
    router: Router,
    demo: Value,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (router, demo) = runtime.block_on(async {
            let system = Options::system(TargetPolicy::Public).unwrap();
            let options = Options { limits_scale: 1_000_000, ..system };
            let services = Arc::new(Services::open(dir.path(), options).await.unwrap());
            let printed = demo::credentials(&services, "http://sandbox.test", "http://live.test").await.unwrap();
            let proxies = TrustedProxies::new(Vec::new());
            let listener = Arc::new(
                services.listener(ListenerMode::Test, "http://sandbox.test", proxies, Channel::Loopback).unwrap(),
            );
            (
                router(&App::new(services, listener), dialects::ALL),
                serde_json::from_str(&printed.to_json().unwrap()).unwrap(),
            )
        });
        Self { runtime, router, demo, _dir: dir }
    }

    fn text(&self, pointer: &str) -> String {
        self.demo.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
    }

    fn send(&self, router: &Router, request: Request<Body>) -> (u16, Vec<u8>) {
        self.runtime.block_on(async {
            let response = router.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            (status, response.into_body().collect().await.unwrap().to_bytes().to_vec())
        })
    }

    fn json(&self, request: Request<Body>) -> Value {
        serde_json::from_slice(&self.send(&self.router, request).1).unwrap()
    }
}

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(Body::empty()).unwrap()
}

fn paths(criterion: &mut Criterion) {
    // Log lines are made as in production and written to nowhere.
    let _logs = telemetry::start(LogFormat::Json, LogFilter::default(), std::io::sink(), Clock::system()).unwrap();
    let bench = Bench::new();
    let mut group = criterion.benchmark_group("paths");

    let hello = Router::new().route("/", get(|| async { "hello" }));
    group.bench_function("hello", |b| b.iter(|| bench.send(&hello, request("GET", "/", &[]))));

    let key = bench.text("/caibo/api_key_test");
    let case =
        |name: &str, expected: u16, make: &dyn Fn() -> Request<Body>, group: &mut criterion::BenchmarkGroup<'_, _>| {
            assert_eq!(bench.send(&bench.router, make()).0, expected, "{name}");
            group.bench_function(name, |b| b.iter(|| black_box(bench.send(&bench.router, make()))));
        };
    case("api key", 200, &|| request("GET", "/auth/whoami", &[("x-api-key", &key)]), &mut group);
    let unknown = KEY_OF_NOBODY;
    // The failure limiter answers 429 after a while; both answers take the whole path.
    group.bench_function("unknown api key", |b| {
        b.iter(|| bench.send(&bench.router, request("GET", "/auth/whoami", &[("x-api-key", unknown)])));
    });

    let minted = bench.json(request("POST", "/payment-requests/1/checkout-session", &[("x-api-key", &key)]));
    let token = minted["token"].as_str().unwrap().to_owned();
    // A body of no type is refused right after the check: what is measured is the check.
    let pay_page = || request("POST", "/payment-requests/1/payments", &[("x-checkout-token", &token)]);
    case("checkout token", 415, &pay_page, &mut group);
    let show = || request("GET", "/payment-requests/1/status", &[("x-checkout-token", &token)]);
    case("checkout token, and one database read", 200, &show, &mut group);

    let (pay, merchant) = (bench.text("/88pay/api_key_test"), bench.text("/merchant_id_test"));
    let buy = || request("POST", "/api/auth/token", &[("x-api-key", &pay), ("x-merchant-id", &merchant)]);
    case("ES256 session issue", 200, &buy, &mut group);
    group.bench_function("ES256 session", |b| {
        // A pair lives for a minute, so each batch buys its own.
        b.iter_custom(|count| {
            let pair = bench.json(buy());
            let bearer = format!("Bearer {}", pair["data"]["access_token"].as_str().unwrap());
            let session = pair["data"]["session_id"].as_str().unwrap();
            let headers = [("authorization", bearer.as_str()), ("x-session-id", session)];
            let stopwatch = Clock::system().stopwatch();
            for _ in 0..count {
                assert_eq!(bench.send(&bench.router, request("POST", CHARGES, &headers)).0, 415);
            }
            stopwatch.elapsed()
        });
    });

    let basic =
        format!("Basic {}", STANDARD.encode(format!("{}:{}", bench.text("/pledg/key"), bench.text("/pledg/secret"))));
    let token = || {
        let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        request("POST", "/api/token", &headers).map(|_| Body::from("grant_type=client_credentials"))
    };
    case("HS256 token issue", 200, &token, &mut group);
    let signed = bench.text("/cardpluspay/signed_api_key");
    let challenge = || request("POST", "/v1/auth/challenge", &[("x-api-key", &signed)]);
    case("challenge issue", 200, &challenge, &mut group);
    group.finish();
}

fn raw(criterion: &mut Criterion) {
    let rng = Rng::system().source();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &*rng as &dyn SecureRandom).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &*rng).unwrap();
    let message = [7_u8; 360];
    let signature = key.sign(&*rng, &message).unwrap();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref().to_vec());
    let hmac = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &[1; 32]);
    let mut group = criterion.benchmark_group("raw");
    group.bench_function("ES256 sign", |b| b.iter(|| key.sign(&*rng, black_box(&message)).unwrap()));
    group
        .bench_function("ES256 verify", |b| b.iter(|| public.verify(black_box(&message), signature.as_ref()).unwrap()));
    group.bench_function("HMAC-SHA256 of a key", |b| b.iter(|| ring::hmac::sign(&hmac, black_box(&[7; 64]))));
    group.finish();
}

const CHARGES: &str = "/api/transactions/charges";
/// A well-formed key of the shared vectors; no server has it.
const KEY_OF_NOBODY: &str = concat!("caibo_test_sk_", "A00000000001", "0123456789ABCDEFGHIJKLMNOPQRSTUV", "1JcVom");

criterion_group!(benches, paths, raw);
criterion_main!(benches);
