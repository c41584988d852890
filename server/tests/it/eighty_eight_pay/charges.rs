//! Charging.

use std::collections::HashSet;

use serde_json::{Value, json};
use tollgate::payments::CallKey;
use tollgate_apikey::Mode;

use super::{
    ALL_SCOPES, Account, CHARGES, Pair, charge, demo, error, expect_quota, issue, listener_of, member, second_merchant,
    unbase64,
};
use crate::world::{Answer, Call, LIVE, SANDBOX, T0, World, world};

#[tokio::test]
async fn a_charge_gives_a_page_and_a_reference() {
    let world = world().await;
    let mut seen = HashSet::new();
    for (mode, base) in [(Mode::Test, SANDBOX), (Mode::Live, LIVE)] {
        let pair = demo(&world, mode).buy(&world).await;
        let full = json!({
            "flow": "PAYIN", "method_code": "CASH", "method_category": "CASH", "amount": 50_000, "currency": "COP",
            "country": "COL", "description": "Café", "customer_id": "c-31",
            "notification_url": "https://shop.example/hook", "return_url": "https://shop.example/?ok=1",
        });
        let minimal =
            "{\"flow\":\"PAYIN\",\"method_code\":\"CARDS\",\"amount\":0.10,\"currency\":\"COP\",\"country\":\"COL\"}";
        let table = [
            (
                "full",
                pair.charge(&full),
                "50000",
                json!({ "customer_id": "c-31", "currency": "COP", "amount": 50_000 }),
            ),
            (
                "minimal",
                pair.sign(Call::post(CHARGES)).raw_json(minimal),
                "0.10",
                json!({ "currency": "COP", "amount": 0.1 }),
            ),
            (
                "no minor unit",
                pair.charge(&charge_with("currency", json!("JPY"))),
                "50000",
                json!({ "currency": "JPY", "amount": 50_000 }),
            ),
            (
                "three decimals",
                pair.sign(Call::post(CHARGES))
                    .raw_json(charge().to_string().replace("50000", "1.000").replace("COP", "KWD")),
                "1.000",
                json!({ "currency": "KWD", "amount": 1.0 }),
            ),
        ];
        for (left, (label, call, amount, mut data)) in (56..60).rev().zip(table) {
            let answer = world.send(call.on(listener_of(mode))).await;
            let (url, reference) = (member(&answer, "urlCheckout"), member(&answer, "reference"));
            data["urlCheckout"] = json!(url);
            data["reference"] = json!(reference);
            let body = json!({ "status": "Success", "code": 200, "message": "Method processed", "data": data });
            answer.expect(label, 200, &body);
            assert!(answer.text().contains(&format!("\"amount\":{amount}}}")), "{label}: {}", answer.text());
            assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
            assert_eq!(answer.header("idempotency-replayed"), None, "{label}");
            expect_quota(label, &answer, (60, left, T0 + 60));
            let page = url.strip_prefix(&format!("{base}/l/")).unwrap();
            assert!(page.len() == 16 && unbase64(page).len() == 12, "{label}: {url}");
            let number = reference.strip_prefix("chg_").unwrap();
            assert!(number.len() == 6 && number.bytes().all(|b| b.is_ascii_digit()), "{label}: {reference}");
            assert!(seen.insert(url) && seen.insert(reference), "{label}: neither repeats");
        }
    }
}

