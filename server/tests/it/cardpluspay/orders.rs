//! Balance and orders.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate::app::Services;
use tollgate::payments::CallKey;
use tollgate_apikey::Mode;

use super::{
    ALL_SCOPES, Account, BALANCE, Bench, ORDERS, demo, error, insert, insert_item, issue, second_merchant, send,
    signing, text_of,
};
use crate::leaks::Log;
use crate::world::{Call, World, world};

#[tokio::test]
async fn the_balance_is_a_decimal_text() {
    let world = world().await;
    for (account, currency) in [(demo(&world), "COP"), (unsigned(&world).await, "USD")] {
        let answer = world.send(account.key(Call::get(BALANCE))).await;
        let data = json!({ "balance": "1500000.00", "currency": currency, "state": "success" });
        answer.expect(currency, 200, &json!({ "success": true, "message": "Balance retrieved", "data": data }));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(world.send(demo(&world).key(Call::method("HEAD", BALANCE))).await.status, 200);
}

#[tokio::test]
async fn an_order_gives_codes_and_is_paid_once() {
    let world = world().await;
    let account = demo(&world);
    let item = item_id(&world);
    let mut seen = std::collections::HashSet::new();
    let table = [
        ("by number", json!({ "item_id": item, "quantity": 1, "email": "a@shop.example" }), 1, "1499990.00"),
        ("by code", json!({ "item_code": "GIFT-10", "quantity": 100, "email": "b" }), 100, "1498990.00"),
        ("more members", json!({ "item_id": item, "quantity": 2, "email": "c@x", "note": 1 }), 2, "1498970.00"),
    ];
    for (n, (label, body, quantity, left)) in table.into_iter().enumerate() {
        let answer = world.send(account.key(Call::post(ORDERS)).json(&body)).await;
        let codes = answer.json()["data"]["codes"].clone();
        let id = n + 1;
        let data = json!({
            "id": id, "order_no": format!("ORD-2026-{id:06}"), "status": "completed", "item_id": item,
            "quantity": quantity, "codes": codes, "state": "completed",
        });
        answer.expect(label, 201, &json!({ "success": true, "message": "Order created", "data": data }));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
        assert_eq!(answer.header("idempotency-replayed"), None, "{label}");
        let codes = codes.as_array().unwrap();
        assert_eq!(codes.len(), quantity, "{label}");
        for code in codes {
            let text = code["code"].as_str().unwrap();
            assert_eq!(code, &json!({ "code": text }), "{label}");
            assert!(text.starts_with("TEST-") && text.len() == 24 && seen.insert(text.to_owned()), "{label}: {text}");
        }
        assert_eq!(account.balance(&world).await, left, "{label}");
    }
    // Without the header each call is a new order.
    let again = json!({ "item_id": item, "quantity": 2, "email": "c@x", "note": 1 });
    assert_eq!(world.send(account.key(Call::post(ORDERS)).json(&again)).await.json()["data"]["id"], 4);
}

#[tokio::test]
async fn members_that_do_not_fit_are_refused_and_change_nothing() {
    let world = world().await;
    let account = demo(&world);
    let item = item_id(&world);
    let foreign = insert_item(&world, &signing(&world).await.id, Mode::Test, "FOREIGN", "1", 9).await;
    let live = insert_item(&world, &account.id, Mode::Live, "LIVE", "1", 9).await;
    let good = json!({ "item_id": item, "quantity": 1, "email": "a@shop.example" });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let without = |name: &str| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name).unwrap();
        body
    };
    let code = |value: Value| {
        let mut body = without("item_id");
        body["item_code"] = value;
        body
    };
    let (invalid, required) = ("invalid", "required");
    let mut table = vec![
        (json!({}), json!({ "item_code": required, "item_id": required, "quantity": required, "email": required })),
        (without("item_id"), json!({ "item_code": required, "item_id": required })),
        (with("item_code", json!("GIFT-10")), json!({ "item_code": invalid, "item_id": invalid })),
        (without("quantity"), json!({ "quantity": required })),
        (without("email"), json!({ "email": required })),
        (
            json!({ "item_id": 0, "quantity": 0, "email": "" }),
            json!({ "item_id": invalid, "quantity": invalid, "email": invalid }),
        ),
    ];
    let bad_items = [
        json!(0),
        json!(-1),
        json!(1.5),
        json!("1"),
        json!(null),
        json!(1u64 << 53),
        json!(4711),
        json!(foreign),
        json!(live),
    ];
    table.extend(bad_items.into_iter().map(|value| (with("item_id", value), json!({ "item_id": invalid }))));
    let bad_codes =
        [json!(""), json!(1), json!(null), json!("gift-10"), json!("FOREIGN"), json!("LIVE"), json!("x".repeat(65))];
    table.extend(bad_codes.into_iter().map(|value| (code(value), json!({ "item_code": invalid }))));
    let bad_quantities =
        [json!(0), json!(101), json!(-1), json!(1.0), json!("1"), json!(null), json!(1u64 << 40), json!([1])];
    table.extend(bad_quantities.into_iter().map(|value| (with("quantity", value), json!({ "quantity": invalid }))));
    let bad_emails = [json!(""), json!("x".repeat(255)), json!(1), json!(null), json!("a\u{0}b")];
    table.extend(bad_emails.into_iter().map(|value| (with("email", value), json!({ "email": invalid }))));
    for (body, errors) in table {
        let label = body.to_string();
        let answer = world.send(account.key(Call::post(ORDERS)).json(&body)).await;
        let data = json!({ "code": "validation_failed", "errors": errors });
        answer.expect(&label, 422, &json!({ "success": false, "message": "Validation failed", "data": data }));
    }
    assert_eq!(account.balance(&world).await, "1500000.00");
    assert_eq!(world.send(account.key(Call::get(ORDERS))).await.json()["data"]["orders"], json!([]));
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let world = world().await;
    let account = demo(&world);
    let text = json!({ "item_id": item_id(&world), "quantity": 1, "email": "a@shop.example" }).to_string();
    let (json, invalid) = ("application/json", ("Invalid request", "invalid_request"));
    let media = ("Unsupported media type", "unsupported_media_type");
    let twice = text.replace('{', "{\"quantity\":2,");
    let table = [
        ("empty", json, vec![], 400, invalid),
        ("an array", json, format!("[{text}]").into_bytes(), 400, invalid),
        ("half", json, text.as_bytes()[..20].to_vec(), 400, invalid),
        ("member twice", json, twice.into_bytes(), 400, invalid),
        ("not UTF-8", json, b"{\"email\":\"\xff\"}".to_vec(), 400, invalid),
        ("too large", json, vec![b' '; 65_537], 413, ("Payload too large", "payload_too_large")),
        ("no type", "", text.clone().into_bytes(), 415, media),
        ("text", "text/plain", text.into_bytes(), 415, media),
    ];
    for (label, media_type, body, status, refusal) in table {
        let mut call = account.key(Call::post(ORDERS)).body(body);
        if !media_type.is_empty() {
            call = call.header("content-type", media_type);
        }
        let answer = world.send(call).await;
        answer.expect(label, status, &error(refusal));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
    }
}

