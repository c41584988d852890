//! `POST /v1/checkout-auth/init`.

use std::collections::HashSet;

use serde_json::json;
use tollgate::account::ClientDialect;
use tollgate::payments::InvoiceStatus;
use tollgate_apikey::Mode;

use super::{Client, INIT, demo_ids, error, init, insert_invoice, read, second_merchant, with};
use crate::world::{Call, SANDBOX, T0, world};

#[tokio::test]
async fn an_access_token_buys_a_checkout_token_for_one_invoice() {
    let world = world().await;
    let client = Client::demo(&world);
    let token = client.token(&world).await;
    for path in [INIT, "/checkout-auth/init"] {
        let answer = world.send(Call::post(path).bearer(&token).json(&demo_ids(&world))).await;
        let checkout = answer.member("token");
        answer.expect(path, 200, &json!({ "token": checkout, "expires_at": T0 + 900 }));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}: no browser has business here");
        let (header, claims) = read(&checkout);
        assert!(header["kid"].as_str().unwrap().starts_with("chk-"), "{path}");
        assert_eq!(header, json!({ "alg": "HS256", "typ": "checkout+jwt", "kid": header["kid"] }), "{path}");
        let expected = json!({
            "iss": SANDBOX, "aud": "alternative-checkout", "env": "test", "cid": client.cid().as_str(),
            "partner_id": world.text("/merchant_id_test"), "client_id": client.id,
            "customer_id": world.text("/alternative/customer_id"),
            "invoice_id": world.text("/alternative/invoice_id"),
            "iat": T0, "exp": T0 + 900, "jti": claims["jti"],
        });
        assert_eq!(claims, expected, "{path}");
    }
}

#[tokio::test]
async fn a_merchant_may_choose_how_long_checkout_tokens_live() {
    let world = world().await;
    let table = [("60", 200, 60), ("3600", 200, 3600), ("59", 500, 0), ("3601", 500, 0), ("x", 500, 0), ("", 500, 0)];
    for (setting, status, life) in table {
        world.advance(1);
        let name = "alternative_checkout_lifetime";
        world.services.vault.set_setting(&world.merchant_id(), Mode::Test, name, setting).await.unwrap();
        let token = Client::demo(&world).token(&world).await;
        let answer = world.send(init(&world, &token)).await;
        assert_eq!(answer.status.as_u16(), status, "{setting}");
        if status == 200 {
            assert_eq!(answer.json()["expires_at"], world.now().unix_timestamp() + life, "{setting}");
        } else {
            answer.expect(setting, 500, &error("internal", "internal error"));
        }
    }
}

#[tokio::test]
async fn the_body_of_init_is_read_strictly() {
    let world = world().await;
    let token = Client::demo(&world).token(&world).await;
    let (customer, invoice) = (world.text("/alternative/customer_id"), world.text("/alternative/invoice_id"));
    let (of_invoice, of_customer) = ("invalid invoice id", "invalid customer id");
    let table = [
        ("no invoice", json!({ "customer_id": customer }), of_invoice, json!({ "invoice_id": "required" })),
        ("nothing", json!({}), of_invoice, json!({ "invoice_id": "required" })),
        ("empty", json!({ "customer_id": customer, "invoice_id": "" }), of_invoice, json!({ "invoice_id": "invalid" })),
        ("number", json!({ "customer_id": customer, "invoice_id": 7 }), of_invoice, json!({ "invoice_id": "invalid" })),
        (
            "null",
            json!({ "customer_id": customer, "invoice_id": null }),
            of_invoice,
            json!({ "invoice_id": "invalid" }),
        ),
        ("no customer", json!({ "invoice_id": invoice }), of_customer, json!({ "customer_id": "required" })),
        (
            "a list",
            json!({ "invoice_id": invoice, "customer_id": [] }),
            of_customer,
            json!({ "customer_id": "invalid" }),
        ),
        (
            "extra amount",
            with(&demo_ids(&world), "amount", json!("1.00")),
            "invalid request",
            json!({ "amount": "not_allowed" }),
        ),
        (
            "extra partner",
            with(&demo_ids(&world), "partner_id", json!("x")),
            "invalid request",
            json!({ "partner_id": "not_allowed" }),
        ),
    ];
    for (label, body, message, faults) in table {
        world.advance(1);
        let answer = world.send(Call::post(INIT).bearer(&token).json(&body)).await;
        answer.expect(label, 400, &json!({ "code": "bad_request", "message": message, "validation_errors": faults }));
    }
    world.advance(1);
    let ask = || Call::post(INIT).bearer(&token);
    let twice = format!("{{\"customer_id\":{customer:?},\"invoice_id\":{invoice:?},\"invoice_id\":{invoice:?}}}");
    let malformed = error("bad_request", "invalid request");
    world.send(ask().raw_json(twice)).await.expect("member twice", 400, &malformed);
    world.send(ask().raw_json("[]")).await.expect("a list", 400, &malformed);
    world.send(ask().raw_json("x".repeat(70_000))).await.expect(
        "huge",
        413,
        &error("payload_too_large", "body too large"),
    );
    let media = error("unsupported_media_type", "media type not supported");
    world.send(ask().body("{}")).await.expect("no type", 415, &media);
    let answer = world.send(Call::get(INIT)).await;
    answer.expect("GET", 405, &error("method_not_allowed", "method not allowed"));
    assert_eq!(answer.header("allow"), Some("POST"));
}

