//! What a key is, and what ends it.

use std::convert::Infallible;

use serde_json::json;
use tollgate::account::{KeyFamily, MerchantStatus};
use tollgate::auth::ListenerMode;
use tollgate_apikey::{KeyId, Mode};
use tollgate_client_address::{Cidr, IpList};

use super::{
    KEY, KEY_OR_TOKEN, MINT, PAY, REQUEST, SMALL, STRANGE_TOKEN, create_on, id_of, invalid, issue, limited, log_in,
    mint, mint_on, refused, refused_as, rotate, rotated, show, succeeded, unauthenticated, whoami,
};
use crate::world::{Call, world};

#[tokio::test]
async fn whoami_says_what_a_key_is() {
    let world = world().await;
    let (test, live) = (world.text("/caibo/api_key_test"), world.text("/caibo/api_key_live"));
    let narrow = issue(&world, Mode::Test, "payment_requests:read").await;
    let nothing = issue(&world, Mode::Test, "").await;
    let all = json!(["checkout_sessions:write", "payment_requests:read", "payment_requests:write"]);
    let table = [
        ("test", ListenerMode::Test, &test, "test", all.clone()),
        ("live", ListenerMode::Live, &live, "live", all.clone()),
        ("test on any", ListenerMode::Any, &test, "test", all.clone()),
        ("live on any", ListenerMode::Any, &live, "live", all),
        ("one scope", ListenerMode::Test, &narrow, "test", json!(["payment_requests:read"])),
        ("no scope", ListenerMode::Test, &nothing, "test", json!([])),
    ];
    for status in [MerchantStatus::Active, MerchantStatus::PendingKyc] {
        world.set_merchant(status, IpList::unrestricted()).await;
        for (label, listener, key, mode, scopes) in &table {
            let answer = world.send(Call::get("/auth/whoami").on(*listener).header("x-api-key", key)).await;
            if (status, *mode) == (MerchantStatus::PendingKyc, "live") {
                refused(&answer, label, "account_not_verified");
                continue;
            }
            let body = json!({
                "merchantId": world.text(&format!("/merchant_id_{mode}")),
                "keyId": id_of(key).as_str(),
                "mode": mode,
                "status": status.as_str(),
                "scopes": scopes,
            });
            succeeded(&answer, label, 200, &body);
        }
    }
}