#[tokio::test]
async fn stock_and_balance_bound_what_is_ordered() {
    let world = world().await;
    let id = second_merchant(&world, "0RDERS").await;
    let account = Account { key: issue(&world, &id, Mode::Test, ALL_SCOPES).await, id: id.clone(), ..demo(&world) };
    let live = account.with_key(issue(&world, &id, Mode::Live, ALL_SCOPES).await);
    let cheap = insert_item(&world, &id, Mode::Test, "CHEAP", "0.1", 1000).await;
    let third = insert_item(&world, &id, Mode::Test, "THIRD", "33.34", 1000).await;
    let rare = insert_item(&world, &id, Mode::Test, "RARE", "0", 2).await;
    let order = |item: i64, quantity: u32| {
        let body = json!({ "item_id": item, "quantity": quantity, "email": "a@x" });
        account.key(Call::post(ORDERS)).json(&body)
    };
    let (stock, money) = (("Out of stock", "out_of_stock"), ("Insufficient balance", "insufficient_balance"));
    let table = [
        ("three of a third", order(third, 3), Some(money), "100.00"),
        ("ten cents, seven times", order(cheap, 7), None, "99.30"),
        ("more than is left", order(third, 3), Some(money), "99.30"),
        ("too many", order(rare, 3), Some(stock), "99.30"),
        ("all of them, free", order(rare, 2), None, "99.30"),
        ("none left", order(rare, 1), Some(stock), "99.30"),
        ("two of a third", order(third, 2), None, "32.62"),
        ("a third", order(third, 1), Some(money), "32.62"),
    ];
    for (label, call, refusal, left) in table {
        let answer = world.send(call).await;
        match refusal {
            Some(refusal) => answer.expect(label, 400, &error(refusal)),
            None => assert_eq!(answer.status, 201, "{label}: {}", answer.text()),
        }
        assert_eq!(account.balance(&world).await, left, "{label}");
    }
    let balance = world.send(live.key(Call::get(BALANCE)).live()).await;
    assert_eq!(balance.json()["data"]["balance"], "100.00", "each mode has its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_orders_spend_no_more_than_there_is() {
    let world = Arc::new(world().await);
    let id = second_merchant(&world, "SPEND").await;
    let account =
        Arc::new(Account { key: issue(&world, &id, Mode::Test, ALL_SCOPES).await, id: id.clone(), ..demo(&world) });
    let item = insert_item(&world, &id, Mode::Test, "TEN", "9.99", 1000).await;
    let mut tasks = JoinSet::new();
    for _ in 0..32 {
        let (world, account) = (world.clone(), account.clone());
        tasks.spawn(async move {
            let body = json!({ "item_id": item, "quantity": 1, "email": "a@x" });
            world.send(account.key(Call::post(ORDERS)).json(&body)).await.status.as_u16()
        });
    }
    let mut statuses = tasks.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[201; 10].as_slice(), &[400; 22]].concat());
    assert_eq!(account.balance(&world).await, "0.10");
}

