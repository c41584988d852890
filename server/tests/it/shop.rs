//! The demo shop of `dev`: what its page may ask for, and the one place where a plain HTTP origin is registered.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tollgate::administration::{Actor, Error, Page};
use tollgate::demo;
use tollgate::shop::{Sandbox, Till, router};
use tower::ServiceExt;

use super::world::{Call, SANDBOX, World, world};

const ORIGIN: &str = "http://127.0.0.1:8082";

#[tokio::test]
async fn the_shop_gives_its_page_tokens_and_no_key() {
    let world = world().await;
    let shop = shop(&world, ORIGIN).await;
    let (status, session) = post(&shop, "/session", "{}").await;
    assert_eq!(status, 200, "{session}");
    let page = format!("/main?requestId={}&token={}", session["requestId"], session["token"].as_str().unwrap());
    let answer = world.send(Call::get(&page)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-security-policy").unwrap().ends_with(&format!("frame-ancestors {ORIGIN}")));

    let (status, error) = post(&shop, "/token", "{}").await;
    assert_eq!((status, error["error"].as_str()), (502, Some("there is no invoice yet")));
    let (status, first) = post(&shop, "/invoice", "{}").await;
    assert_eq!(status, 200, "{first}");
    let read = async |token: &Value| {
        let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
        let call = Call::get("/checkout/v1/invoice").header("authorization", bearer).header("origin", ORIGIN);
        world.send(call).await
    };
    assert_eq!(read(&first).await.json()["status"], "open");
    let (_, second) = post(&shop, "/token", "{}").await;
    assert_eq!(read(&second).await.json()["id"], read(&first).await.json()["id"], "the invoice of the session");

    let (status, _) = post(&shop, "/revoke", &json!({ "token": first["token"] }).to_string()).await;
    assert_eq!(status, 200);
    assert_eq!(read(&first).await.status, 401);
    assert_eq!(read(&second).await.status, 200);
    let html = get(&shop, "/").await;
    for (label, body) in [("page", html), ("session", session.to_string()), ("invoice", first.to_string())] {
        assert!(!body.contains("_sk_") && !body.contains("client_secret"), "{label}: {body}");
    }
}

#[tokio::test]
async fn the_page_decides_nothing_about_what_is_paid() {
    let world = world().await;
    let shop = shop(&world, ORIGIN).await;
    for (label, path, body, status) in [
        ("an amount", "/session", r#"{"amount":0.01}"#, 422),
        ("a customer", "/token", r#"{"customer_id":"cus_other"}"#, 422),
        ("an invoice", "/invoice", r#"{"invoice_id":"inv_other"}"#, 422),
        ("no JSON", "/session", "", 400),
        ("a parameter behind the token", "/revoke", r#"{"token":"a&client_id=b"}"#, 502),
    ] {
        assert_eq!(post(&shop, path, body).await.0, status, "{label}");
    }
    let form = Request::post("/session").header("content-type", "application/x-www-form-urlencoded");
    let answer = shop.clone().oneshot(form.body(Body::from("a=b")).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 415, "what another site's form could send");
}

#[tokio::test]
async fn a_plain_origin_is_taken_once_dev_has_registered_it() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let create = async |origin: &str| {
        let body = json!({ "amount": 1, "unit": "EUR", "originDomain": origin });
        world.send(Call::post("/payment-requests").header("x-api-key", &key).json(&body)).await.status.as_u16()
    };
    assert_eq!(create(ORIGIN).await, 400, "before");
    let _first = shop(&world, ORIGIN).await;
    assert_eq!(create(ORIGIN).await, 201, "registered");
    assert_eq!(create("http://127.0.0.1:8083").await, 400, "another port");
    assert_eq!(create("127.0.0.1:8082").await, 400, "the https origin of the same address");
    assert_eq!(create("https://shop.example").await, 201, "the https origin stays");
    let _second = shop(&world, "http://127.0.0.1:9000").await;
    assert_eq!(create(ORIGIN).await, 400, "the port of the last start");
}

#[tokio::test]
async fn a_change_of_the_other_origins_leaves_it_registered() {
    let world = world().await;
    let _shop = shop(&world, ORIGIN).await;
    let (administration, id) = (&world.services.administration, world.merchant_id());
    administration.set_merchant_domains(&Actor::system(), &id, vec!["https://new.example".to_owned()]).await.unwrap();
    let known = administration.merchant(&id).await.unwrap().unwrap();
    assert_eq!(known.domains, ["https://new.example", ORIGIN]);
}

#[tokio::test]
async fn the_log_tells_who_registered_the_origin() {
    let world = world().await;
    let administration = &world.services.administration;
    let entries = async || {
        let all = administration.audit(Some(&world.merchant_id()), Page::first(Page::MAX)).await.unwrap();
        all.into_iter().filter(|entry| entry.action == "merchant.domains_set").collect::<Vec<_>>()
    };
    let before = entries().await.len();
    let _first = shop(&world, ORIGIN).await;
    let told = entries().await;
    assert_eq!((told.len(), told[0].actor.as_str()), (before + 1, "system"));
    let detail: Value = serde_json::from_str(&told[0].detail).unwrap();
    assert!(detail["domains"].as_array().unwrap().contains(&json!(ORIGIN)), "{detail}");
    let _again = shop(&world, ORIGIN).await;
    assert_eq!(entries().await.len(), before + 1, "without a change there is nothing to tell");
    for address in [[203, 0, 113, 7], [0, 0, 0, 0], [10, 0, 0, 1]] {
        let (actor, merchant) = (Actor::system(), world.merchant_id());
        let refused = administration.set_local_origin(&actor, &merchant, (address, 80).into()).await;
        assert!(matches!(refused, Err(Error::Invalid("address"))), "{address:?}");
    }
}

#[tokio::test]
async fn a_new_start_ends_the_credentials_of_the_last() {
    let world = world().await;
    let first = shop(&world, ORIGIN).await;
    let (_, session) = post(&first, "/session", "{}").await;
    let (_, invoice) = post(&first, "/invoice", "{}").await;
    let second = shop(&world, ORIGIN).await;
    assert_eq!(post(&first, "/session", "{}").await.0, 502);
    assert_eq!(post(&first, "/invoice", "{}").await.0, 502);
    assert_eq!(post(&second, "/session", "{}").await.0, 200);
    assert_eq!(post(&second, "/invoice", "{}").await.0, 200);
    let show = Call::get(&format!("/payment-requests/{}", session["requestId"]));
    let show = show.header("x-checkout-token", session["token"].as_str().unwrap());
    assert_eq!(world.send(show).await.status, 401, "its checkout tokens are dead, too");
    let bearer = format!("Bearer {}", invoice["token"].as_str().unwrap());
    assert_eq!(world.send(Call::get("/checkout/v1/invoice").header("authorization", bearer)).await.status, 401);
    let owner = Call::get("/auth/whoami").header("x-api-key", world.text("/caibo/api_key_test"));
    assert_eq!(world.send(owner).await.status, 200, "the owner's key is another");
}

// ---- steps

async fn shop(world: &World, origin: &str) -> Router {
    let (keys, books) = demo::shop(&world.services, origin).await.unwrap();
    let sandbox = Sandbox::new(world.sandbox(), SANDBOX, ([127, 0, 0, 1], 8082).into());
    router(Till::new(sandbox, keys, origin, books))
}

async fn post(shop: &Router, path: &str, body: &str) -> (u16, Value) {
    let request = Request::post(path).header("content-type", "application/json").body(Body::from(body.to_owned()));
    let answer = shop.clone().oneshot(request.unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn get(shop: &Router, path: &str) -> String {
    let answer = shop.clone().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}
