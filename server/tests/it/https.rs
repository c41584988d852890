//! Rules T1 and T2: credentials are for encrypted connections, and who says that one was encrypted.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use serde_json::{Value, json};
use tollgate::account::Switch;
use tollgate::auth::ListenerMode;
use tollgate::dialects::ALL;
use tollgate::transport::Channel;
use tollgate_client_address::TrustedProxies;

use super::world::{Call, World, world};

const TRUSTED: [u8; 4] = [10, 0, 0, 1];
const STRANGER: [u8; 4] = [203, 0, 113, 9];

const PROTO: &str = "x-forwarded-proto";

type Headers = &'static [(&'static str, &'static str)];

/// A body that nobody may read.
struct Untouchable;

impl HttpBody for Untouchable {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
        panic!("the body was read")
    }
}

fn problem() -> Value {
    json!({
        "type": "about:blank", "title": "Forbidden", "status": 403,
        "code": "https_required", "detail": "HTTPS is required.",
    })
}

fn oauth() -> Value {
    json!({ "error": "https_required", "error_description": "HTTPS is required." })
}

#[tokio::test]
async fn t1_plain_http_is_refused_in_each_shape_before_anything_is_looked_at() {
    let world = world().await;
    let router = world.router(world.listener(Channel::Terminated), ALL);
    let caibo = world.text("/caibo/api_key_test");
    let pay = world.text("/88pay/api_key_test");
    let card = world.text("/cardpluspay/api_key");
    let pay_body = json!({ "status": "Error", "code": 403, "message": "HTTPS required" });
    let card_body = json!({ "success": false, "message": "HTTPS required", "data": { "code": "https_required" } });
    let alternative = json!({ "code": "https_required", "message": "https required", "validation_errors": {} });
    let table = [
        ("Caibo", "GET", "/auth/whoami", "x-api-key", caibo.as_str(), problem()),
        ("Caibo, a password", "POST", "/auth/login", "content-type", "application/json", problem()),
        ("88Pay", "POST", "/api/auth/token", "x-api-key", pay.as_str(), pay_body),
        ("Pledg", "POST", "/api/token", "authorization", "Basic eDp5", oauth()),
        ("Alternative, OAuth", "POST", "/oauth/token", "authorization", "Basic eDp5", oauth()),
        ("Alternative, browser", "GET", "/checkout/v1/invoice", "authorization", "Bearer x", alternative.clone()),
        ("Alternative, server", "POST", "/v1/checkout-auth/init", "authorization", "Bearer x", alternative),
        ("CardPlusPay", "GET", "/v1/balance", "x-api-key", card.as_str(), card_body),
        ("shared", "GET", "/.well-known/jwks.json", "accept", "*/*", problem()),
        ("unknown path", "GET", "/nothing", "x-api-key", caibo.as_str(), problem()),
        ("ambiguous path", "GET", "/auth//whoami", "x-api-key", caibo.as_str(), problem()),
        ("other method", "DELETE", "/auth/whoami", "x-api-key", caibo.as_str(), problem()),
    ];
    for (label, method, path, header, good, body) in table {
        let ask = || Call::method(method, path).from(TRUSTED).body(Body::new(Untouchable));
        let first = World::send_to(&router, ask().header(header, good)).await;
        first.expect(label, 403, &body);
        assert_eq!(first.header("connection"), Some("close"), "{label}");
        for absent in ["location", "www-authenticate", "retry-after", "allow"] {
            assert_eq!(first.header(absent), None, "{label}: {absent}");
        }
        let others = [
            ("wrong", ask().header(header, "wrong")),
            ("none", ask()),
            ("twice", ask().header(header, good).header(header, good)),
        ];
        for (kind, call) in others {
            assert_eq!(World::send_to(&router, call).await.comparable(), first.comparable(), "{label}: {kind}");
        }
    }
}

#[tokio::test]
async fn t1_credentials_sent_in_clear_do_not_count_as_failures() {
    let world = world().await;
    let router = world.router(world.listener(Channel::Terminated), ALL);
    let wrong = || Call::get("/auth/whoami").header("x-api-key", "wrong").from(TRUSTED);
    for _ in 0..40 {
        assert_eq!(World::send_to(&router, wrong()).await.status, 403);
    }
    let answer = World::send_to(&router, wrong().header("x-forwarded-proto", "https")).await;
    assert_eq!(answer.status, 401, "the address has all its tries left");
}

