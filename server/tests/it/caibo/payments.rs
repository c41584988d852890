//! Paying.

use std::sync::Arc;

use serde_json::json;

use super::{
    KEY_OR_TOKEN, PAY, at_once, create, invalid, mint, pay, refused, refused_as, show, succeeded, unauthenticated,
};
use crate::world::{Call, World, world};

#[tokio::test]
async fn a_payment_takes_a_request_from_unpaid_to_paid() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let table = ["x-api-key", "x-checkout-token"];
    for header in table {
        let id = create(&world, &key).await;
        let token = mint(&world, &key, id).await;
        let credential = (header, if header == "x-api-key" { key.as_str() } else { token.as_str() });
        let mut last = 0;
        for (method, expected, left) in [("tok_test_declined", "declined", "unpaid"), ("tok_test_visa", "paid", "paid")]
        {
            let answer = pay(&world, credential, id, method).await;
            let transaction = answer.json()["transactionId"].as_i64().unwrap();
            assert!(transaction > last, "{header}: each attempt has its own id");
            last = transaction;
            let body = json!({ "transactionId": transaction, "paymentRequestId": id, "status": expected });
            succeeded(&answer, header, 200, &body);
            assert_eq!(state(&world, &key, id).await, left, "{header}: {method}");
        }
        let again = pay(&world, credential, id, "tok_test_visa").await;
        if header == "x-api-key" {
            refused(&again, "paid, by key", "payment_request_final");
        } else {
            unauthenticated(&again, "paid, by token", KEY_OR_TOKEN);
        }
        let call = Call::get(&format!("/payment-requests/{id}")).header("x-checkout-token", &token);
        unauthenticated(&world.send(call).await, "the token is dead", KEY_OR_TOKEN);
    }
}

#[tokio::test]
async fn a_pending_payment_blocks_the_next_one() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let token = mint(&world, &key, 1).await;
    let answer = pay(&world, ("x-checkout-token", &token), 1, "tok_test_pending").await;
    let transaction = answer.json()["transactionId"].as_i64().unwrap();
    let body = json!({ "transactionId": transaction, "paymentRequestId": 1, "status": "pending" });
    succeeded(&answer, "pending", 200, &body);
    for credential in [("x-api-key", key.as_str()), ("x-checkout-token", token.as_str())] {
        let answer = pay(&world, credential, 1, "tok_test_visa").await;
        refused(&answer, credential.0, "payment_in_progress");
    }
    assert_eq!(state(&world, &key, 1).await, "pending");
    assert_eq!(show(&world, &token).await.json()["status"], "pending", "the token lives on");
}

#[tokio::test]
async fn a_payment_names_the_member_that_is_wrong() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let token = mint(&world, &key, 1).await;
    let table = [
        (r#"{"paymentToken":"tok_test_visa"}"#, "method", "required"),
        (r#"{"method":"card"}"#, "paymentToken", "required"),
        (r#"{"method":1,"paymentToken":"tok_test_visa"}"#, "method", "invalid"),
        (r#"{"method":"","paymentToken":"tok_test_visa"}"#, "method", "invalid"),
        (r#"{"method":"card","paymentToken":null}"#, "paymentToken", "invalid"),
        (r#"{"method":"card","paymentToken":["tok_test_visa"]}"#, "paymentToken", "invalid"),
    ];
    for (body, member, fault) in table {
        for (header, credential) in [("x-api-key", &key), ("x-checkout-token", &token)] {
            let answer = world.send(Call::post(PAY).raw_json(body).header(header, credential)).await;
            refused_as(&answer, body, &invalid(member, fault));
        }
    }
    for named in ["2", "999", "0", "\"1\"", "1.0", "01", "null", "[1]"] {
        let body = format!(r#"{{"method":"card","paymentToken":"tok_test_visa","paymentRequestId":{named}}}"#);
        let ask =
            |header, credential: &str| world.send(Call::post(PAY).raw_json(body.clone()).header(header, credential));
        let (by_key, by_token) = (ask("x-api-key", &key).await, ask("x-checkout-token", &token).await);
        if named == "01" {
            refused(&by_key, "not JSON, by key", "invalid_request");
            refused(&by_token, "not JSON, by token", "invalid_request");
        } else {
            refused_as(&by_key, named, &invalid("paymentRequestId", "invalid"));
            refused(&by_token, named, "scope_denied");
        }
    }
    let table = [
        ("no type", Call::post(PAY).body("{}"), "unsupported_media_type"),
        ("no body", Call::post(PAY).raw_json(""), "invalid_request"),
        ("too long", Call::post(PAY).raw_json(" ".repeat(65_537)), "payload_too_large"),
    ];
    for (label, call, code) in table {
        refused(&world.send(call.header("x-api-key", &key)).await, label, code);
    }
    assert_eq!(state(&world, &key, 1).await, "unpaid", "nothing was attempted");
    let body = r#"{"method":"card","paymentToken":"tok_test_visa","paymentRequestId":1,"unknown":1}"#;
    let answer = world.send(Call::post(PAY).raw_json(body).header("x-checkout-token", &token)).await;
    assert_eq!(answer.json()["status"], "paid", "the same id is right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_payments_at_once_one_is_made() {
    let world = Arc::new(world().await);
    let key = world.text("/caibo/api_key_test");
    for header in ["x-api-key", "x-checkout-token"] {
        let id = create(&world, &key).await;
        let token = mint(&world, &key, id).await;
        let credential = if header == "x-api-key" { &key } else { &token };
        let answers = at_once(&world, 8, |_| {
            let call = Call::post(&format!("/payment-requests/{id}/payments")).header(header, credential);
            call.raw_json(r#"{"method":"card","paymentToken":"tok_test_visa"}"#)
        })
        .await;
        let (paid, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(paid.len(), 1, "{header}");
        assert_eq!(paid[0].json()["status"], "paid", "{header}");
        for answer in others {
            match header {
                "x-api-key" => refused(answer, header, "payment_request_final"),
                _ => unauthenticated(answer, header, KEY_OR_TOKEN),
            }
        }
        assert_eq!(state(&world, &key, id).await, "paid", "{header}");
    }
}

async fn state(world: &World, key: &str, id: i64) -> String {
    let call = Call::get(&format!("/payment-requests/{id}/status")).header("x-api-key", key);
    world.send(call).await.json()["status"].as_str().unwrap().to_owned()
}
