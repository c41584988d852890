//! What each dialect's receiver gets, checked with the verifiers a merchant would use.

use serde_json::{Value, json};
use tollgate::account::SecretPurpose;
use tollgate::administration::Actor;
use tollgate::storage::{DeliveryState, WebhookDialect};
use tollgate_apikey::Mode;
use tollgate_webhook_hmac::legacy::eighty_eight_pay::{self, TokenKey};
use tollgate_webhook_hmac::legacy::pledg::{BackVerifier, NotificationSecret, Status, TransferVerifier};
use tollgate_webhook_hmac::legacy::static_bearer::StaticVerifier;
use tollgate_webhook_hmac::timestamped::{Hash, SignatureHeader};
use tollgate_webhook_hmac::{Tolerance, timestamped};

use super::receiver::Received;
use super::{HOOK, Shop, json_of};
use crate::pledg::{link, payload, signed};
use crate::world::{Answer, Call};

#[tokio::test]
async fn caibo_tells_of_paid_and_declined_attempts_and_not_of_open_ones() {
    let shop = Shop::open().await;
    let id = shop.payment_request().await;
    let verifier = timestamped::Verifier::new(Hash::Sha512, [shop.secret()], Tolerance::default()).unwrap();
    for (token, status) in [("tok_declined", "declined"), ("tok_test_visa", "paid")] {
        let answer = shop.pay(id, token).await;
        assert_eq!(shop.deliver_due().await, 1);
        let received = shop.receiver.arrival().await;
        assert_eq!(received.request_line, "POST /hook?order=77 HTTP/1.1");
        let transaction = answer.json()["transactionId"].clone();
        assert_eq!(
            received.body,
            format!(
                "{{\"id\":{transaction},\"paymentRequestId\":{id},\"status\":\"{status}\",\"unit\":\"EUR\",\
                 \"grossAmount\":49.90,\"referenceId\":\"cart-1009\"}}"
            )
        );
        let header = SignatureHeader::parse(received.header("x-caibo-signature")).unwrap();
        let verified = verifier.verify(&header, received.body.as_bytes(), shop.world.now()).unwrap();
        assert_eq!(verified.timestamp(), shop.world.now().unix_timestamp());
        shop.check_standard(&received);
    }
    let open = shop.payment_request().await;
    assert_eq!(shop.pay(open, "tok_test_pending").await.json()["status"], "pending");
    // Refused attempts change nothing and tell nothing.
    assert_eq!(shop.pay(open, "tok_test_visa").await.status, 409);
    assert_eq!(shop.pay(id, "tok_test_visa").await.status, 409);
    assert_eq!(shop.deliver_due().await, 0);
    assert_eq!(shop.deliveries().await.len(), 2);
}

/// A charge through the token route.
async fn charge(shop: &Shop, key: &str) -> Answer {
    let world = &shop.world;
    let call = Call::post("/api/auth/token").header("x-api-key", world.text("/88pay/api_key_test"));
    let pair = world.send(call.header("x-merchant-id", world.text("/merchant_id_test"))).await.json();
    let call = Call::post("/api/transactions/charges")
        .header("authorization", format!("Bearer {}", pair["data"]["access_token"].as_str().unwrap()))
        .header("x-session-id", pair["data"]["session_id"].as_str().unwrap())
        .header("idempotency-key", key);
    let body = json!({
        "flow": "PAYIN", "method_code": "CARDS", "amount": 50000, "currency": "COP", "country": "COL",
        "notification_url": HOOK,
    });
    world.send(call.json(&body)).await
}

async fn token_key(shop: &Shop) -> TokenKey {
    let (vault, merchant) = (&shop.world.services.vault, shop.world.merchant_id());
    let known = vault.secrets(&merchant, Mode::Test, SecretPurpose::Webhook).await.unwrap();
    TokenKey::new(known[0].id.as_str(), &shop.secret()).unwrap()
}

#[tokio::test]
async fn eighty_eight_pay_tells_of_a_charge_under_an_encrypted_token() {
    let shop = Shop::open().await;
    let first = charge(&shop, "k1").await;
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(charge(&shop, "k1").await.header("idempotency-replayed"), Some("true"));
    assert_eq!(shop.deliver_due().await, 1, "a repeated call is not told again");
    let received = shop.receiver.arrival().await;
    let body = json_of(&received);
    let id = body["transaction_id"].as_str().unwrap().to_owned();
    let expected = json!({
        "transaction_date": "2026-01-01 00:00:00", "transaction_status": "PENDING", "transaction_id": id,
        "transaction_amount": "50000", "transaction_payment_method": "CARDS",
    });
    assert_eq!(body, expected);
    assert!(id.starts_with("sess_") && id.len() == 41, "{id}");
    let verifier = eighty_eight_pay::Verifier::new([token_key(&shop).await], Tolerance::default()).unwrap();
    let (token, now) = (received.header("authorization"), shop.world.now());
    let verified = verifier.verify(token, received.body.as_bytes(), now).unwrap();
    assert_eq!(verified.notification().transaction_amount(), "50000");
    assert!(verifier.verify(token, received.body.replace("50000", "50001").as_bytes(), now).is_err());
    shop.check_standard(&received);
}

