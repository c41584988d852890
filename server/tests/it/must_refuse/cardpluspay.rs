//! CardPlusPay.

use serde_json::json;
use tollgate::account::KeyFamily;
use tollgate::auth::ListenerMode::{Live, Test};
use tollgate_apikey::Mode;

use super::{Refusal, expect_alike, expect_rows, forged, issue, let_expire, revoke};
use crate::world::{Call, world};

const FAMILY: KeyFamily = KeyFamily::CARDPLUSPAY;
const SCOPES: &str = "balance:read orders:read orders:write";

fn refusal(status: u16, message: &str, code: &str) -> Refusal {
    Refusal {
        status,
        headers: vec![("content-type", "application/json"), ("cache-control", "no-store")],
        body: json!({ "success": false, "message": message, "data": { "code": code } }),
    }
}

fn unauthorized() -> Refusal {
    refusal(401, "Unauthorized", "unauthorized").and("www-authenticate", "ApiKey realm=\"cardpluspay\"")
}

fn signature(message: &str, code: &str) -> Refusal {
    refusal(401, message, code).and("www-authenticate", "Signature-Challenge realm=\"cardpluspay\"")
}

#[tokio::test]
async fn every_fault_of_a_key_looks_alike_on_every_route() {
    let world = world().await;
    let (good, id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    let (live, live_id) = issue(&world, FAMILY, Mode::Live, SCOPES).await;
    let (revoked, revoked_id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    revoke(&world, revoked_id).await;
    let (expired, expired_id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    assert_eq!(world.send(Call::get("/v1/balance").header("x-api-key", &expired)).await.status, 200, "before its end");
    let_expire(&world, expired_id).await;
    let key = |text: &str| vec![("x-api-key", text.to_owned())];
    let faults = [
        ("missing", Test, vec![]),
        ("malformed", Test, key(&format!("\"{good}\""))),
        ("unknown", Test, key(&forged(FAMILY, live_id, Mode::Test))),
        ("wrong secret", Test, key(&forged(FAMILY, id, Mode::Test))),
        ("other mode", Test, key(&live)),
        ("other mode, live listener", Live, key(&expired)),
        ("expired", Test, key(&expired)),
        ("revoked", Test, key(&revoked)),
    ];
    let routes =
        [("POST", "/v1/auth/challenge"), ("GET", "/v1/balance"), ("GET", "/v1/orders"), ("POST", "/v1/orders")];
    expect_alike(&world, &routes.map(|(method, path)| (method, path, unauthorized())), &faults).await;
}

#[tokio::test]
async fn what_cardpluspay_must_refuse() {
    let world = world().await;
    let (key, signed) = (world.text("/cardpluspay/api_key"), world.text("/cardpluspay/signed_api_key"));
    let balance = |key: &str| Call::get("/v1/balance").header("x-api-key", key);
    let duplicate = || refusal(400, "Duplicate header", "duplicate_header");
    let required = || signature("Missing X-API-Challenge or X-API-Signature", "signature_required");
    let invalid = || signature("Signature verification failed", "signature_invalid");
    let order = |quantity: u8| {
        let body = json!({ "item_code": "GIFT-10", "quantity": quantity, "email": "ana@shop.example" });
        Call::post("/v1/orders").header("x-api-key", &key).header("idempotency-key", "o-1").json(&body)
    };
    assert_eq!(world.send(order(1)).await.status, 201);
    let exempt = Call::post("/v1/auth/challenge").header("x-api-key", &signed);
    assert_eq!(world.send(exempt).await.status, 200, "signing on, no headers at the challenge");
    expect_rows(
        &world,
        vec![
            ("no key", Call::get("/v1/balance"), unauthorized()),
            ("quotes", balance(&format!("\"{key}\"")), unauthorized()),
            ("blank", balance(&format!("{key} ")), unauthorized()),
            ("escaped line end", balance(&format!("{key}\\n")), unauthorized()),
            ("other dialect's key", balance(&world.text("/88pay/api_key_test")), unauthorized()),
            ("two keys", balance(&key).header("x-api-key", &key), duplicate()),
            (
                "two challenges",
                balance(&key).header("x-api-challenge", "a").header("x-api-challenge", "a"),
                duplicate(),
            ),
            (
                "two signatures",
                balance(&key).header("x-api-signature", "a").header("x-api-signature", "a"),
                duplicate(),
            ),
            ("signing on, no header", balance(&signed), required()),
            ("signing on, challenge alone", balance(&signed).header("x-api-challenge", "a"), required()),
            ("signing on, signature alone", balance(&signed).header("x-api-signature", "a"), required()),
            (
                "signing on, both bad",
                balance(&signed).header("x-api-challenge", "a").header("x-api-signature", "a"),
                invalid(),
            ),
            (
                "challenge longer than 256",
                balance(&signed).header("x-api-challenge", "a".repeat(257)).header("x-api-signature", "a"),
                invalid(),
            ),
            (
                "the same Idempotency-Key with another quantity",
                order(2),
                refusal(422, "Idempotency key reused", "idempotency_mismatch"),
            ),
        ],
    )
    .await;
}