#[tokio::test]
async fn members_that_do_not_fit_are_refused() {
    let world = world().await;
    let mut table = Vec::new();
    for name in ["flow", "method_code", "amount", "currency", "country"] {
        let mut body = charge();
        body.as_object_mut().unwrap().remove(name).unwrap();
        table.push((name, "missing".to_owned(), body.to_string()));
    }
    let long = json!("x".repeat(256));
    let bad: [(&str, Vec<Value>); 10] = [
        ("flow", vec![json!("PAYOUT"), json!("payin"), json!("PAYIN "), json!(""), json!(1), Value::Null]),
        ("method_code", vec![json!(5), json!(["CARDS"]), Value::Null]),
        ("method_category", vec![json!(7), json!({}), Value::Null]),
        ("amount", vec![json!(0), json!(-1), json!("50000"), json!(1.234), json!(true), json!([1]), Value::Null]),
        ("currency", vec![json!("cop"), json!("XYZ"), json!("COPX"), json!(""), json!(170), Value::Null]),
        ("country", vec![json!("CO"), json!("col"), json!("XXX"), json!("COLO"), json!(""), json!(57), Value::Null]),
        ("description", vec![long.clone(), json!(1), json!([]), Value::Null]),
        ("customer_id", vec![long, json!(31), Value::Null]),
        ("notification_url", vec![json!("http://shop.example/"), json!("shop.example"), json!("/hook"), json!(1)]),
        ("return_url", vec![json!("ftp://shop.example/"), json!("https://"), json!("https:shop"), Value::Null]),
    ];
    for (name, values) in bad {
        table.extend(values.into_iter().map(|value| (name, value.to_string(), charge_with(name, value).to_string())));
    }
    for text in ["0.00", "-0", "1e3", "5E4", "+1", "01", "1.", ".5", "NaN", "1e999", "50000.123"] {
        table.push(("amount", text.to_owned(), charge().to_string().replace("50000", text)));
    }
    let yen = charge_with("currency", json!("JPY")).to_string().replace("50000", "1.0");
    table.push(("amount", "more decimals than the currency".to_owned(), yen));
    let mut till = Till::new(&world, Mode::Test);
    for (name, value, body) in table {
        let answer = till.charge(body).await;
        answer.expect(&format!("{name}: {value}"), 400, &error(400, "Invalid request"));
        assert!(answer.header("x-ratelimit-limit").is_some(), "{name}: {value}");
    }
    assert_eq!(till.charge(charge().to_string()).await.status, 200);
}

