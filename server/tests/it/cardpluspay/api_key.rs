//! The key, and what the account behind it may do.

use serde_json::json;
use tollgate::account::MerchantStatus;
use tollgate::auth::ListenerMode;
use tollgate_apikey::Mode;
use tollgate_client_address::{Cidr, IpList};

use super::{
    ALL_SCOPES, BALANCE, CHALLENGE, FAMILY, ORDERS, REQUIRED, ROUTES, UNAUTHORIZED, demo, error, issue, key_with_id,
    revoke, signing,
};
use crate::world::{Call, world};

const DENIED: (&str, &str) = ("Permission denied", "scope_denied");
const TOO_MANY: (&str, &str) = ("Too many requests", "rate_limited");
const APIKEY: &str = "ApiKey realm=\"cardpluspay\"";

#[tokio::test]
async fn every_key_that_is_not_good_gets_the_same_bytes() {
    let world = world().await;
    let account = demo(&world);
    let key = account.key.as_str();
    let live = issue(&world, &account.id, Mode::Live, ALL_SCOPES).await;
    let revoked = issue(&world, &account.id, Mode::Test, ALL_SCOPES).await;
    revoke(&world, &revoked).await;
    let id = |text: &str| FAMILY.format.parse(text).unwrap().id();
    let bytes = |text: &str| Some(text.as_bytes().to_vec());
    let table = [
        ("empty", ListenerMode::Test, bytes("")),
        ("garbage", ListenerMode::Test, bytes("x")),
        ("double quotes", ListenerMode::Test, bytes(&format!("\"{key}\""))),
        ("single quotes", ListenerMode::Test, bytes(&format!("'{key}'"))),
        ("blank before", ListenerMode::Test, bytes(&format!(" {key}"))),
        ("blank after", ListenerMode::Test, bytes(&format!("{key} "))),
        ("tab after", ListenerMode::Test, bytes(&format!("{key}\t"))),
        ("not ASCII", ListenerMode::Test, Some([key.as_bytes(), b"\xa0"].concat())),
        ("scheme before", ListenerMode::Test, bytes(&format!("ApiKey {key}"))),
        ("upper case", ListenerMode::Test, bytes(&key.to_ascii_uppercase())),
        ("one character less", ListenerMode::Test, bytes(&key[..key.len() - 1])),
        ("very long", ListenerMode::Test, bytes(&key.repeat(8))),
        ("Caibo's key", ListenerMode::Test, bytes(&world.text("/caibo/api_key_test"))),
        ("88Pay's key", ListenerMode::Test, bytes(&world.text("/88pay/api_key_test"))),
        ("a client secret", ListenerMode::Test, bytes(&world.text("/alternative/client_secret"))),
        ("wrong secret", ListenerMode::Test, bytes(&key_with_id(id(key), Mode::Test))),
        ("unknown", ListenerMode::Test, bytes(&key_with_id(id(&live), Mode::Test))),
        ("revoked", ListenerMode::Test, bytes(&revoked)),
        ("revoked, any listener", ListenerMode::Any, bytes(&revoked)),
        ("live key on the sandbox", ListenerMode::Test, bytes(&live)),
        ("test key on the live listener", ListenerMode::Live, bytes(key)),
        ("no key, live", ListenerMode::Live, None),
        ("no key, any listener", ListenerMode::Any, None),
    ];
    for (row, (method, path)) in ROUTES.into_iter().enumerate() {
        let reference = world.send(Call::method(method, path).from(peer(row * 100))).await;
        reference.expect(path, 401, &error(UNAUTHORIZED));
        assert_eq!(reference.header("www-authenticate"), Some(APIKEY), "{path}");
        assert_eq!(reference.header("cache-control"), Some("no-store"), "{path}");
        for (n, (label, listener, value)) in table.iter().enumerate() {
            let mut call = Call::method(method, path).on(*listener).from(peer(row * 100 + n + 1));
            // Signing headers beside a bad key change nothing.
            call = call.header("x-api-challenge", "x").header("authorization", format!("Bearer {key}"));
            if let Some(value) = value {
                call = call.header("X-API-KEY", value);
            }
            assert_eq!(world.send(call).await.comparable(), reference.comparable(), "{label}: {method} {path}");
        }
    }
    assert_eq!(world.send(account.key(Call::get(BALANCE))).await.status, 200);
    assert_eq!(world.send(Call::get(BALANCE).header("x-ApI-kEy", live).on(ListenerMode::Any)).await.status, 200);
}