fn basic(shop: &Shop) -> String {
    use base64::Engine;
    let pair = format!("{}:{}", shop.world.text("/panel/email"), shop.world.text("/panel/password"));
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

fn notification_secret(shop: &Shop) -> NotificationSecret {
    NotificationSecret::register(&shop.world.text("/pledg/notification_secret")).unwrap()
}

#[tokio::test]
async fn pledg_tells_of_a_release_in_back_mode() {
    let shop = Shop::open().await;
    shop.register(WebhookDialect::Pledg).await;
    let uid = shop.world.text("/pledg/purchase_uid");
    for _ in 0..2 {
        let call = Call::post(&format!("/api/purchases/{uid}/release")).header("authorization", basic(&shop));
        assert_eq!(shop.world.send(call).await.status, 200);
    }
    assert_eq!(shop.deliver_due().await, 1, "it is released once");
    let received = shop.receiver.arrival().await;
    let mut body = json_of(&received);
    let signature = body.as_object_mut().unwrap().remove("signature").unwrap();
    assert_eq!(signature.as_str().unwrap().len(), 64);
    let expected = json!({
        "created_at": "2026-01-01T00:00:00Z", "id": uid, "additional_data": {}, "metadata": {}, "status": "completed",
        "sandbox": true, "error": null, "reference": "DEMO-1",
    });
    assert_eq!(body, expected);
    let verified = BackVerifier::new([notification_secret(&shop)]).unwrap().verify(received.body.as_bytes()).unwrap();
    assert_eq!((verified.fields().status(), verified.fields().reference()), (Status::Completed, "DEMO-1"));
    let request_secret = NotificationSecret::register(&shop.world.text("/pledg/signing_secret")).unwrap();
    assert!(
        BackVerifier::new([request_secret]).unwrap().verify(received.body.as_bytes()).is_err(),
        "one per direction"
    );
    assert!(!received.has("authorization"));
    shop.check_standard(&received);
}

/// A signed request for a link with these members besides the usual ones.
async fn send_link(shop: &Shop, data: &Value) -> Answer {
    let mut payload = payload(&shop.world);
    for (name, value) in data.as_object().unwrap() {
        payload["data"][name] = value.clone();
    }
    shop.world.send(link(&signed(&shop.world, &payload))).await
}

#[tokio::test]
async fn pledg_tells_of_a_credit_in_transfer_mode_where_the_link_said() {
    let shop = Shop::open().await;
    let data = json!({ "paymentNotificationUrl": HOOK, "metadata": { "basket": 12_345_678_901_234_567_890_u64 } });
    let made = send_link(&shop, &data).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let uid = made.json()["uid"].as_str().unwrap().to_owned();
    let call = Call::post(&format!("/api/purchases/{uid}/credit_by_transfer")).header("authorization", basic(&shop));
    assert_eq!(shop.world.send(call.json(&json!({ "amount_cents": 2500 }))).await.status, 200);
    assert_eq!(shop.deliver_due().await, 1);
    let received = shop.receiver.arrival().await;
    assert_eq!(json_of(&received).as_object().unwrap().keys().collect::<Vec<_>>(), ["signature"]);
    let verifier = TransferVerifier::new([notification_secret(&shop)]).unwrap();
    let verified = verifier.verify(received.body.as_bytes()).unwrap();
    let fields = verified.fields();
    assert_eq!((fields.amount_cents(), fields.created()), (2500, "2026-01-01 00:00:00.000000"));
    assert_eq!(fields.purchase_uid(), Some(uid.as_str()));
    assert_eq!(fields.merchant_uid(), Some(shop.world.text("/pledg/merchant_uid").as_str()));
    assert!(fields.transfer_order_item_uid().starts_with("tri_"));
    shop.check_standard(&received);
}

#[tokio::test]
async fn a_link_whose_target_deliveries_do_not_go_to_is_refused() {
    let shop = Shop::open().await;
    let data = json!({ "paymentNotificationUrl": "https://shop.example:22/" });
    let refused = send_link(&shop, &data).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
}

/// Pays the demo invoice through a checkout token.
async fn pay_invoice(shop: &Shop) -> Value {
    use base64::Engine;
    let world = &shop.world;
    let pair = format!("{}:{}", world.text("/alternative/client_id"), world.text("/alternative/client_secret"));
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair));
    let call = Call::post("/oauth/token").header("authorization", basic);
    let call = call.header("content-type", "application/x-www-form-urlencoded").body("grant_type=client_credentials");
    let access = world.send(call).await.json()["access_token"].as_str().unwrap().to_owned();
    let ids = json!({
        "customer_id": world.text("/alternative/customer_id"), "invoice_id": world.text("/alternative/invoice_id"),
    });
    let call = Call::post("/v1/checkout-auth/init").header("authorization", format!("Bearer {access}")).json(&ids);
    let checkout = format!("Bearer {}", world.send(call).await.json()["token"].as_str().unwrap());
    let methods = world.send(Call::get("/checkout/v1/payment-methods").header("authorization", &checkout)).await.json();
    let body = json!({
        "amount": "120.50", "payment_date": "2026-01-01", "payment_method": "card",
        "payment_method_id": methods[0]["id"],
    });
    let paid = world.send(Call::post("/checkout/v1/payments").header("authorization", &checkout).json(&body)).await;
    assert_eq!(paid.status, 201, "{}", paid.text());
    paid.json()
}

