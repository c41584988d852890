//! `/checkout/…` with a good token.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tollgate::payments::{CallKey, InvoiceStatus};
use tollgate_apikey::Mode;

use super::{
    Client, INIT, ROOTS, checkout, error, expect_open, insert_invoice, insert_method, payment, second_merchant, with,
};
use crate::world::{Call, SANDBOX, world};

#[tokio::test]
async fn a_checkout_token_reads_its_invoice_and_its_customers_methods() {
    let world = world().await;
    let merchant = world.merchant_id();
    let customer = world.text("/alternative/customer_id");
    insert_method(&world, &merchant, Mode::Test, "cus_other", "pm_other").await;
    insert_method(&world, &merchant, Mode::Live, &customer, "pm_live").await;
    insert_method(&world, &second_merchant(&world).await, Mode::Test, &customer, "pm_foreign").await;
    let token = checkout(&world).await;
    let invoice = json!({
        "id": world.text("/alternative/invoice_id"), "invoice_number": "2026-0007", "customer_id": customer,
        "status": "open", "currency": "USD", "sub_total": "100.00", "total": "120.50", "due_date": "2026-01-31",
        "created_at": "2026-01-01T00:00:00Z",
    });
    for root in ROOTS {
        world.advance(1);
        let answer = world.send(Call::get(&format!("{root}/invoice")).bearer(&token)).await;
        answer.expect(root, 200, &invoice);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{root}");
        expect_open(root, &answer);
        let head = world.send(Call::method("HEAD", &format!("{root}/invoice")).bearer(&token)).await;
        assert_eq!(head.status, 200, "{root}");

        let answer = world.send(Call::get(&format!("{root}/payment-methods")).bearer(&token)).await;
        let id = answer.json()[0]["id"].as_str().unwrap().to_owned();
        assert!(id.starts_with("pm_"), "{root}: {id}");
        let card = json!({
            "id": id, "type": "card", "brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2029,
        });
        answer.expect(root, 200, &json!([card]));
        expect_open(root, &answer);

        let mut links = HashSet::new();
        for _ in 0..2 {
            let answer = world.send(Call::get(&format!("{root}/invoice/pdf-link")).bearer(&token)).await;
            let url = answer.member("url");
            answer.expect(root, 200, &json!({ "url": url }));
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{root}");
            let random = url.strip_prefix(&format!("{SANDBOX}/i/")).unwrap().to_owned();
            assert_eq!(URL_SAFE_NO_PAD.decode(&random).unwrap().len(), 32, "{root}");
            links.insert(random);
        }
        assert_eq!(links.len(), 2, "{root}");
    }
}

#[tokio::test]
async fn an_invoice_is_paid_once_and_can_be_read_afterwards() {
    for root in ROOTS {
        let world = world().await;
        let token = checkout(&world).await;
        let path = format!("{root}/payments");
        let body = payment(&world, &token).await;
        let answer = world.send(Call::post(&path).bearer(&token).json(&body)).await;
        let id = answer.member("id");
        assert!(id.starts_with("pay_"), "{id}");
        let paid = json!({
            "id": id, "invoice_id": world.text("/alternative/invoice_id"), "status": "succeeded",
            "amount": "120.50", "currency": "USD", "created_at": "2026-01-01T00:00:01Z",
        });
        answer.expect(root, 201, &paid);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{root}");
        expect_open(root, &answer);
        let again = world.send(Call::post(&path).bearer(&token).json(&body)).await;
        again.expect("again", 409, &error("invoice_not_payable", "invoice cannot be paid"));
        expect_open("again", &again);
        let shown = world.send(Call::get(&format!("{root}/invoice")).bearer(&token)).await;
        assert_eq!((shown.status.as_u16(), shown.json()["status"].as_str()), (200, Some("paid")));
    }
}

#[tokio::test]
async fn of_payments_at_once_one_wins() {
    let world = world().await;
    let token = checkout(&world).await;
    let body = payment(&world, &token).await;
    world.advance(1);
    let pay = || world.send(Call::post("/checkout/payments").bearer(&token).json(&body));
    let (a, b, c, d) = tokio::join!(pay(), pay(), pay(), pay());
    let mut statuses: Vec<_> = [a, b, c, d].iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
}