#[tokio::test]
async fn a_header_that_comes_twice_is_refused_first() {
    let world = world().await;
    let account = demo(&world);
    let table = [
        ("x-api-key", Call::post(CHALLENGE)),
        ("x-api-key", account.key(Call::post(CHALLENGE))),
        ("x-api-key", account.key(Call::get(BALANCE))),
        ("x-api-key", Call::get(ORDERS)),
        ("x-api-challenge", account.key(Call::get(BALANCE))),
        ("x-api-challenge", Call::get(BALANCE)),
        ("x-api-signature", account.key(Call::post(ORDERS))),
        ("x-api-signature", Call::get(ORDERS)),
    ];
    for (name, call) in table {
        let answer = world.send(call.header(name, "").header(name, "b").header(name, "b")).await;
        answer.expect(name, 400, &error(("Duplicate header", "duplicate_header")));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{name}");
    }
}

#[tokio::test]
async fn failures_are_limited_by_address_and_a_valid_key_still_passes() {
    let world = world().await;
    let account = demo(&world);
    for n in 0..30 {
        assert_eq!(world.send(Call::get(BALANCE).from([192, 0, 2, 1])).await.status, 401, "failure {n}");
    }
    let answer = world.send(Call::post(CHALLENGE).from([192, 0, 2, 1])).await;
    answer.expect("beyond", 429, &error(TOO_MANY));
    assert_eq!(answer.header("retry-after"), Some("60"));
    assert_eq!(answer.header("www-authenticate"), None);
    assert_eq!(world.send(account.key(Call::get(BALANCE)).from([192, 0, 2, 1])).await.status, 200);
}

