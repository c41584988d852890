//! What the token of a payment page opens, and when it counts.

use std::time::Duration;

use tollgate::auth::ListenerMode;
use tollgate_apikey::Mode;

use super::{
    KEY, KEY_OR_TOKEN, MINT, PANEL, PAY, REQUEST, SMALL, STRANGE_TOKEN, create, create_on, foreign_request, id_of,
    issue, limited, mint, mint_on, pay, refused, show, unauthenticated, whoami,
};
use crate::world::{Call, world};

#[tokio::test]
async fn the_token_counts_before_the_key_and_neither_for_the_other() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let live = world.text("/caibo/api_key_live");
    let token = mint(&world, &key, 1).await;
    let (key, live, token) = (Some(key.as_str()), Some(live.as_str()), Some(token.as_str()));
    let (garbage, empty, strange) = (Some("x y"), Some(""), Some(STRANGE_TOKEN));
    let table = [
        ("valid token, no key", token, None, "part"),
        ("valid token, valid key", token, key, "part"),
        ("valid token, garbage key", token, garbage, "part"),
        ("valid token, empty key", token, empty, "part"),
        ("valid token, key of the other mode", token, live, "part"),
        ("strange token, valid key", strange, key, "401"),
        ("garbage token, valid key", garbage, key, "401"),
        ("empty token, valid key", empty, key, "401"),
        ("key as token, valid key", key, key, "401"),
        ("strange token, garbage key", strange, garbage, "401"),
        ("strange token, no key", strange, None, "401"),
        ("no token, valid key", None, key, "full"),
        ("no token, no key", None, None, "401"),
        ("no token, garbage key", None, garbage, "401"),
        ("no token, token as key", None, token, "401"),
        ("no token, key of the other mode", None, live, "401"),
    ];
    let query = format!("{REQUEST}?token={}&X-Checkout-Token={0}", token.unwrap());
    for path in [REQUEST, &query] {
        for (label, token, key, expected) in &table {
            let call = token.iter().fold(Call::get(path), |call, token| call.header("x-checkout-token", token));
            let call = key.iter().fold(call, |call, key| call.header("x-api-key", key));
            let answer = world.send(call.header("authorization", "Bearer ignored")).await;
            match *expected {
                "401" => unauthenticated(&answer, label, KEY_OR_TOKEN),
                view => {
                    assert_eq!(answer.status, 200, "{label}");
                    assert_eq!(answer.json().get("createdAt").is_some(), view == "full", "{label}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_repeated_credential_header_is_refused() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let token = mint(&world, &key, 1).await;
    let table = [
        ("key twice", vec![("x-api-key", &key), ("x-api-key", &key)]),
        ("token twice", vec![("x-checkout-token", &token), ("X-Checkout-Token", &token)]),
        ("token twice and key", vec![("x-checkout-token", &token), ("x-checkout-token", &token), ("x-api-key", &key)]),
        ("token and key twice", vec![("x-checkout-token", &token), ("x-api-key", &key), ("X-API-Key", &key)]),
        ("key and another text", vec![("x-api-key", &key), ("x-api-key", &token)]),
    ];
    let routes = [
        ("GET", "/auth/whoami"),
        ("POST", "/payment-requests"),
        ("GET", REQUEST),
        ("GET", "/payment-requests/1/status"),
        ("POST", PAY),
        ("POST", MINT),
    ];
    for (method, path) in routes {
        for (label, headers) in &table {
            let call = Call::method(method, path).raw_json(SMALL);
            let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
            refused(&world.send(call).await, &format!("{method} {path}: {label}"), "duplicate_header");
        }
    }
}

#[tokio::test]
async fn a_token_does_what_a_page_needs_and_nothing_else() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let login = world.log_in(ListenerMode::Test).await;
    let token = mint(&world, &key, 1).await;
    let other = create(&world, &key).await;
    let (own, foreign) = (mint(&world, &key, other).await, foreign_request(&world).await);
    let pay = r#"{"method":"card","paymentToken":"tok_test_declined"}"#;

    let denied = world.send(Call::get("/payment-requests/999").header("x-checkout-token", &token)).await;
    refused(&denied, "an id that nobody has", "scope_denied");
    let mut table: Vec<(&str, String, &str)> = vec![
        ("GET", "/auth/whoami".to_owned(), ""),
        ("POST", "/payment-requests".to_owned(), SMALL),
        ("POST", MINT.to_owned(), ""),
        ("POST", format!("/payment-requests/{other}/checkout-session"), ""),
        ("PUT", "/users/1/apikey".to_owned(), ""),
        ("PUT", "/users/2/apikey".to_owned(), ""),
    ];
    let ids = ["01", "+1", "%31", "1.0", "abc", "0", "%ff", "1%20", "999"].map(str::to_owned);
    for id in ids.into_iter().chain([other.to_string(), foreign.to_string()]) {
        table.push(("GET", format!("/payment-requests/{id}"), ""));
        table.push(("GET", format!("/payment-requests/{id}/status"), ""));
        table.push(("POST", format!("/payment-requests/{id}/payments"), pay));
    }
    for (method, path, body) in &table {
        for with_others in [false, true] {
            let call = Call::method(method, path).raw_json(*body).header("x-checkout-token", &token);
            let call = if with_others {
                call.header("x-api-key", &key).header("authorization", format!("Bearer {login}"))
            } else {
                call
            };
            let answer = world.send(call).await;
            assert_eq!(answer.comparable(), denied.comparable(), "{method} {path}, with others: {with_others}");
        }
    }
    let denied_all = u32::try_from(table.len()).unwrap() * 2;
    assert!(denied_all > 60, "denied calls cost no quota, so the next ones still pass");

    for (method, path, body) in
        [("GET", REQUEST, ""), ("HEAD", REQUEST, ""), ("GET", "/payment-requests/1/status", ""), ("POST", PAY, pay)]
    {
        let call = Call::method(method, path).raw_json(body).header("x-checkout-token", &token);
        assert_eq!(world.send(call).await.status, 200, "{method} {path}");
    }
    let call = Call::get(&format!("/payment-requests/{other}")).header("x-checkout-token", &own);
    assert_eq!(world.send(call).await.status, 200, "the other one with its own token");
    let answer = world.send(Call::get("/payment-requests/1/").header("x-checkout-token", &token)).await;
    refused(&answer, "a trailing slash is another path", "not_found");
    let answer = world.send(Call::method("DELETE", REQUEST).header("x-checkout-token", &token)).await;
    refused(&answer, "no such method", "method_not_allowed");
}

#[tokio::test]
async fn every_bad_token_gets_the_same_401() {
    let world = world().await;
    let (key, live) = (world.text("/caibo/api_key_test"), world.text("/caibo/api_key_live"));
    let expired = mint(&world, &key, 1).await;
    world.advance(900);
    let dead_key = issue(&world, Mode::Test, "checkout_sessions:write").await;
    let of_dead_key = mint(&world, &dead_key, 1).await;
    world.revoke(id_of(&dead_key)).await;
    let of_paid = {
        let id = create(&world, &key).await;
        let token = mint(&world, &key, id).await;
        assert_eq!(pay(&world, ("x-api-key", &key), id, "tok_test_visa").await.status, 200);
        token
    };
    let of_live = {
        let id = create_on(&world, ListenerMode::Live, &live).await;
        mint_on(&world, ListenerMode::Live, &live, id).await
    };
    let good = mint(&world, &key, 1).await;
    let last = if good.ends_with('A') { 'B' } else { char::from(good.as_bytes()[42] + 1) };
    let table = [
        ("empty", String::new()),
        ("blank before", format!(" {good}")),
        ("blank after", format!("{good} ")),
        ("quoted", format!("\"{good}\"")),
        ("padded", format!("{good}=")),
        ("one character less", good[..42].to_owned()),
        ("one character more", format!("{good}A")),
        ("last character not canonical", format!("{}{last}", &good[..42])),
        ("standard alphabet", "+".repeat(43)),
        ("strange", STRANGE_TOKEN.to_owned()),
        ("a key", key.clone()),
        ("expired", expired),
        ("of a revoked key", of_dead_key),
        ("of a paid request", of_paid),
        ("of the other mode", of_live),
    ];
    for (net, (method, path, challenges)) in (0..).zip([
        ("GET", REQUEST, KEY_OR_TOKEN),
        ("POST", PAY, KEY_OR_TOKEN),
        ("POST", MINT, KEY),
        ("PUT", "/users/1/apikey", PANEL),
    ]) {
        let mut reference = None;
        for (host, (label, token)) in (1..).zip(&table) {
            let call = Call::method(method, path).from([198, 51, net, host]);
            let answer = world.send(call.header("x-checkout-token", token).header("x-api-key", &key)).await;
            unauthenticated(&answer, label, challenges);
            let reference = reference.get_or_insert_with(|| answer.comparable());
            assert_eq!(&answer.comparable(), reference, "{method} {path}: {label}");
        }
    }
    assert_eq!(show(&world, &good).await.status, 200, "the good one");
}

#[tokio::test]
async fn a_token_lives_for_900_seconds_exactly() {
    let world = world().await;
    world.clock.advance(Duration::from_millis(999));
    let token = mint(&world, &world.text("/caibo/api_key_test"), 1).await;
    world.advance(899);
    assert_eq!(show(&world, &token).await.status, 200, "899.999 seconds of the clock");
    world.clock.advance(Duration::from_millis(1));
    unauthenticated(&show(&world, &token).await, "900 seconds of the clock", KEY_OR_TOKEN);
}

#[tokio::test]
async fn a_token_has_60_calls_a_minute() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let (token, second) = (mint(&world, &key, 1).await, mint(&world, &key, 1).await);
    for n in 0..60 {
        assert_eq!(show(&world, &token).await.status, 200, "call {n}");
    }
    limited(&show(&world, &token).await, "call 61", 60);
    let call = Call::get(REQUEST).header("x-checkout-token", &token).header("x-api-key", &key);
    limited(&world.send(call).await, "never the key's quota", 60);
    let call = Call::get("/payment-requests/999").header("x-checkout-token", &token);
    refused(&world.send(call).await, "scope before quota", "scope_denied");
    assert_eq!(show(&world, &second).await.status, 200, "another token has its own");
    assert_eq!(whoami(&world, &key).await.status, 200, "the key has its own");
    world.advance(59);
    limited(&show(&world, &token).await, "a second before", 1);
    world.advance(1);
    assert_eq!(show(&world, &token).await.status, 200, "after a minute");
}
