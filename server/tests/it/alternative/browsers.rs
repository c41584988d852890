//! CORS, and the origins a merchant registered.

use serde_json::json;
use tollgate::account::ClientDialect;
use tollgate::payments::InvoiceStatus;
use tollgate_apikey::Mode;

use super::{Client, INIT, TOKEN, checkout, error, expect_open, init, insert_invoice, second_merchant};
use crate::world::{Call, world};

#[tokio::test]
async fn browsers_are_let_in_under_checkout_and_nowhere_else() {
    let world = world().await;
    for path in ["/checkout/invoice", "/checkout/v1/payments", "/checkout/nothing", "/checkout/v1/a/b"] {
        let answer = world.send(Call::method("OPTIONS", path).header("origin", "https://evil.example")).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (204, ""), "{path}");
        let headers = [
            ("access-control-allow-methods", "GET, POST"),
            ("access-control-allow-headers", "authorization, content-type, idempotency-key"),
            ("access-control-max-age", "600"),
        ];
        for (name, value) in headers {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        expect_open(path, &answer);
    }
    for path in [TOKEN, INIT, "/checkout-auth/init", "/oauth/introspect", "/oauth/revoke"] {
        let answer = world.send(Call::method("OPTIONS", path).header("origin", "https://shop.example")).await;
        assert_eq!(answer.status, 405, "{path}");
        let names: Vec<_> = answer.headers.keys().filter(|n| n.as_str().starts_with("access-control")).collect();
        assert!(names.is_empty(), "{path}: {names:?}");
    }
    let token = checkout(&world).await;
    let refusals = [
        ("401", Call::get("/checkout/invoice"), 401, error("unauthorized", "authentication failed")),
        ("404", Call::get("/checkout/nothing").bearer(&token), 404, error("not_found", "not found")),
        ("404 below", Call::post("/checkout/v1/invoice/x").bearer(&token), 404, error("not_found", "not found")),
        ("405", Call::put("/checkout/invoice").bearer(&token), 405, error("method_not_allowed", "method not allowed")),
        (
            "405 on payments",
            Call::get("/checkout/payments").bearer(&token),
            405,
            error("method_not_allowed", "method not allowed"),
        ),
        (
            "415",
            Call::post("/checkout/payments").bearer(&token).body("{}"),
            415,
            error("unsupported_media_type", "media type not supported"),
        ),
    ];
    for (label, call, status, body) in refusals {
        let answer = world.send(call).await;
        answer.expect(label, status, &body);
        expect_open(label, &answer);
        assert_eq!(answer.header("allow").is_some(), status == 405, "{label}");
    }
}

#[tokio::test]
async fn another_origin_is_refused_where_the_merchant_registered_some() {
    let world = world().await;
    let token = checkout(&world).await;
    let table = [
        (None, 200),
        (Some("https://shop.example"), 200),
        (Some("http://shop.example"), 403),
        (Some("https://shop.example:8443"), 403),
        (Some("https://shop.example."), 403),
        (Some("https://evil.example"), 403),
        (Some("https://sub.shop.example"), 403),
        (Some("https://shop.example.evil.example"), 403),
        (Some("null"), 403),
        (Some(""), 403),
    ];
    let ask = |origin: Option<&str>| {
        let call = Call::get("/checkout/invoice").bearer(&token);
        origin.into_iter().fold(call, |call, origin| call.header("origin", origin))
    };
    for (origin, status) in table {
        world.advance(1);
        let answer = world.send(ask(origin)).await;
        assert_eq!(answer.status.as_u16(), status, "{origin:?}");
        expect_open("origin", &answer);
        if status == 403 {
            answer.expect("origin", 403, &error("origin_denied", "origin not allowed"));
        }
    }
    let both = ask(Some("https://shop.example")).header("origin", "https://evil.example");
    assert_eq!(world.send(both).await.status, 403, "both");
    let dead = Call::get("/checkout/invoice").bearer("x").header("origin", "https://evil.example");
    assert_eq!(world.send(dead).await.status, 401, "a token that is not good is said first");
    let server = init(&world, &Client::demo(&world).token(&world).await).header("origin", "https://evil.example");
    assert_eq!(world.send(server).await.status, 200, "servers have no origin");
}

#[tokio::test]
async fn any_origin_passes_where_the_merchant_registered_none() {
    let world = world().await;
    let merchant = second_merchant(&world).await;
    let client = Client::make(&world, &merchant, ClientDialect::Alternative, Mode::Test, "checkout:init").await;
    let invoice = insert_invoice(&world, &merchant, Mode::Test, "cus_1", InvoiceStatus::Open).await;
    let access = client.token(&world).await;
    let ids = json!({ "customer_id": "cus_1", "invoice_id": invoice });
    let token = world.send(Call::post(INIT).bearer(&access).json(&ids)).await.member("token");
    let call = Call::get("/checkout/invoice").bearer(&token).header("origin", "https://anywhere.example");
    assert_eq!(world.send(call).await.status, 200);
}