#[tokio::test]
async fn members_that_just_fit_are_taken() {
    let world = world().await;
    let text = json!("x".repeat(255));
    let table = [
        ("description", text.clone()),
        ("customer_id", text),
        ("description", json!("")),
        ("method_category", json!("CARD")),
        ("amount", json!(0.01)),
        ("amount", json!(9_999_999_999.99)),
        ("notification_url", json!("https://shop.example:8443/hook?x=1")),
        ("return_url", json!("https://shop.example")),
    ];
    let mut till = Till::new(&world, Mode::Test);
    for (name, value) in table {
        let answer = till.charge(charge_with(name, value.clone()).to_string()).await;
        assert_eq!(answer.status, 200, "{name}: {value}: {}", answer.text());
    }
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let good = charge().to_string();
    let and = |more: &str| format!("{}{more}}}", good.strip_suffix('}').unwrap());
    let nested = |depth: usize| and(&format!(",\"x\":{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1)));
    let wide = |len: usize| format!("{good}{}", " ".repeat(len - good.len()));
    let json = "application/json";
    let invalid = "Invalid request";
    let media = "Unsupported media type";
    let table = vec![
        ("empty", Some(json), Vec::<u8>::new(), 400, invalid),
        ("an array", Some(json), format!("[{good}]").into(), 400, invalid),
        ("a string", Some(json), "\"x\"".into(), 400, invalid),
        ("null", Some(json), "null".into(), 400, invalid),
        ("half an object", Some(json), good[..good.len() - 1].into(), 400, invalid),
        ("text behind it", Some(json), format!("{good} x").into(), 400, invalid),
        ("two objects", Some(json), format!("{good}{good}").into(), 400, invalid),
        ("byte order mark", Some(json), format!("\u{feff}{good}").into(), 400, invalid),
        ("not UTF-8", Some(json), [and(",\"x\":\"").as_bytes(), b"\xff\"}"].concat(), 400, invalid),
        ("UTF-16", Some(json), good.encode_utf16().flat_map(u16::to_le_bytes).collect(), 400, invalid),
        ("a comment", Some(json), format!("{good}//").into(), 400, invalid),
        ("member twice", Some(json), and(",\"amount\":1").into(), 400, invalid),
        ("member twice, same value", Some(json), and(",\"flow\":\"PAYIN\"").into(), 400, invalid),
        ("member twice, once escaped", Some(json), and(",\"\\u0061mount\":1").into(), 400, invalid),
        ("member twice further in", Some(json), and(",\"x\":[{\"a\":1,\"a\":1}]").into(), 400, invalid),
        ("33 deep", Some(json), nested(33).into(), 400, invalid),
        ("10 000 deep", Some(json), nested(10_000).into(), 400, invalid),
        ("64 KiB and one byte", Some(json), wide(65_537).into(), 413, "Payload too large"),
        ("1 MiB", Some(json), wide(1 << 20).into(), 413, "Payload too large"),
        ("no type", None, good.clone().into(), 415, media),
        ("text", Some("text/plain"), good.clone().into(), 415, media),
        ("a form", Some("application/x-www-form-urlencoded"), good.clone().into(), 415, media),
        ("another JSON type", Some("application/problem+json"), good.clone().into(), 415, media),
        ("another charset", Some("application/json; charset=latin1"), good.clone().into(), 415, media),
        ("large and of another type", Some("text/plain"), wide(65_537).into(), 415, media),
        ("32 deep", Some(json), nested(32).into(), 200, ""),
        ("64 KiB", Some(json), wide(65_536).into(), 200, ""),
        ("charset", Some("Application/JSON; charset=UTF-8"), good.clone().into(), 200, ""),
    ];
    for (label, media_type, body, status, message) in table {
        let mut call = pair.sign(Call::post(CHARGES)).body(body);
        if let Some(media_type) = media_type {
            call = call.header("content-type", media_type);
        }
        let answer = world.send(call).await;
        assert_eq!(answer.status.as_u16(), status, "{label}: {}", answer.text());
        assert_eq!(answer.header("x-ratelimit-limit"), Some("60"), "{label}: the caller is known");
        if status != 200 {
            answer.expect(label, status, &error(status, message));
        }
    }
    let announced = pair.charge(&charge()).header("content-length", "65537");
    world.send(announced).await.expect("announced", 413, &error(413, "Payload too large"));
    let twice = pair.charge(&charge()).header("content-type", json);
    world.send(twice).await.expect("type twice", 415, &error(415, media));
}

#[tokio::test]
async fn a_method_the_merchant_lacks_is_refused_after_the_form() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    for method in ["PIX", "cards", "CARD", "CARDS ", "CARDS CASH"] {
        let answer = world.send(pair.charge(&charge_with("method_code", json!(method)))).await;
        answer.expect(method, 422, &error(422, "Method not available"));
        assert_eq!(answer.header("x-ratelimit-limit"), Some("60"), "{method}");
    }
    let mut body = charge_with("method_code", json!("PIX"));
    body["country"] = json!("XX");
    world.send(pair.charge(&body)).await.expect("both", 400, &error(400, "Invalid request"));
    assert_eq!(world.send(pair.charge(&charge())).await.status, 200);
}

#[tokio::test]
async fn a_repeated_charge_gets_the_first_answer_for_a_day() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let keyed = |pair: &Pair, body: &Value| pair.charge(body).header("idempotency-key", "order-1");
    let first = world.send(keyed(&pair, &charge())).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (200, None));

    let again = world.send(keyed(&pair, &charge())).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("content-type"), Some("application/json"));
    expect_quota("a repetition is a call", &again, (60, 58, T0 + 60));

    let other = world.send(keyed(&pair, &charge_with("amount", json!(1)))).await;
    other.expect("another body", 422, &error(422, "Idempotency key reused"));
    expect_quota("another body", &other, (60, 57, T0 + 60));

    let second = second_merchant(&world).await;
    let second =
        Account { key: issue(&world, &second, Mode::Test, ALL_SCOPES).await, id: second.to_string(), mode: Mode::Test };
    let (second, live) = (second.buy(&world).await, demo(&world, Mode::Live).buy(&world).await);
    let fresh = [
        ("no key", pair.charge(&charge())),
        ("another key", pair.charge(&charge()).header("idempotency-key", "ORDER-1")),
        ("another merchant", keyed(&second, &charge())),
        ("the other mode", keyed(&live, &charge()).live()),
    ];
    for (label, call) in fresh {
        let answer = world.send(call).await;
        assert_eq!((answer.status.as_u16(), answer.header("idempotency-replayed")), (200, None), "{label}");
        assert_ne!(member(&answer, "reference"), member(&first, "reference"), "{label}");
    }

    world.advance(86_399);
    let again = world.send(keyed(&account.buy(&world).await, &charge())).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    world.advance(1);
    let anew = world.send(keyed(&account.buy(&world).await, &charge())).await;
    assert_eq!((anew.status.as_u16(), anew.header("idempotency-replayed")), (200, None));
    assert_ne!(member(&anew, "reference"), member(&first, "reference"));
}

