//! Buying tokens for payment pages.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tollgate::auth::ListenerMode;

use super::{
    KEY_OR_TOKEN, MINT, at_once, create, invalid, limited, mint, pay, refused, refused_as, rotated, show, succeeded,
    unauthenticated,
};
use crate::world::{Call, world};

#[tokio::test]
async fn a_checkout_session_gives_a_token_for_a_quarter_of_an_hour() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    world.clock.advance(Duration::from_millis(900));
    let mut tokens = Vec::new();
    for (label, call) in [
        ("no body", Call::post(MINT)),
        ("no body, a type", Call::post(MINT).header("content-type", "text/plain")),
        ("empty object", Call::post(MINT).raw_json(" {} ")),
        ("a query", Call::post("/payment-requests/1/checkout-session?paymentRequestId=2")),
    ] {
        let answer = world.send(call.header("x-api-key", &key)).await;
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        let body = json!({
            "token": token, "paymentRequestId": 1, "expiresAt": "2026-01-01T00:15:00Z", "ttlSeconds": 900,
        });
        succeeded(&answer, label, 201, &body);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).unwrap().len(), 32, "{label}");
        tokens.push(token);
    }
    for token in &tokens {
        assert_eq!(show(&world, token).await.status, 200, "each of several lives");
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 4);
}

#[tokio::test]
async fn a_checkout_session_takes_nothing_from_its_body() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let named = [
        (r#"{"paymentRequestId":1}"#, "paymentRequestId"),
        (r#"{"ttlSeconds":86400}"#, "ttlSeconds"),
        (r#"{"merchantId":"MCH-COL-7QX2Z"}"#, "merchantId"),
        (r#"{"x":null}"#, "x"),
    ];
    for (body, member) in named {
        let answer = world.send(Call::post(MINT).raw_json(body).header("x-api-key", &key)).await;
        refused_as(&answer, body, &invalid(member, "not_allowed"));
    }
    let table = [
        ("list", Call::post(MINT).raw_json("[]"), "invalid_request"),
        ("null", Call::post(MINT).raw_json("null"), "invalid_request"),
        ("broken off", Call::post(MINT).raw_json("{"), "invalid_request"),
        ("no type", Call::post(MINT).body("{}"), "unsupported_media_type"),
        (
            "form",
            Call::post(MINT).header("content-type", "application/x-www-form-urlencoded").body("a=1"),
            "unsupported_media_type",
        ),
        ("too long", Call::post(MINT).raw_json(" ".repeat(65_537)), "payload_too_large"),
    ];
    for (label, call, code) in table {
        refused(&world.send(call.header("x-api-key", &key)).await, label, code);
    }
}

#[tokio::test]
async fn a_request_has_twenty_live_tokens_at_most() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let other = create(&world, &key).await;
    let ask = || world.send(Call::post(MINT).header("x-api-key", &key));
    assert_eq!(ask().await.status, 201);
    world.advance(10);
    for n in 2..=20 {
        assert_eq!(ask().await.status, 201, "token {n}");
    }
    limited(&ask().await, "the 21st", 890);
    let _ = mint(&world, &key, other).await;
    world.advance(889);
    limited(&ask().await, "a second before the oldest ends", 1);
    world.advance(1);
    assert_eq!(ask().await.status, 201, "when the oldest has ended");
    limited(&ask().await, "until the next ends", 10);
}

/// A token whose key was killed is dead, so it is none of the twenty.
#[tokio::test]
async fn tokens_of_a_killed_key_leave_room_for_others() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    for _ in 0..20 {
        let _ = mint(&world, &key, 1).await;
    }
    let login = world.log_in(ListenerMode::Test).await;
    let key = rotated(&world, &login, "").await;
    assert_eq!(world.send(Call::post(MINT).header("x-api-key", &key)).await.status, 201);
}

#[tokio::test]
async fn a_final_request_gets_no_session() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    assert_eq!(pay(&world, ("x-api-key", &key), 1, "tok_test_pending").await.json()["status"], "pending");
    assert_eq!(world.send(Call::post(MINT).header("x-api-key", &key)).await.status, 201, "pending is not final");
    let paid = create(&world, &key).await;
    assert_eq!(pay(&world, ("x-api-key", &key), paid, "tok_test_visa").await.json()["status"], "paid");
    let call = Call::post(&format!("/payment-requests/{paid}/checkout-session")).header("x-api-key", &key);
    refused(&world.send(call).await, "paid", "payment_request_final");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_made_beside_the_payment_does_not_outlive_it() {
    let world = Arc::new(world().await);
    let key = world.text("/caibo/api_key_test");
    for round in 0..5 {
        let id = create(&world, &key).await;
        let answers = at_once(&world, 6, |n| {
            let path = if n == 3 { "payments" } else { "checkout-session" };
            let call = Call::post(&format!("/payment-requests/{id}/{path}")).header("x-api-key", &key);
            if n == 3 { call.raw_json(r#"{"method":"card","paymentToken":"tok_test_visa"}"#) } else { call }
        })
        .await;
        for answer in answers {
            match answer.status.as_u16() {
                200 => assert_eq!(answer.json()["status"], "paid"),
                201 => {
                    let body = answer.json();
                    let token = body["token"].as_str().unwrap();
                    let call = Call::get(&format!("/payment-requests/{id}")).header("x-checkout-token", token);
                    let call = call.from([192, 0, 2, round]);
                    unauthenticated(&world.send(call).await, "made before the payment", KEY_OR_TOKEN);
                }
                _ => refused(&answer, "made after the payment", "payment_request_final"),
            }
        }
    }
}