#[tokio::test]
async fn alternative_tells_of_a_paid_invoice_with_the_subscriptions_secret_key() {
    let shop = Shop::open().await;
    let (administration, merchant) = (&shop.world.services.administration, shop.world.merchant_id());
    let key = administration.draw_secret_key().unwrap();
    let (actor, dialect, mode) = (Actor::operator(), WebhookDialect::Alternative, Mode::Test);
    administration.register_webhook_endpoint(&actor, &merchant, mode, dialect, HOOK, Some(&key)).await.unwrap();
    shop.register_url(mode, dialect, "https://shop.example/bare").await.unwrap();
    let payment = pay_invoice(&shop).await;
    assert_eq!(shop.deliver_due().await, 2);
    let received = shop.receiver.arrived().await;
    let to =
        |path: &str| -> &Received { received.iter().find(|received| received.request_line.contains(path)).unwrap() };
    let verifier = StaticVerifier::new([&key]).unwrap();
    let _ = verifier.verify(to("/hook").header("authorization")).unwrap();
    assert!(!to("/bare").has("authorization"), "a subscription without a secret key");
    for received in &received {
        shop.check_standard(received);
    }
    let body = json_of(to("/hook"));
    assert_eq!((&body["type"], &body["timestamp"]), (&json!("invoice.paid"), &json!("2026-01-01T00:00:00Z")));
    let expected = json!({
        "id": payment["invoice_id"], "invoice_number": "2026-0007",
        "customer_id": shop.world.text("/alternative/customer_id"), "status": "paid", "currency": "USD",
        "total": "120.50",
        "payment": {
            "id": payment["id"], "status": "succeeded", "amount": "120.50", "created_at": "2026-01-01T00:00:00Z",
        },
    });
    assert_eq!(body["data"], expected);
}

#[tokio::test]
async fn a_test_event_passes_the_verifier_of_its_dialect_and_looks_like_no_payment() {
    let shop = Shop::open().await;
    for dialect in
        [WebhookDialect::Alternative, WebhookDialect::Caibo, WebhookDialect::EightyEightPay, WebhookDialect::Pledg]
    {
        let endpoint = shop.register(dialect).await;
        let id = shop.send_test_event(&endpoint.id).await.unwrap();
        assert_eq!(shop.deliver_due().await, 1, "{dialect:?}");
        let received = shop.receiver.arrival().await;
        assert_eq!(received.header("webhook-id"), id.as_str());
        shop.check_standard(&received);
        let (body, now) = (received.body.as_bytes(), shop.world.now());
        match dialect {
            WebhookDialect::Alternative => assert_eq!(json_of(&received)["type"], "webhook.test"),
            WebhookDialect::Caibo => {
                let header = SignatureHeader::parse(received.header("x-caibo-signature")).unwrap();
                let verifier = timestamped::Verifier::new(Hash::Sha512, [shop.secret()], Tolerance::default()).unwrap();
                let _ = verifier.verify(&header, body, now).unwrap();
                assert_eq!(json_of(&received)["type"], "webhook.test");
            }
            WebhookDialect::EightyEightPay => {
                let key = token_key(&shop).await;
                let verifier = eighty_eight_pay::Verifier::new([key], Tolerance::default()).unwrap();
                let verified = verifier.verify(received.header("authorization"), body, now).unwrap();
                assert_eq!(verified.notification().transaction_status(), "TEST");
                assert_eq!(verified.notification().transaction_amount(), "0");
            }
            WebhookDialect::Pledg => {
                let verified = BackVerifier::new([notification_secret(&shop)]).unwrap().verify(body).unwrap();
                assert_eq!(verified.fields().status(), Status::Waiting);
                assert_eq!(verified.fields().sandbox(), "true");
            }
        }
    }
    assert!(shop.deliveries().await.iter().all(|delivery| delivery.state == DeliveryState::Delivered));
}