#[tokio::test]
async fn the_list_shows_own_orders_without_codes() {
    let world = world().await;
    let account = demo(&world);
    let item = item_id(&world);
    for quantity in 1..=12 {
        let body = json!({ "item_id": item, "quantity": quantity, "email": "a@x" });
        assert_eq!(world.send(account.key(Call::post(ORDERS)).json(&body)).await.status, 201);
        world.advance(1);
    }
    let view = |id: i64| {
        json!({
            "id": id, "order_no": format!("ORD-2026-{id:06}"), "status": "completed", "item_id": item,
            "quantity": id, "created_at": format!("2026-01-01T00:00:{:02}Z", id - 1),
        })
    };
    let list = |ids: Vec<i64>| ids.into_iter().map(view).collect::<Vec<_>>();
    let table = [
        ("", 10, list((3..=12).rev().collect())),
        ("?per_page=2", 2, list(vec![12, 11])),
        ("?per_page=2&order=asc", 2, list(vec![1, 2])),
        ("?per_page=3&sort_by=created_at&order=asc", 3, list(vec![1, 2, 3])),
        ("?sort_by=created_at&per_page=1", 1, list(vec![12])),
        ("?status=completed&per_page=100&sort_by=id", 100, list((1..=12).rev().collect())),
        ("?status=pending", 10, vec![]),
        ("?status=failed&page=2", 10, vec![]),
    ];
    for (query, per_page, orders) in table {
        let answer = world.send(account.key(Call::get(&format!("{ORDERS}{query}")))).await;
        let data = json!({ "orders": orders, "per_page": per_page, "state": "success" });
        answer.expect(query, 200, &json!({ "success": true, "message": "Orders retrieved", "data": data }));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{query}");
        assert!(!answer.text().contains("TEST-"), "{query}");
    }
    let answer =
        world.send(account.key(Call::get(&format!("{ORDERS}?per_page=0&order=up&status=x&sort_by=email")))).await;
    let errors = json!({ "per_page": "invalid", "order": "invalid", "status": "invalid", "sort_by": "invalid" });
    let data = json!({ "code": "validation_failed", "errors": errors });
    answer.expect("all bad", 422, &json!({ "success": false, "message": "Validation failed", "data": data }));

    let live = account.with_key(issue(&world, &account.id, Mode::Live, ALL_SCOPES).await);
    let strangers = [unsigned(&world).await.key(Call::get(ORDERS)), live.key(Call::get(ORDERS)).live()];
    for call in strangers {
        assert_eq!(world.send(call).await.json()["data"]["orders"], json!([]));
    }
}