#[tokio::test]
async fn the_account_and_the_address_count_before_the_signature() {
    let world = world().await;
    let account = signing(&world).await;
    let live = account.with_key(issue(&world, &account.id, Mode::Live, ALL_SCOPES).await);
    let elsewhere = IpList::only(vec![Cidr::parse("203.0.113.0/24").unwrap()]).unwrap();
    let suspended = Some(("Account suspended", "account_suspended"));
    let unverified = Some(("Account not verified", "account_not_verified"));
    let address = Some(("IP not allowed", "ip_not_allowed"));
    let anywhere = IpList::unrestricted();
    let table = [
        ("suspended", MerchantStatus::Suspended, &anywhere, suspended, suspended),
        ("suspended and elsewhere", MerchantStatus::Suspended, &elsewhere, suspended, suspended),
        ("pending", MerchantStatus::PendingKyc, &anywhere, None, unverified),
        ("elsewhere", MerchantStatus::Active, &elsewhere, address, address),
        ("active", MerchantStatus::Active, &anywhere, None, None),
    ];
    for (label, status, list, in_test, in_live) in table {
        let mut merchant = world.services.vault.merchant(&account.id).await.unwrap().unwrap();
        (merchant.status, merchant.ip_list) = (status, list.clone());
        world.services.vault.update_merchant(&merchant).await.unwrap();
        world.services.records.forget_merchant(&account.id);
        for (account, listener, refusal) in
            [(&account, ListenerMode::Test, in_test), (&live, ListenerMode::Live, in_live)]
        {
            for (method, path) in ROUTES {
                let answer = world.send(account.key(Call::method(method, path)).on(listener)).await;
                // Without a refusal the next check is reached: live is not signed, so there it is scope or body.
                let signed = listener == ListenerMode::Test && path != CHALLENGE;
                match refusal {
                    Some(refusal) => answer.expect(&format!("{label}: {path}"), 403, &error(refusal)),
                    None if signed => answer.expect(&format!("{label}: {path}"), 401, &error(REQUIRED)),
                    None => assert!(matches!(answer.status.as_u16(), 200 | 415), "{label}: {method} {path}"),
                }
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}: {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say() {
    let world = world().await;
    let table = [
        ("balance:read", [200, 200, 403, 403]),
        ("orders:read", [200, 403, 200, 403]),
        ("orders:write", [200, 403, 403, 415]),
        ("charges:write payment_requests:read", [200, 403, 403, 403]),
        ("", [200, 403, 403, 403]),
    ];
    for (scopes, statuses) in table {
        let account = demo(&world).with_key(issue(&world, &demo(&world).id, Mode::Test, scopes).await);
        for ((method, path), status) in ROUTES.into_iter().zip(statuses) {
            let answer = world.send(account.key(Call::method(method, path))).await;
            assert_eq!(answer.status.as_u16(), status, "{scopes:?}: {method} {path}");
            if status == 403 {
                answer.expect(scopes, 403, &error(DENIED));
            }
        }
    }
}

#[tokio::test]
async fn challenges_and_calls_have_buckets_of_their_own_by_key() {
    let world = world().await;
    let account = demo(&world);
    let second = account.with_key(issue(&world, &account.id, Mode::Test, ALL_SCOPES).await);
    for n in 0..120 {
        if n == 60 {
            world.advance(20);
        }
        let status = world.send(account.key(Call::post(CHALLENGE))).await.status;
        let other = [Call::get(BALANCE), Call::get(ORDERS), Call::post(ORDERS).json(&json!({}))];
        let [balance, orders, order] = other.map(|call| account.key(call));
        let call = match n % 3 {
            0 => world.send(balance).await.status == 200,
            1 => world.send(orders).await.status == 200,
            _ => world.send(order).await.status == 422,
        };
        assert_eq!((status.as_u16(), call), (200, true), "call {n}");
    }
    for (advance, wait) in [(0, "40"), (39, "1")] {
        world.advance(advance);
        for (method, path) in ROUTES {
            let answer = world.send(account.key(Call::method(method, path))).await;
            answer.expect(path, 429, &error(TOO_MANY));
            assert_eq!(answer.header("retry-after"), Some(wait), "{path}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        }
    }
    assert_eq!(world.send(second.key(Call::get(BALANCE))).await.status, 200, "another key");
    world.advance(1);
    assert_eq!(world.send(account.key(Call::get(BALANCE))).await.status, 200, "the first grants left");
    assert_eq!(world.send(account.key(Call::post(CHALLENGE))).await.status, 200);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_refused_in_our_shape() {
    let world = world().await;
    for path in ["/v1/", "/v1/orders/", "/v1/orders/1", "/v1/auth", "/v1/Balance", "/v1/checkout-auth", "/v1/x/y"] {
        let answer = world.send(demo(&world).key(Call::get(path))).await;
        answer.expect(path, 404, &error(("Not found", "not_found")));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    for path in ["/v1", "/v1/checkout-auth/init", "/v2/balance"] {
        let answer = world.send(Call::get(path)).await;
        assert_eq!(answer.json().get("success"), None, "{path} is not ours: {}", answer.text());
    }
    for (method, path, allow) in
        [("GET", CHALLENGE, "POST"), ("POST", BALANCE, "GET,HEAD"), ("DELETE", ORDERS, "GET,HEAD,POST")]
    {
        let answer = world.send(Call::method(method, path)).await;
        answer.expect(path, 405, &error(("Method not allowed", "method_not_allowed")));
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
}

/// An address of its own for each failure.
fn peer(n: usize) -> [u8; 4] {
    [203, 0, u8::try_from(n / 250).unwrap(), u8::try_from(n % 250).unwrap()]
}