#[tokio::test]
async fn a_repetition_beside_the_first_call_makes_no_second_charge() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let keyed = |key: &str| pair.charge(&charge()).header("idempotency-key", key);
    let key = "slow".to_owned();
    let call =
        CallKey { merchant: world.merchant_id(), mode: Mode::Test, route: "POST /api/transactions/charges", key };
    let running = world.services.in_flight.enter(call).unwrap();
    let answer = world.send(keyed("slow")).await;
    answer.expect("the first still runs", 409, &error(409, "Request in progress"));
    assert!(answer.header("x-ratelimit-limit").is_some());
    drop(running);
    assert_eq!(world.send(keyed("slow")).await.status, 200);

    let (left, right) = tokio::join!(world.send(keyed("both")), world.send(keyed("both")));
    let references: HashSet<_> = [&left, &right]
        .into_iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| member(answer, "reference"))
        .collect();
    assert_eq!(references.len(), 1, "{} {}", left.text(), right.text());
}

#[tokio::test]
async fn an_idempotency_key_is_visible_ascii() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let (longest, too_long) = ("k".repeat(255), "k".repeat(256));
    let refused: [(&str, &[u8]); 6] = [
        ("empty", b""),
        ("256 characters", too_long.as_bytes()),
        ("blank inside", b"a b"),
        ("blank at the end", b"a "),
        ("tab", b"a\tb"),
        ("not ASCII", "schlüssel".as_bytes()),
    ];
    for (label, key) in refused {
        let answer = world.send(pair.charge(&charge()).header("idempotency-key", key)).await;
        answer.expect(label, 400, &error(400, "Invalid request"));
    }
    let twice = pair.charge(&charge()).header("idempotency-key", "a").header("idempotency-key", "a");
    world.send(twice).await.expect("twice", 400, &error(400, "Invalid request"));
    for key in [longest.as_str(), "!", "~"] {
        assert_eq!(world.send(pair.charge(&charge()).header("idempotency-key", key)).await.status, 200, "{key}");
    }
}

/// A caller that buys a new pair as often as its windows ask for it.
struct Till<'w> {
    world: &'w World,
    account: Account,
    pair: Option<Pair>,
    calls: usize,
}

impl<'w> Till<'w> {
    fn new(world: &'w World, mode: Mode) -> Self {
        Self { world, account: demo(world, mode), pair: None, calls: 0 }
    }

    async fn charge(&mut self, body: String) -> Answer {
        if self.calls.is_multiple_of(60) {
            self.world.advance(60);
            self.pair = Some(self.account.buy(self.world).await);
        }
        self.calls += 1;
        let pair = self.pair.as_ref().unwrap();
        self.world.send(pair.sign(Call::post(CHARGES)).raw_json(body)).await
    }
}

fn charge_with(name: &str, value: Value) -> Value {
    let mut body = charge();
    body[name] = value;
    body
}