#[tokio::test]
async fn a_repeated_order_is_the_first_one_also_under_a_new_challenge() {
    let world = world().await;
    let account = signing(&world).await;
    let item = insert_item(&world, &account.id, Mode::Test, "TEN", "10.00", 50).await;
    let body = |quantity: u32| json!({ "item_id": item, "quantity": quantity, "email": "a@x" });
    let keyed = async |quantity: u32, key: &str| {
        let pair = account.pair(&world).await;
        let call = account.key(Call::post(ORDERS)).json(&body(quantity)).header("idempotency-key", key);
        world.send(pair.sign(call)).await
    };
    let first = keyed(3, "order-1").await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (201, None));
    for _ in 0..2 {
        let again = keyed(3, "order-1").await;
        assert_eq!((again.status, again.json()), (first.status, first.json()), "codes included");
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("cache-control"), Some("no-store"));
    }
    keyed(4, "order-1").await.expect("other quantity", 422, &error(("Idempotency key reused", "idempotency_mismatch")));
    keyed(101, "order-1").await.expect("bad quantity", 422, &error(("Idempotency key reused", "idempotency_mismatch")));
    assert_ne!(keyed(3, "order-2").await.json()["data"]["id"], first.json()["data"]["id"]);
    let balance = async || {
        let pair = account.pair(&world).await;
        text_of(&world.send(pair.sign(account.key(Call::get(BALANCE)))).await, "balance")
    };
    assert_eq!(balance().await, "1499940.00", "paid once each");

    // A refused order is not kept: once there is stock, the same key makes it.
    keyed(100, "order-3").await.expect("too many", 400, &error(("Out of stock", "out_of_stock")));
    let call =
        CallKey { merchant: account.id.clone(), mode: Mode::Test, route: "POST /v1/orders", key: "order-3".to_owned() };
    let running = world.services.in_flight.enter(call).unwrap();
    keyed(1, "order-3").await.expect("running", 409, &error(("Request in progress", "idempotency_in_progress")));
    drop(running);
    assert_eq!(keyed(1, "order-3").await.status, 201);
    keyed(1, "a b").await.expect("no key", 400, &error(("Invalid request", "invalid_request")));

    world.advance(86_399);
    assert_eq!(keyed(3, "order-1").await.json(), first.json());
    world.advance(1);
    let anew = keyed(3, "order-1").await;
    assert_eq!((anew.status.as_u16(), anew.header("idempotency-replayed")), (201, None));
}

#[tokio::test]
async fn codes_are_in_no_log_and_not_in_the_database() {
    let log = Log::default();
    let _capture = log.capture();
    let bench = Bench::new().await;
    let item = insert(&bench.services, &bench.merchant, Mode::Live, "LIVE", "1.00", 10).await;
    let live = bench.live().await;
    let body = json!({ "item_id": item, "quantity": 3, "email": "a@x" });
    let order = || {
        let request = Request::post(ORDERS).header("x-api-key", &live).header("content-type", "application/json");
        request.header("idempotency-key", "k").body(Body::from(body.to_string())).unwrap()
    };
    let (first, again) = (send(bench.router.clone(), order()).await, send(bench.router.clone(), order()).await);
    assert_eq!((first.status.as_u16(), first.json()), (201, again.json()));
    bench.services.close().await;
    let mut kept = std::fs::read(bench.dir.path().join(Services::DATABASE)).unwrap();
    assert!(String::from_utf8_lossy(&kept).contains("MCH-USA-4KD9PX"), "the search would find it");
    let log = log.0.lock().unwrap().clone();
    assert!(String::from_utf8_lossy(&log).contains("/v1/orders"), "the log was captured");
    kept.extend(log);
    let kept = String::from_utf8_lossy(&kept);
    for code in first.json()["data"]["codes"].as_array().unwrap() {
        let code = code["code"].as_str().unwrap();
        assert!(code.starts_with("GIFT-") && !kept.contains(&code[5..]), "{code}");
    }
}

/// The second merchant with signing switched off.
async fn unsigned(world: &World) -> Account {
    let account = signing(world).await;
    world.services.vault.set_setting(&account.id, Mode::Test, "request_signing_required", "false").await.unwrap();
    world.services.records.forget_request_signing(&account.id, Mode::Test);
    account
}

fn item_id(world: &World) -> i64 {
    world.text("/cardpluspay/item_id").parse().unwrap()
}
