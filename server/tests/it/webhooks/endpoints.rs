//! Registered endpoints, what the panel shows of them, and which targets the routes take.

use serde_json::json;
use tollgate::account::MerchantId;
use tollgate::administration::{Actor, Administration, Error};
use tollgate::storage::{DeliveryCursor, WebhookDialect};
use tollgate_apikey::Mode;

use super::{HOOK, Shop, json_of};
use crate::leaks::Log;
use crate::world::{Call, world};

#[tokio::test]
async fn a_target_deliveries_do_not_go_to_is_an_invalid_member() {
    let world = world().await;
    for url in [
        "http://shop.example/hook",
        "https://shop.example:22/",
        "https://user@shop.example/",
        "https://localhost./",
        "https://0x7f.1/",
        "http://[::ffff:10.0.0.1]",
        "https://[64:ff9b::a00:1]/",
        "https://169.254.169.254/",
    ] {
        let body = json!({ "amount": 1, "unit": "EUR", "notifyUrl": url });
        let call = Call::post("/payment-requests").header("x-api-key", world.text("/caibo/api_key_test"));
        let answer = world.send(call.json(&body)).await;
        assert_eq!(answer.status, 400, "{url}");
        assert_eq!(answer.json()["errors"], json!({ "notifyUrl": "invalid" }), "{url}");
    }
}

#[tokio::test]
async fn endpoints_are_registered_listed_and_removed_within_their_merchant_and_mode() {
    let shop = Shop::open().await;
    let (webhooks, merchant) = (&shop.world.services.webhooks, shop.world.merchant_id());
    let (administration, actor) = (&shop.world.services.administration, Actor::operator());
    let (test, caibo) = (Mode::Test, WebhookDialect::Caibo);
    let made = shop.register(caibo).await;
    assert_eq!(shop.register(caibo).await.id, made.id, "one record a target");
    let listed = webhooks.endpoints(&merchant, test).await.unwrap();
    assert_eq!(listed.iter().map(|endpoint| endpoint.details.url.as_str()).collect::<Vec<_>>(), [HOOK]);
    assert!(webhooks.endpoints(&merchant, Mode::Live).await.unwrap().is_empty());
    assert!(webhooks.endpoint(&merchant, Mode::Live, &made.id).await.unwrap().is_none());
    let remove = async |mode| administration.remove_webhook_endpoint(&actor, &merchant, mode, &made.id).await;
    assert!(matches!(remove(Mode::Live).await, Err(Error::NotFound)));
    assert!(matches!(shop.register_url(test, caibo, "http://shop.example/").await, Err(Error::TargetRefused)));
    let key = administration.draw_secret_key().unwrap();
    let keyed = administration.register_webhook_endpoint(&actor, &merchant, test, caibo, HOOK, Some(&key)).await;
    assert!(matches!(keyed, Err(Error::Invalid("secret key"))));
    let stranger = MerchantId::new("PER", "9ZQ4K").unwrap();
    let strange = administration.register_webhook_endpoint(&actor, &stranger, test, caibo, HOOK, None).await;
    assert!(matches!(strange, Err(Error::NotFound)));

    for number in 1..Administration::MAX_ENDPOINTS {
        shop.register_url(test, caibo, &format!("https://shop.example/{number}")).await.unwrap();
    }
    let url = "https://shop.example/more";
    assert!(matches!(shop.register_url(test, caibo, url).await, Err(Error::TooMany)));
    assert_eq!(shop.register_url(test, caibo, HOOK).await.unwrap().id, made.id, "a known one is no further one");
    shop.register_url(Mode::Live, caibo, url).await.unwrap();

    shop.send_test_event(&made.id).await.unwrap();
    remove(test).await.unwrap();
    assert!(matches!(remove(test).await, Err(Error::NotFound)));
    assert_eq!(shop.deliver_due().await, 0, "what waited went with it");
    assert!(matches!(shop.send_test_event(&made.id).await, Err(Error::NotFound)));
}

#[tokio::test]
async fn an_object_without_a_target_is_told_to_every_registered_endpoint_of_its_dialect() {
    let shop = Shop::open().await;
    for path in ["a", "b"] {
        let url = format!("https://shop.example/{path}");
        shop.register_url(Mode::Test, WebhookDialect::Caibo, &url).await.unwrap();
    }
    shop.register(WebhookDialect::Pledg).await;
    shop.register_url(Mode::Live, WebhookDialect::Caibo, "https://shop.example/live").await.unwrap();
    let demo = shop.world.text("/caibo/payment_request_id").parse().unwrap();
    assert_eq!(shop.pay(demo, "tok_declined").await.status, 200);
    assert_eq!(shop.deliver_due().await, 2);
    let received = shop.receiver.arrived().await;
    let mut lines: Vec<_> = received.iter().map(|received| received.request_line.as_str()).collect();
    lines.sort_unstable();
    assert_eq!(lines, ["POST /a HTTP/1.1", "POST /b HTTP/1.1"]);
    assert_eq!(received[0].header("webhook-id"), received[1].header("webhook-id"), "one event, one id");

    // A target of its own is the only one.
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
    assert_eq!(shop.receiver.arrival().await.request_line, "POST /hook?order=77 HTTP/1.1");
}

#[tokio::test]
async fn deliveries_are_paged_newest_first() {
    let shop = Shop::open().await;
    for _ in 0..5 {
        shop.world.advance(1);
        shop.decline().await;
    }
    let (webhooks, merchant) = (&shop.world.services.webhooks, shop.world.merchant_id());
    let all = shop.deliveries().await;
    assert_eq!(all.len(), 5);
    assert!(all.windows(2).all(|pair| pair[0].created_at > pair[1].created_at));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = webhooks.deliveries(&merchant, Mode::Test, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(DeliveryCursor { message_id: last.message_id.clone(), endpoint: last.endpoint.clone() });
        seen.extend(page.into_iter().map(|delivery| delivery.message_id));
    }
    assert_eq!(seen, all.into_iter().map(|delivery| delivery.message_id).collect::<Vec<_>>());
    assert!(webhooks.deliveries(&merchant, Mode::Live, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_attempt_is_logged_without_path_query_or_secret() {
    let shop = Shop::open().await;
    let secret = shop.secret();
    let log = Log::default();
    let _guard = log.capture();
    shop.decline().await;
    assert_eq!(shop.deliver_due().await, 1);
    let received = shop.receiver.arrival().await;
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("webhook attempt"), "{logged}");
    assert!(logged.contains("origin=\"https://shop.example\""), "{logged}");
    assert!(logged.contains("status=200") && logged.contains("next=\"delivered\""), "{logged}");
    let signature = received.header("webhook-signature");
    let body = json_of(&received).to_string();
    for mark in ["order=77", "/hook", secret.expose_secret(), &signature[3..], &body] {
        assert!(!logged.contains(mark), "{mark} in {logged}");
    }
}
