//! Making and reading payment requests.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tollgate::auth::ListenerMode;
use tollgate::payments::CallKey;
use tollgate_apikey::Mode;

use super::{
    REQUEST, SMALL, at_once, create, create_on, foreign_request, invalid, issue, mint, refused, refused_as, succeeded,
};
use crate::world::{Call, world};

#[tokio::test]
async fn a_payment_request_answers_what_it_was_given() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    world.clock.advance(Duration::from_millis(900));
    let full = r#"{"amount":49.90,"unit":"EUR","referenceId":"cart-1009","notifyUrl":"https://shop.example/hook?a=1",
        "successUrl":"https://shop.example/ok","failureUrl":"https://shop.example/no","originDomain":"shop.example",
        "client":{"name":"Ana","email":"ana@shop.example","address":"-","phone":"1","memberId":"7"},
        "currency":"USD","reference":"x","id":99,"status":"paid","createdAt":"x"}"#;
    let table = [
        (
            "all",
            "",
            full,
            json!({
                "id": 2, "amount": 49.90, "unit": "EUR", "status": "unpaid", "referenceId": "cart-1009",
                "originDomain": "https://shop.example", "notifyUrl": "https://shop.example/hook?a=1",
                "successUrl": "https://shop.example/ok", "failureUrl": "https://shop.example/no",
                "createdAt": "2026-01-01T00:00:00Z",
            }),
        ),
        (
            "what it must have",
            "",
            SMALL,
            json!({
                "id": 3, "amount": 49.90, "unit": "EUR", "status": "unpaid", "createdAt": "2026-01-01T00:00:00Z",
            }),
        ),
        (
            "send=null",
            "?send=null",
            SMALL,
            json!({
                "id": 4, "amount": 49.90, "unit": "EUR", "status": "unpaid", "createdAt": "2026-01-01T00:00:00Z",
            }),
        ),
        (
            "no decimals",
            "",
            r#"{"amount":500,"unit":"JPY"}"#,
            json!({
                "id": 5, "amount": 500, "unit": "JPY", "status": "unpaid", "createdAt": "2026-01-01T00:00:00Z",
            }),
        ),
        (
            "three decimals",
            "",
            r#"{"amount":0.001,"unit":"KWD"}"#,
            json!({
                "id": 6, "amount": 0.001, "unit": "KWD", "status": "unpaid", "createdAt": "2026-01-01T00:00:00Z",
            }),
        ),
    ];
    for (label, query, body, expected) in table {
        let call = Call::post(&format!("/payment-requests{query}")).raw_json(body).header("x-api-key", &key);
        let answer = world.send(call).await;
        succeeded(&answer, label, 201, &expected);
        let amount = body.split([':', ',']).nth(1).unwrap();
        assert!(answer.text().contains(&format!("\"amount\":{amount},")), "{label}: {}", answer.text());

        let shown =
            world.send(Call::get(&format!("/payment-requests/{}", expected["id"])).header("x-api-key", &key)).await;
        succeeded(&shown, label, 200, &expected);
        assert_eq!(shown.text(), answer.text(), "{label}: shown as it was made");
    }
}

#[tokio::test]
async fn a_payment_request_takes_a_registered_origin_only() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let table = [
        (json!("shop.example"), true),
        (json!("https://shop.example"), true),
        (json!("https://SHOP.example"), true),
        (json!("other.example"), false),
        (json!("www.shop.example"), false),
        (json!("shop.example.evil.example"), false),
        (json!("shop.example:8443"), false),
        (json!("https://shop.example:8443"), false),
        (json!("http://shop.example"), false),
        (json!("//shop.example"), false),
        (json!("https://shop.example/"), false),
        (json!("shop.example/path"), false),
        (json!("https://shop.example?x"), false),
        (json!("https://shop.example#x"), false),
        (json!("user@shop.example"), false),
        (json!("*.example"), false),
        (json!("*"), false),
        (json!("shop.example, other.example"), false),
        (json!("shop.example other.example"), false),
        (json!(" shop.example"), false),
        (json!("ſhop.example"), false),
        (json!("null"), false),
        (json!(""), false),
        (json!(null), false),
        (json!(1), false),
        (json!(["shop.example"]), false),
    ];
    for (origin, registered) in table {
        let body = json!({ "amount": 1, "unit": "EUR", "originDomain": origin });
        let answer = world.send(Call::post("/payment-requests").json(&body).header("x-api-key", &key)).await;
        let label = origin.to_string();
        if registered {
            assert_eq!(answer.status, 201, "{label}: {}", answer.text());
            assert_eq!(answer.json()["originDomain"], "https://shop.example", "{label}");
        } else {
            refused_as(&answer, &label, &invalid("originDomain", "invalid"));
        }
    }
}