#[tokio::test]
async fn foreign_invoices_do_not_exist_and_closed_ones_buy_nothing() {
    let world = world().await;
    let token = Client::demo(&world).token(&world).await;
    let merchant = world.merchant_id();
    let foreign = second_merchant(&world).await;
    let customer = world.text("/alternative/customer_id");
    let own = insert_invoice(&world, &merchant, Mode::Test, "cus_other", InvoiceStatus::Open).await;
    let live = insert_invoice(&world, &merchant, Mode::Live, &customer, InvoiceStatus::Open).await;
    let theirs = insert_invoice(&world, &foreign, Mode::Test, &customer, InvoiceStatus::Open).await;
    let demo = world.text("/alternative/invoice_id");
    let table = [
        ("unknown invoice", customer.as_str(), "inv_unknown"),
        ("unknown customer", "cus_unknown", &demo),
        ("another customer's", &customer, &own),
        ("a live one", &customer, &live),
        ("another merchant's", &customer, &theirs),
        ("swapped", &demo, &customer),
        ("text that no id has", &customer, "' OR 1=1 --"),
        ("a very long one", &customer, &"x".repeat(5000)),
    ];
    let mut seen = HashSet::new();
    for (label, customer, invoice) in table {
        world.advance(1);
        let body = json!({ "customer_id": customer, "invoice_id": invoice });
        let answer = world.send(Call::post(INIT).bearer(&token).json(&body)).await;
        answer.expect(label, 404, &error("not_found", "not found"));
        seen.insert(answer.comparable());
    }
    assert_eq!(seen.len(), 1);
    for status in [InvoiceStatus::Processing, InvoiceStatus::Paid, InvoiceStatus::Archived] {
        world.advance(1);
        let invoice = insert_invoice(&world, &merchant, Mode::Test, &customer, status).await;
        let body = json!({ "customer_id": customer, "invoice_id": invoice });
        let answer = world.send(Call::post(INIT).bearer(&token).json(&body)).await;
        answer.expect(status.as_str(), 409, &error("invoice_not_payable", "invoice cannot be paid"));
    }
}

#[tokio::test]
async fn a_token_without_the_scope_makes_no_checkout_token() {
    let world = world().await;
    let client =
        Client::make(&world, &world.merchant_id(), ClientDialect::Alternative, Mode::Test, "other:thing").await;
    let token = client.token(&world).await;
    let answer = world.send(init(&world, &token)).await;
    answer.expect("no scope", 403, &error("forbidden", "not permitted"));
    let answer = world.send(Call::post(INIT).bearer(&token).raw_json("{")).await;
    answer.expect("before the body", 403, &error("forbidden", "not permitted"));
}