#[tokio::test]
async fn every_bad_key_gets_the_same_401() {
    let world = world().await;
    let expired = world.text("/caibo/api_key_test");
    let login = world.log_in(ListenerMode::Test).await;
    let rotated_away = rotated(&world, &login, "?overlap=60").await;
    world.advance(60);
    let good = rotated(&world, &login, "").await;
    let revoked = issue(&world, Mode::Test, "payment_requests:read").await;
    assert_eq!(whoami(&world, &revoked).await.status, 200);
    world.revoke(id_of(&revoked)).await;

    let (head, last) = good.split_at(good.len() - 1);
    let table: Vec<(&str, Option<Vec<u8>>)> = vec![
        ("missing", None),
        ("empty", Some(Vec::new())),
        ("blank before", Some(format!(" {good}").into())),
        ("blank after", Some(format!("{good} ").into())),
        ("blank inside", Some(good.replacen("sk_", "sk_ ", 1).into())),
        ("tab after", Some(format!("{good}\t").into())),
        ("double quotes", Some(format!("\"{good}\"").into())),
        ("single quotes", Some(format!("'{good}'").into())),
        ("escaped line end", Some(format!("{good}\\n").into())),
        ("no-break space after", Some(format!("{good}\u{a0}").into())),
        ("a byte above ASCII", Some([good.as_bytes(), b"\xff"].concat())),
        ("wide letter", Some(good.replacen('c', "\u{ff43}", 1).into())),
        ("as bearer", Some(format!("Bearer {good}").into())),
        ("twice, with a comma", Some(format!("{good},{good}").into())),
        ("last of the CRC", Some(format!("{head}{}", if last == "0" { "1" } else { "0" }).into())),
        ("one character less", Some(head.into())),
        ("one character more", Some(format!("{good}0").into())),
        ("prefix in upper case", Some(good.replacen("caibo", "CAIBO", 1).into())),
        ("prefix of the other mode", Some(good.replacen("test", "live", 1).into())),
        ("no prefix", Some(good.trim_start_matches("caibo_test_sk_").into())),
        ("88Pay key", Some(world.text("/88pay/api_key_test").into())),
        ("CardPlusPay key", Some(world.text("/cardpluspay/api_key").into())),
        ("client secret", Some(world.text("/pledg/secret").into())),
        ("webhook secret", Some(world.text("/caibo/webhook_secret").into())),
        ("login token", Some(login.clone().into())),
        ("very long", Some(vec![b'a'; 8000])),
        ("unknown", Some(forged(&good, KeyId::parse("000000000000").unwrap()).into())),
        ("wrong secret", Some(forged(&good, id_of(&good)).into())),
        ("other mode", Some(world.text("/caibo/api_key_live").into())),
        ("expired", Some(expired.into())),
        ("rotated away", Some(rotated_away.into())),
        ("revoked", Some(revoked.into())),
    ];
    let routes: [(&str, &str, &str, &[&str]); 5] = [
        ("GET", "/auth/whoami", "", KEY),
        ("POST", "/payment-requests", SMALL, KEY),
        ("POST", MINT, "", KEY),
        ("GET", REQUEST, "", KEY_OR_TOKEN),
        ("POST", PAY, r#"{"method":"card","paymentToken":"tok_test_visa"}"#, KEY_OR_TOKEN),
    ];
    for (net, (method, path, body, challenges)) in (0..).zip(routes) {
        let mut reference = None;
        for (host, (label, key)) in (1..).zip(&table) {
            let call = Call::method(method, path).from([198, 51, net, host]).raw_json(body);
            let call = key.iter().fold(call, |call, key| call.header("x-api-key", key));
            let answer = world.send(call).await;
            unauthenticated(&answer, label, challenges);
            let reference = reference.get_or_insert_with(|| answer.comparable());
            assert_eq!(&answer.comparable(), reference, "{method} {path}: {label}");
        }
        let call = Call::method(method, path).raw_json(body).header("x-api-key", &good);
        assert!(world.send(call).await.status.is_success(), "{method} {path}: the good key");
    }
}

#[tokio::test]
async fn a_revoked_key_is_dead_and_so_are_its_tokens() {
    let world = world().await;
    let key = issue(&world, Mode::Test, "checkout_sessions:write payment_requests:read").await;
    let token = mint(&world, &key, 1).await;
    assert_eq!(show(&world, &token).await.status, 200);
    world.revoke(id_of(&key)).await;
    unauthenticated(&whoami(&world, &key).await, "key", KEY);
    unauthenticated(&show(&world, &token).await, "token", KEY_OR_TOKEN);
}

#[tokio::test]
async fn the_checks_come_in_their_order() {
    let world = world().await;
    let full = world.text("/caibo/api_key_test");
    let narrow = issue(&world, Mode::Test, "payment_requests:read").await;
    let list = || IpList::only(vec![Cidr::parse("203.0.113.0/24").unwrap()]).unwrap();
    let (active, suspended) = (MerchantStatus::Active, MerchantStatus::Suspended);
    let call = |path: &str| Call::post(path).raw_json(r#"{"x":1}"#);

    world.set_merchant(suspended, list()).await;
    let answer = world.send(Call::method("DELETE", MINT).header("x-api-key", "x").header("x-api-key", "x")).await;
    refused(&answer, "method", "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("POST"));
    let twice = call(MINT).header("x-api-key", "garbage").header("x-api-key", "garbage");
    refused(&world.send(twice).await, "header shape", "duplicate_header");
    unauthenticated(&world.send(call(MINT).header("x-api-key", "garbage")).await, "credential", KEY);
    let oversized = Call::post(MINT).raw_json("x".repeat(70_000));
    unauthenticated(&world.send(oversized).await, "credential before the body", KEY);
    refused(&world.send(call(MINT).header("x-api-key", &narrow)).await, "status", "account_suspended");
    world.set_merchant(active, list()).await;
    refused(&world.send(call(MINT).header("x-api-key", &narrow)).await, "address", "ip_not_allowed");
    let permitted = call(MINT).from([203, 0, 113, 9]).header("x-api-key", &narrow);
    refused(&world.send(permitted).await, "scope", "scope_denied");
    world.set_merchant(active, IpList::unrestricted()).await;
    let absent = "/payment-requests/999/checkout-session";
    for path in [MINT, absent] {
        let answer = world.send(call(path).header("x-api-key", &full)).await;
        refused_as(&answer, "body", &invalid("x", "not_allowed"));
    }
    refused(&world.send(Call::post(absent).header("x-api-key", &full)).await, "object", "not_found");
}

#[tokio::test]
async fn a_merchants_status_counts_for_what_was_issued_before() {
    let world = world().await;
    let (test, live) = (world.text("/caibo/api_key_test"), world.text("/caibo/api_key_live"));
    let test_token = mint(&world, &test, 1).await;
    let live_request = create_on(&world, ListenerMode::Live, &live).await;
    let live_token = mint_on(&world, ListenerMode::Live, &live, live_request).await;
    let live_path = format!("/payment-requests/{live_request}");
    let calls = [
        ("test key", "/auth/whoami", ListenerMode::Test, "x-api-key", &test),
        ("test token", REQUEST, ListenerMode::Test, "x-checkout-token", &test_token),
        ("live key", "/auth/whoami", ListenerMode::Live, "x-api-key", &live),
        ("live token", live_path.as_str(), ListenerMode::Live, "x-checkout-token", &live_token),
    ];
    let table = [
        (MerchantStatus::Suspended, [Some("account_suspended"); 4]),
        (MerchantStatus::PendingKyc, [None, None, Some("account_not_verified"), Some("account_not_verified")]),
        (MerchantStatus::Active, [None; 4]),
    ];
    for (status, expected) in table {
        world.set_merchant(status, IpList::unrestricted()).await;
        for ((label, path, listener, header, credential), code) in calls.iter().zip(expected) {
            let answer = world.send(Call::get(path).on(*listener).header(header, credential)).await;
            match code {
                Some(code) => refused(&answer, &format!("{status:?}: {label}"), code),
                None => assert_eq!(answer.status, 200, "{status:?}: {label}"),
            }
        }
    }
}

#[tokio::test]
async fn an_address_list_binds_keys_and_not_payment_pages() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let token = mint(&world, &key, 1).await;
    let list = ["203.0.113.0/24", "198.51.100.7"].map(|entry| Cidr::parse(entry).unwrap());
    world.set_merchant(MerchantStatus::Active, IpList::only(list.to_vec()).unwrap()).await;
    let table = [
        ("inside the network", [203, 0, 113, 0], true),
        ("at its end", [203, 0, 113, 255], true),
        ("after it", [203, 0, 114, 0], false),
        ("the single address", [198, 51, 100, 7], true),
        ("beside it", [198, 51, 100, 8], false),
        ("loopback", [127, 0, 0, 1], false),
    ];
    for (label, address, permitted) in table {
        let answer = world.send(Call::get("/auth/whoami").from(address).header("x-api-key", &key)).await;
        if permitted {
            assert_eq!(answer.status, 200, "{label}");
        } else {
            refused(&answer, label, "ip_not_allowed");
        }
        let answer = world.send(Call::get(REQUEST).from(address).header("x-checkout-token", &token)).await;
        assert_eq!(answer.status, 200, "{label}: the payment page");
    }
    let panel = world.log_in(ListenerMode::Test).await;
    assert_eq!(rotate(&world, &panel, "").await.status, 200, "the panel");
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say() {
    let world = world().await;
    let read = issue(&world, Mode::Test, "payment_requests:read").await;
    let write = issue(&world, Mode::Test, "payment_requests:write").await;
    let minting = issue(&world, Mode::Test, "checkout_sessions:write").await;
    let declined = r#"{"method":"card","paymentToken":"tok_test_declined"}"#;
    // Which of read, write and mint may.
    let table = [
        ("GET", "/auth/whoami", "", [200, 200, 200]),
        ("GET", REQUEST, "", [200, 403, 403]),
        ("GET", "/payment-requests/1/status", "", [200, 403, 403]),
        ("POST", "/payment-requests", SMALL, [403, 201, 403]),
        ("POST", PAY, declined, [403, 200, 403]),
        ("POST", MINT, "", [403, 403, 201]),
        ("GET", "/payment-requests/999", "", [404, 403, 403]),
    ];
    for (method, path, body, expected) in table {
        for (key, status) in [&read, &write, &minting].into_iter().zip(expected) {
            let label = format!("{method} {path} for {:?}", whoami(&world, key).await.json()["scopes"]);
            let answer = world.send(Call::method(method, path).raw_json(body).header("x-api-key", key)).await;
            if status == 403 {
                refused(&answer, &label, "scope_denied");
            } else {
                assert_eq!(answer.status.as_u16(), status, "{label}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_has_600_calls_a_minute() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    for host in 0..20 {
        let wrong = forged(&key, id_of(&key));
        let call = Call::get("/auth/whoami").from([192, 0, 2, host]).header("x-api-key", wrong);
        unauthenticated(&world.send(call).await, "garbage spends nothing", KEY);
    }
    for n in 0..600 {
        if n == 1 {
            world.advance(10);
        }
        assert_eq!(whoami(&world, &key).await.status, 200, "call {n}");
    }
    limited(&whoami(&world, &key).await, "call 601", 50);
    let call = Call::post("/payment-requests").raw_json("{").header("x-api-key", &key);
    limited(&world.send(call).await, "before the body", 50);
    let live = world.text("/caibo/api_key_live");
    let answer = world.send(Call::get("/auth/whoami").live().header("x-api-key", &live)).await;
    assert_eq!(answer.status, 200, "another key has its own");
    world.advance(49);
    limited(&whoami(&world, &key).await, "a second before", 1);
    world.advance(1);
    assert_eq!(whoami(&world, &key).await.status, 200, "the first has left");
    limited(&whoami(&world, &key).await, "and no other", 10);
}

#[tokio::test]
async fn thirty_failures_a_minute_from_one_address_are_told_apart() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let login = world.log_in(ListenerMode::Test).await;
    let fail = |host| Call::get("/auth/whoami").from([192, 0, 2, host]).header("x-api-key", "garbage");
    for n in 0..30 {
        unauthenticated(&world.send(fail(1)).await, &format!("failure {n}"), KEY);
    }
    limited(&world.send(fail(1)).await, "the 31st", 60);
    let from = |path: &str| Call::get(path).from([192, 0, 2, 1]);
    limited(&world.send(from(REQUEST).header("x-checkout-token", "x")).await, "a token", 60);
    let panel = || Call::put("/users/1/apikey").from([192, 0, 2, 1]);
    limited(&world.send(panel().header("authorization", "Bearer x")).await, "a login token", 60);
    limited(&log_in(&world, "nobody@demo-shop.example", "wrong", 1).await, "a password", 60);
    assert_eq!(world.send(from("/auth/whoami").header("x-api-key", &key)).await.status, 200, "a good key");
    let answer = world.send(panel().header("authorization", format!("Bearer {login}"))).await;
    assert_eq!(answer.status, 200, "a good login");
    unauthenticated(&world.send(fail(2)).await, "another address", KEY);
    world.advance(59);
    limited(&world.send(fail(1)).await, "a second before", 1);
    world.advance(1);
    unauthenticated(&world.send(fail(1)).await, "after a minute", KEY);
}

#[tokio::test]
async fn without_a_database_the_answer_is_503() {
    let world = world().await;
    world.services.close().await;
    let calls = [
        ("key", Call::get("/auth/whoami").header("x-api-key", world.text("/caibo/api_key_test"))),
        ("token", Call::get(REQUEST).header("x-checkout-token", STRANGE_TOKEN)),
        ("login", Call::post("/auth/login").json(&json!({ "email": "a@b.example", "password": "x" }))),
    ];
    for (label, call) in calls {
        let answer = world.send(call).await;
        refused(&answer, label, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"), "{label}");
    }
}

/// A well-formed key of the same prefix with this id and a secret that nobody has.
#[track_caller]
fn forged(like: &str, id: KeyId) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut id_to_draw = Some(id);
    let fill = |block: &mut [u8]| {
        block.fill(7);
        let id = id_to_draw.take().map(|id| id.as_str().to_owned()).unwrap_or_default();
        for (slot, character) in block.iter_mut().zip(id.bytes()) {
            *slot = u8::try_from(ALPHABET.iter().position(|known| *known == character).unwrap()).unwrap();
        }
        Ok::<_, Infallible>(())
    };
    let mode = KeyFamily::CAIBO.format.parse(like).unwrap().mode();
    let key = KeyFamily::CAIBO.format.mint(mode, fill).unwrap();
    assert_eq!(key.id(), id);
    assert_ne!(key.expose_secret(), like);
    key.expose_secret().to_owned()
}