#[tokio::test]
async fn a_payment_request_names_the_member_that_is_wrong() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let mut table: Vec<(String, &str, &str)> = vec![
        (r#"{"unit":"EUR"}"#.to_owned(), "amount", "required"),
        (r#"{"amount":1}"#.to_owned(), "unit", "required"),
        (r#"{"amount":1,"currency":"EUR"}"#.to_owned(), "unit", "required"),
        (r#"{"amount":5.0,"unit":"JPY"}"#.to_owned(), "amount", "invalid"),
        (r#"{"amount":1.2345,"unit":"KWD"}"#.to_owned(), "amount", "invalid"),
    ];
    let amounts = ["0", "0.00", "-1", "-0", "49.901", "1e3", "1E3", "1.0e1", "\"49.90\"", "null", "true", "[1]", "{}"];
    for amount in amounts {
        table.push((format!(r#"{{"amount":{amount},"unit":"EUR"}}"#), "amount", "invalid"));
    }
    for unit in ["\"eur\"", "\"EURO\"", "\"EU\"", "\"\"", "\"ZZZ\"", "\"EUR \"", "978", "null", "[\"EUR\"]"] {
        table.push((format!(r#"{{"amount":1,"unit":{unit}}}"#), "unit", "invalid"));
    }
    for value in ["5", "null", "[]", "\"a\\u0000b\""] {
        table.push((format!(r#"{{"amount":1,"unit":"EUR","referenceId":{value}}}"#), "referenceId", "invalid"));
    }
    for value in ["\"x\"", "[]", "null", "1"] {
        table.push((format!(r#"{{"amount":1,"unit":"EUR","client":{value}}}"#), "client", "invalid"));
    }
    let urls = [
        "\"http://shop.example/\"",
        "\"ftp://shop.example/\"",
        "\"//shop.example/\"",
        "\"/ok\"",
        "\"javascript:alert(1)\"",
        "\"https:///ok\"",
        "\"https://user:pass@shop.example/\"",
        "\" https://shop.example/\"",
        "\"\"",
        "5",
        "null",
    ];
    for member in ["notifyUrl", "successUrl", "failureUrl"] {
        for url in urls {
            table.push((format!(r#"{{"amount":1,"unit":"EUR","{member}":{url}}}"#), member, "invalid"));
        }
    }
    for (body, member, fault) in table {
        let answer = world.send(Call::post("/payment-requests").raw_json(body.clone()).header("x-api-key", &key)).await;
        refused_as(&answer, &body, &invalid(member, fault));
    }

    let twice = format!("{},\"unit\":\"EUR\"}}", &SMALL[..SMALL.len() - 1]);
    let table = [
        ("empty", Call::post("/payment-requests").raw_json(""), "invalid_request"),
        ("member twice", Call::post("/payment-requests").raw_json(twice), "invalid_request"),
        ("leading zero", Call::post("/payment-requests").raw_json(SMALL.replace("49", "049")), "invalid_request"),
        ("too long", Call::post("/payment-requests").raw_json(" ".repeat(65_537)), "payload_too_large"),
        ("no type", Call::post("/payment-requests").body(SMALL), "unsupported_media_type"),
    ];
    for (label, call, code) in table {
        refused(&world.send(call.header("x-api-key", &key)).await, label, code);
    }
    assert_eq!(create(&world, &key).await, 2, "nothing was made");
}

#[tokio::test]
async fn a_repeated_call_gets_the_first_answer() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let post = |listener, key: &str, name: &str, body: &str| {
        let call = Call::post("/payment-requests").on(listener).raw_json(body.to_owned());
        world.send(call.header("x-api-key", key).header("idempotency-key", name))
    };
    let test = ListenerMode::Test;
    let first = post(test, &key, "order-1", SMALL).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, None));
    world.advance(100);
    let again = post(test, &key, "order-1", SMALL).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(again.text(), first.text());
    assert_eq!(again.header("content-type"), Some("application/json"));
    let other = post(test, &key, "order-1", r#"{"amount":50,"unit":"EUR"}"#).await;
    refused(&other, "another body", "idempotency_mismatch");

    let second_key = issue(&world, Mode::Test, "payment_requests:write").await;
    let again = post(test, &second_key, "order-1", SMALL).await;
    assert_eq!(again.text(), first.text(), "another key of the merchant, same mode");
    let longest = "k".repeat(255);
    let live = world.text("/caibo/api_key_live");
    let table = [
        ("another name", test, &key, "order-2"),
        ("names differ by case", test, &key, "ORDER-1"),
        ("255 characters", test, &key, longest.as_str()),
        ("another mode", ListenerMode::Live, &live, "order-1"),
    ];
    for (id, (label, listener, key, name)) in (3..).zip(table) {
        let answer = post(listener, key, name, SMALL).await;
        assert_eq!((answer.status.as_u16(), answer.header("idempotency-replayed")), (201, None), "{label}");
        assert_eq!(answer.json()["id"], id, "{label}");
    }

    world.advance(86_400 - 101);
    assert_eq!(post(test, &key, "order-1", SMALL).await.text(), first.text(), "a second before a day is over");
    world.advance(1);
    let later = post(test, &key, "order-1", SMALL).await;
    assert_eq!((later.json()["id"].as_i64(), later.header("idempotency-replayed")), (Some(7), None), "after a day");
}

#[tokio::test]
async fn an_idempotency_key_is_one_visible_word() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let long = "k".repeat(256);
    let table: [(&str, Vec<&[u8]>); 7] = [
        ("empty", vec![b""]),
        ("256 characters", vec![long.as_bytes()]),
        ("blank", vec![b"a b"]),
        ("tab", vec![b"a\tb"]),
        ("not ASCII", vec!["é".as_bytes()]),
        ("twice", vec![b"a", b"b"]),
        ("twice the same", vec![b"a", b"a"]),
    ];
    for (label, names) in table {
        let call = Call::post("/payment-requests").raw_json(SMALL).header("x-api-key", &key);
        let call = names.into_iter().fold(call, |call, name| call.header("idempotency-key", name));
        refused(&world.send(call).await, label, "invalid_request");
    }
    assert_eq!(create(&world, &key).await, 2, "nothing was made");
}

#[tokio::test]
async fn a_repetition_beside_the_first_call_is_told_so() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let call = CallKey {
        merchant: world.merchant_id(),
        mode: Mode::Test,
        route: "POST /payment-requests",
        key: "order-1".to_owned(),
    };
    let post = || {
        let call = Call::post("/payment-requests").raw_json(SMALL).header("x-api-key", &key);
        world.send(call.header("idempotency-key", "order-1"))
    };
    let running = world.services.in_flight.enter(call).unwrap();
    refused(&post().await, "while it runs", "idempotency_in_progress");
    drop(running);
    assert_eq!(post().await.status, 201, "afterwards");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repetitions_at_once_make_one_object() {
    let world = Arc::new(world().await);
    let key = world.text("/caibo/api_key_test");
    let answers = at_once(&world, 8, |_| {
        let call = Call::post("/payment-requests").raw_json(SMALL);
        call.header("x-api-key", &key).header("idempotency-key", "order-1")
    })
    .await;
    for answer in &answers {
        match answer.status.as_u16() {
            201 => assert_eq!(answer.json()["id"], 2),
            _ => refused(answer, "at once", "idempotency_in_progress"),
        }
    }
    assert!(answers.iter().any(|answer| answer.status == 201));
    assert_eq!(create(&world, &key).await, 3, "one object was made");
}

#[tokio::test]
async fn a_payment_request_is_shown_in_full_to_the_shop_and_in_part_to_the_page() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let token = mint(&world, &key, 1).await;
    let full = json!({
        "id": 1, "amount": 49.90, "unit": "EUR", "status": "unpaid", "referenceId": "cart-1009",
        "originDomain": "https://shop.example", "successUrl": "https://shop.example/ok",
        "failureUrl": "https://shop.example/failed", "createdAt": "2026-01-01T00:00:00Z",
    });
    let part = json!({
        "id": 1, "amount": 49.90, "unit": "EUR", "status": "unpaid", "referenceId": "cart-1009",
        "successUrl": "https://shop.example/ok", "failureUrl": "https://shop.example/failed",
    });
    let status = json!({ "id": 1, "status": "unpaid" });
    let table = [
        ("key", REQUEST, "x-api-key", &key, &full),
        ("token", REQUEST, "x-checkout-token", &token, &part),
        ("key, status", "/payment-requests/1/status", "x-api-key", &key, &status),
        ("token, status", "/payment-requests/1/status", "x-checkout-token", &token, &status),
    ];
    for (label, path, header, credential, body) in table {
        let answer = world.send(Call::get(path).header(header, credential)).await;
        succeeded(&answer, label, 200, body);
        assert!(path != REQUEST || answer.text().contains("\"amount\":49.90"), "{label}: {}", answer.text());
    }

    // A page is not told the notification address nor the origin of a request that has them.
    let body = r#"{"amount":1,"unit":"EUR","originDomain":"shop.example","notifyUrl":"https://shop.example/hook"}"#;
    let made = world.send(Call::post("/payment-requests").raw_json(body).header("x-api-key", &key)).await;
    assert_eq!(made.json()["notifyUrl"], "https://shop.example/hook");
    let token = mint(&world, &key, 2).await;
    let answer = world.send(Call::get("/payment-requests/2").header("x-checkout-token", &token)).await;
    succeeded(&answer, "little", 200, &json!({ "id": 2, "amount": 1, "unit": "EUR", "status": "unpaid" }));
}

#[tokio::test]
async fn what_is_not_there_and_what_is_not_ones_own_look_alike() {
    let world = world().await;
    let (test, live) = (world.text("/caibo/api_key_test"), world.text("/caibo/api_key_live"));
    let foreign = foreign_request(&world).await.to_string();
    let of_live = create_on(&world, ListenerMode::Live, &live).await.to_string();
    let ill_formed = [
        "0",
        "01",
        "-1",
        "+1",
        "1.0",
        "1e0",
        "0x1",
        "abc",
        "%31",
        "%ff",
        "1%20",
        "9007199254740993",
        "99999999999999999999",
    ];
    let pay = r#"{"method":"card","paymentToken":"tok_test_visa"}"#;
    for (method, tail, body) in
        [("GET", "", ""), ("GET", "/status", ""), ("POST", "/checkout-session", ""), ("POST", "/payments", pay)]
    {
        let ask = |id: &str, key: &str| {
            let call = Call::method(method, &format!("/payment-requests/{id}{tail}")).on(ListenerMode::Any);
            world.send(call.raw_json(body).header("x-api-key", key))
        };
        let reference = ask("999", &test).await;
        refused(&reference, "absent", "not_found");
        for id in [&[foreign.as_str(), of_live.as_str()][..], &ill_formed].concat() {
            assert_eq!(ask(id, &test).await.comparable(), reference.comparable(), "{method} {id}{tail}");
        }
        let answer = ask("1", &live).await;
        assert_eq!(answer.comparable(), reference.comparable(), "{method} {tail}: test request, live key");
        assert!(ask(&of_live, &live).await.status.is_success(), "{method} {tail}: its own");
    }
}