#[tokio::test]
async fn t2_only_a_trusted_peer_says_that_a_request_was_encrypted() {
    let world = world().await;
    let router = world.router(world.listener(Channel::Terminated), ALL);
    let table: [(&str, [u8; 4], Headers, u16); 14] = [
        ("the proxy says https", TRUSTED, &[(PROTO, "https")], 200),
        ("the proxy says http", TRUSTED, &[(PROTO, "http")], 403),
        ("the proxy says nothing", TRUSTED, &[], 403),
        ("the proxy says it in capitals", TRUSTED, &[(PROTO, "HTTPS")], 403),
        ("the proxy appends to a claim", TRUSTED, &[(PROTO, "https, http")], 403),
        ("the claim comes twice", TRUSTED, &[(PROTO, "https"), (PROTO, "https")], 403),
        ("the claims differ", TRUSTED, &[(PROTO, "https"), (PROTO, "http")], 403),
        ("a stranger says https", STRANGER, &[(PROTO, "https")], 403),
        ("a stranger names the proxy", STRANGER, &[(PROTO, "https"), ("x-forwarded-for", "10.0.0.1")], 403),
        ("a stranger forges Forwarded", STRANGER, &[("forwarded", "proto=https;for=10.0.0.1")], 403),
        ("Forwarded alone, by the proxy", TRUSTED, &[("forwarded", "proto=https")], 403),
        ("Forwarded for more, by the proxy", TRUSTED, &[(PROTO, "http"), ("forwarded", "proto=https")], 403),
        ("Forwarded for less, by the proxy", TRUSTED, &[(PROTO, "https"), ("forwarded", "proto=http")], 200),
        ("another header, by the proxy", TRUSTED, &[("x-forwarded-ssl", "on"), ("front-end-https", "on")], 403),
    ];
    for (label, peer, headers, status) in table {
        let call = Call::get("/auth/whoami").header("x-api-key", world.text("/caibo/api_key_test")).from(peer);
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        assert_eq!(World::send_to(&router, call).await.status.as_u16(), status, "{label}");
    }
}

#[tokio::test]
async fn t1_a_listener_that_ends_tls_asks_nobody() {
    let world = world().await;
    let router = world.router(world.listener(Channel::Tls), ALL);
    for headers in [None, Some("http")] {
        let mut call = Call::get("/auth/whoami").header("x-api-key", world.text("/caibo/api_key_test")).from(STRANGER);
        if let Some(proto) = headers {
            call = call.header("x-forwarded-proto", proto);
        }
        assert_eq!(World::send_to(&router, call).await.status, 200, "{headers:?}");
    }
}

#[tokio::test]
async fn pages_tell_browsers_to_come_with_https_only() {
    let world = world().await;
    let listener = |base_url| {
        let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
        let mut listener = world.services.listener(ListenerMode::Test, base_url, proxies, Channel::Terminated).unwrap();
        listener.panel = Switch::On;
        world.router(listener, ALL)
    };
    let (https, http) = (listener("https://pay.example"), listener("http://pay.example"));
    let get = |path| Call::get(path).from(TRUSTED);
    let encrypted = |path| get(path).header(PROTO, "https");
    let table = [
        ("a page", &https, encrypted("/panel/login"), Some("max-age=31536000")),
        ("a redirect", &https, encrypted("/panel"), Some("max-age=31536000")),
        ("a refusal", &https, encrypted("/panel/nothing"), Some("max-age=31536000")),
        ("the payment page", &https, encrypted("/main"), Some("max-age=31536000")),
        ("a page that came in clear", &https, get("/panel/login"), None),
        ("an API", &https, encrypted("/auth/whoami"), None),
        ("a server without HTTPS", &http, encrypted("/panel/login"), None),
    ];
    for (label, router, call, expected) in table {
        let answer = World::send_to(router, call).await;
        assert_eq!(answer.header("strict-transport-security"), expected, "{label}: {}", answer.status);
    }
}