#[tokio::test]
async fn a_payment_is_read_strictly() {
    let world = world().await;
    let customer = world.text("/alternative/customer_id");
    let merchant = world.merchant_id();
    insert_method(&world, &merchant, Mode::Test, "cus_other", "pm_other").await;
    insert_method(&world, &merchant, Mode::Live, &customer, "pm_live").await;
    insert_method(&world, &second_merchant(&world).await, Mode::Test, &customer, "pm_foreign").await;
    let token = checkout(&world).await;
    let good = payment(&world, &token).await;
    let table = [
        ("lower amount", "amount", json!("120.49"), "invalid"),
        ("higher amount", "amount", json!("120.51"), "invalid"),
        ("another spelling", "amount", json!("120.5"), "invalid"),
        ("zeros before", "amount", json!("0120.50"), "invalid"),
        ("number", "amount", json!(120.5), "invalid"),
        ("null", "amount", json!(null), "invalid"),
        ("no such day", "payment_date", json!("2026-02-30"), "invalid"),
        ("a time", "payment_date", json!("2026-01-01T00:00:00Z"), "invalid"),
        ("another kind", "payment_method", json!("cash"), "invalid"),
        ("not the method's kind", "payment_method", json!("bank"), "invalid"),
        ("method number", "payment_method_id", json!(1), "invalid"),
        ("empty method", "payment_method_id", json!(""), "invalid"),
        ("an invoice", "invoice_id", json!(world.text("/alternative/invoice_id")), "not_allowed"),
        ("a customer", "customer_id", json!(customer), "not_allowed"),
        ("a partner", "partner_id", json!(null), "not_allowed"),
    ];
    let refused = |member: &str, fault: &str| json!({ "code": "bad_request", "message": "invalid request", "validation_errors": { member: fault } });
    let pay = |body: &Value| Call::post("/checkout/v1/payments").bearer(&token).json(body);
    for (label, member, value, fault) in table {
        world.advance(1);
        let answer = world.send(pay(&with(&good, member, value))).await;
        answer.expect(label, 400, &refused(member, fault));
        expect_open(label, &answer);
    }
    for member in ["amount", "payment_date", "payment_method", "payment_method_id"] {
        world.advance(1);
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(member);
        world.send(pay(&body)).await.expect(member, 400, &refused(member, "required"));
    }
    for method in ["pm_unknown", "pm_other", "pm_live", "pm_foreign"] {
        world.advance(1);
        let answer = world.send(pay(&with(&good, "payment_method_id", json!(method)))).await;
        answer.expect(method, 404, &error("not_found", "not found"));
    }
    world.advance(1);
    world.send(pay(&good)).await.json()["id"].as_str().expect("nothing of that paid the invoice");
}

#[tokio::test]
async fn ids_beside_the_token_are_refused() {
    let world = world().await;
    let token = checkout(&world).await;
    let invoice = world.text("/alternative/invoice_id");
    let table = [
        (format!("invoice_id={invoice}"), Some("invoice_id")),
        ("invoice_id=inv_other".to_owned(), Some("invoice_id")),
        ("invoice_id".to_owned(), Some("invoice_id")),
        ("x=1&customer_id=".to_owned(), Some("customer_id")),
        ("%69nvoice_id=x".to_owned(), Some("invoice_id")),
        ("partner_id=x".to_owned(), Some("partner_id")),
        ("invoice_id=a&invoice_id=b".to_owned(), None),
        ("a=%zz".to_owned(), None),
    ];
    for (query, member) in table {
        for path in ["/checkout/invoice", "/checkout/v1/invoice/pdf-link", "/checkout/v1/payment-methods"] {
            world.advance(1);
            let answer = world.send(Call::get(&format!("{path}?{query}")).bearer(&token)).await;
            let faults = member.map_or(json!({}), |member| json!({ member: "not_allowed" }));
            let body = json!({ "code": "bad_request", "message": "invalid request", "validation_errors": faults });
            answer.expect(&query, 400, &body);
        }
    }
    world.advance(1);
    assert_eq!(world.send(Call::get("/checkout/invoice?cache=1").bearer(&token)).await.status, 200);
}

#[tokio::test]
async fn a_repeated_payment_is_answered_as_the_first_was() {
    let world = world().await;
    let token = checkout(&world).await;
    let body = payment(&world, &token).await;
    let pay = |token: &str, key: &str, body: &Value| {
        Call::post("/checkout/payments").bearer(token).header("idempotency-key", key).json(body)
    };
    let first = world.send(pay(&token, "k", &body)).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, None));
    world.advance(1);
    let second = world.send(pay(&token, "k", &body)).await;
    second.expect("again", 201, &first.json());
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    expect_open("again", &second);
    let by_root = Call::post("/checkout/v1/payments").bearer(&token).header("idempotency-key", "k").json(&body);
    world.send(by_root).await.expect("under the other root", 201, &first.json());
    let other = world.send(pay(&token, "k", &with(&body, "payment_date", json!("2026-01-02")))).await;
    other.expect("other body", 422, &error("idempotency_mismatch", "key used with another body"));
    world.advance(1);
    let running = CallKey {
        merchant: world.merchant_id(),
        mode: Mode::Test,
        route: "POST /checkout/payments",
        key: "running".to_owned(),
    };
    let _running = world.services.in_flight.enter(running).unwrap();
    let beside = world.send(pay(&token, "running", &body)).await;
    beside.expect("beside the first", 409, &error("request_in_progress", "first request still running"));
    world.advance(1);
    let another_key = world.send(pay(&token, "k2", &body)).await;
    another_key.expect("other key", 409, &error("invoice_not_payable", "invoice cannot be paid"));
    let long = "k".repeat(256);
    let twice = pay(&token, "a", &body).header("idempotency-key", "b");
    for (label, call) in
        [("too long", pay(&token, &long, &body)), ("blank", pay(&token, "a b", &body)), ("twice", twice)]
    {
        world.advance(1);
        world.send(call).await.expect(label, 400, &error("bad_request", "invalid request"));
    }

    // The same customer, another invoice, the same key and body: a payment of its own.
    let (customer, merchant) = (world.text("/alternative/customer_id"), world.merchant_id());
    let invoice = insert_invoice(&world, &merchant, Mode::Test, &customer, InvoiceStatus::Open).await;
    world.advance(1);
    let access = Client::demo(&world).token(&world).await;
    let ids = json!({ "customer_id": customer, "invoice_id": invoice });
    let token = world.send(Call::post(INIT).bearer(&access).json(&ids)).await.member("token");
    let paid = world.send(pay(&token, "k", &body)).await;
    assert_eq!((paid.status.as_u16(), paid.json()["invoice_id"].as_str()), (201, Some(invoice.as_str())));
}
