//! The Caibo dialect as its clients meet it: panel login, keys, payment requests, checkout tokens, payments.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate::account::{EmailAddress, KeyFamily, MerchantStatus, User, UserId};
use tollgate::auth::ListenerMode;
use tollgate::payments::{Amount, CallKey, Currency, NewPaymentRequest, PaymentRequest};
use tollgate::storage::{Answered, Created};
use tollgate_apikey::{KeyId, Mode};
use tollgate_client_address::{Cidr, IpList};

use super::world::{Answer, Call, SANDBOX, T0, World, world};

const PANEL: &[&str] = &["Bearer realm=\"caibo-panel\""];
const KEY: &[&str] = &["ApiKey realm=\"caibo\""];
const KEY_OR_TOKEN: &[&str] = &["ApiKey realm=\"caibo\"", "CheckoutToken realm=\"caibo\""];

/// The demo merchant's open payment request, in test mode.
const REQUEST: &str = "/payment-requests/1";
const MINT: &str = "/payment-requests/1/checkout-session";
const PAY: &str = "/payment-requests/1/payments";
/// A body that makes a payment request.
const SMALL: &str = r#"{"amount":49.90,"unit":"EUR"}"#;
/// A well-formed checkout token that nobody has.
const STRANGE_TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Names and values.
type Headers<'h> = Vec<(&'h str, String)>;

// ---- login

#[tokio::test]
async fn a_login_gives_a_token_of_half_an_hour() {
    let world = world().await;
    world.clock.advance(Duration::from_millis(700));
    let answer = log_in(&world, &world.text("/panel/email"), &world.text("/panel/password"), 1).await;
    let token = answer.json()["accessToken"].as_str().unwrap().to_owned();
    let body = json!({ "accessToken": token, "expireDate": "2026-01-01T00:30:00Z" });
    succeeded(&answer, "login", 200, &body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let header = part(&token, 0);
    assert_eq!(header, json!({ "alg": "HS256", "typ": "JWT", "kid": header["kid"].as_str().unwrap() }));
    let claims = part(&token, 1);
    let expected = json!({
        "iss": SANDBOX,
        "aud": "panel",
        "sub": world.text("/panel/user_id"),
        "iat": T0,
        "exp": T0 + 1800,
        "jti": claims["jti"].as_str().unwrap(),
        "gen": 1,
    });
    assert_eq!(claims, expected);
    let second = part(&world.log_in(ListenerMode::Test).await, 1);
    assert_ne!(claims["jti"], second["jti"]);
}

#[tokio::test]
async fn a_login_reads_the_address_in_any_case_and_no_credential_header() {
    let world = world().await;
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let upper = email.to_ascii_uppercase();
    let key = world.text("/caibo/api_key_live");
    let garbage = ["x-api-key", "x-checkout-token", "authorization"];
    let table = [
        ("upper case", &upper, vec![]),
        ("a foreign key", &email, vec![("x-api-key", key.as_str())]),
        ("garbage", &email, garbage.map(|name| (name, "x y")).to_vec()),
        ("everything twice", &email, [garbage, garbage].concat().into_iter().map(|name| (name, "x")).collect()),
    ];
    for (label, email, headers) in table {
        let body = json!({ "email": email, "password": password, "unknown": [1] });
        let call = Call::post("/auth/login?token=x").json(&body);
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        let answer = world.send(call).await;
        assert_eq!(answer.status, 200, "{label}: {}", answer.text());
        assert_eq!(part(answer.json()["accessToken"].as_str().unwrap(), 1)["sub"], "1", "{label}");
    }
}

#[tokio::test]
async fn logins_that_fail_look_alike() {
    let world = world().await;
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let kim = User { email: EmailAddress::new("kim@demo-shop.example").unwrap(), ..demo_user(&world).await };
    world.services.vault.insert_user(&kim, world.now()).await.unwrap();
    assert_eq!(log_in(&world, "KIM@demo-shop.example", &password, 99).await.status, 200);
    let reference = log_in(&world, "nobody@demo-shop.example", &password, 0).await;
    unauthenticated(&reference, "unknown e-mail", PANEL);
    let table = [
        ("wrong password", email.clone(), "x".to_owned()),
        ("blank after the password", email.clone(), format!("{password} ")),
        ("password in other case", email.clone(), swap_case(&password)),
        ("control characters", email.clone(), "\u{0}\r\n".to_owned()),
        ("1024 bytes of password", email.clone(), "é".repeat(512)),
        ("blank before the e-mail", format!(" {email}"), password.clone()),
        ("Kelvin sign for k", "\u{212a}im@demo-shop.example".to_owned(), password.clone()),
        ("254 bytes of e-mail", format!("{}@shop.example", "a".repeat(241)), password.clone()),
    ];
    for (host, (label, email, password)) in (1..).zip(table) {
        let answer = log_in(&world, &email, &password, host).await;
        assert_eq!(answer.comparable(), reference.comparable(), "{label}");
    }
    change_user(&world, |user| user.disabled = true).await;
    let answer = log_in(&world, &email, &password, 50).await;
    assert_eq!(answer.comparable(), reference.comparable(), "disabled user");
    change_user(&world, |user| user.disabled = false).await;
    assert_eq!(log_in(&world, &email, &password, 50).await.status, 200, "enabled again");
}

#[tokio::test]
async fn a_login_names_the_member_that_is_wrong() {
    let world = world().await;
    let table = [
        ("no e-mail", json!({ "password": "x" }), "email", "required"),
        ("no password", json!({ "email": "a@b.example" }), "password", "required"),
        ("number as e-mail", json!({ "email": 1, "password": "x" }), "email", "invalid"),
        ("null as e-mail", json!({ "email": null, "password": "x" }), "email", "invalid"),
        ("list as e-mail", json!({ "email": ["a@b.example"], "password": "x" }), "email", "invalid"),
        ("empty e-mail", json!({ "email": "", "password": "x" }), "email", "invalid"),
        ("line end in the e-mail", json!({ "email": "a@b.example\n", "password": "x" }), "email", "invalid"),
        ("255 bytes of e-mail", json!({ "email": "a".repeat(255), "password": "x" }), "email", "invalid"),
        ("number as password", json!({ "email": "a@b.example", "password": 1 }), "password", "invalid"),
        ("null as password", json!({ "email": "a@b.example", "password": null }), "password", "invalid"),
        ("object as password", json!({ "email": "a@b.example", "password": {} }), "password", "invalid"),
        ("empty password", json!({ "email": "a@b.example", "password": "" }), "password", "invalid"),
        ("1025 bytes", json!({ "email": "a@b.example", "password": "x".repeat(1025) }), "password", "invalid"),
        ("1026 bytes in 513 characters", json!({ "email": "a@b", "password": "é".repeat(513) }), "password", "invalid"),
    ];
    for (label, body, member, fault) in table {
        let answer = world.send(Call::post("/auth/login").json(&body)).await;
        refused_as(&answer, label, &invalid(member, fault));
    }
}

#[tokio::test]
async fn a_login_takes_one_json_object_of_at_most_64_kib() {
    let world = world().await;
    let good = r#"{"email":"a@b.example","password":"x"}"#;
    let padded = |len: usize| {
        let start = r#"{"email":"a@b.example","password":"x","pad":""#;
        format!("{start}{}\"}}", "x".repeat(len - start.len() - 2))
    };
    let deep = |n: usize| format!(r#"{{"email":"a@b.example","password":"x","x":{}{}}}"#, "[".repeat(n), "]".repeat(n));
    assert_eq!(padded(65_536).len(), 65_536);
    let json = "application/json";
    let table: [(&str, &[&str], Vec<u8>, &str); 19] = [
        ("no body", &[json], vec![], "invalid_request"),
        ("broken off", &[json], good[..20].into(), "invalid_request"),
        ("trailing text", &[json], format!("{good} x").into(), "invalid_request"),
        ("two objects", &[json], format!("{good}{good}").into(), "invalid_request"),
        ("list", &[json], format!("[{good}]").into(), "invalid_request"),
        ("null", &[json], "null".into(), "invalid_request"),
        ("byte order mark", &[json], format!("\u{feff}{good}").into(), "invalid_request"),
        ("not UTF-8", &[json], b"{\"email\":\"a\xff@b.example\",\"password\":\"x\"}".into(), "invalid_request"),
        ("member twice", &[json], good.replace('}', r#","password":"x"}"#).into(), "invalid_request"),
        ("member twice by escape", &[json], good.replace('}', r#","\u0065mail":"x"}"#).into(), "invalid_request"),
        ("twice inside", &[json], good.replace('}', r#","x":{"a":1,"a":1}}"#).into(), "invalid_request"),
        ("33 deep", &[json], deep(32).into(), "invalid_request"),
        ("one byte too long", &[json], padded(65_537).into(), "payload_too_large"),
        ("no type", &[], good.into(), "unsupported_media_type"),
        ("text", &["text/plain"], good.into(), "unsupported_media_type"),
        ("form", &["application/x-www-form-urlencoded"], good.into(), "unsupported_media_type"),
        ("other charset", &["application/json; charset=latin1"], good.into(), "unsupported_media_type"),
        ("problem", &["application/problem+json"], good.into(), "unsupported_media_type"),
        ("type twice", &[json, json], good.into(), "unsupported_media_type"),
    ];
    for (label, types, body, code) in table {
        let call = types.iter().fold(Call::post("/auth/login"), |call, value| call.header("content-type", value));
        refused(&world.send(call.body(body)).await, label, code);
    }
    let table = [
        ("64 KiB", json, padded(65_536)),
        ("32 deep", json, deep(31)),
        ("charset", "application/json; charset=utf-8", good.to_owned()),
    ];
    for (host, (label, kind, body)) in (1..).zip(table) {
        let call = Call::post("/auth/login").from([192, 0, 2, host]).header("content-type", kind).body(body);
        unauthenticated(&world.send(call).await, label, PANEL);
    }
}

#[tokio::test]
async fn five_wrong_passwords_close_an_account_for_one_address() {
    let world = world().await;
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    for (label, email, host) in [("known", email.as_str(), 1), ("unknown", "nobody@demo-shop.example", 2)] {
        for n in 0..5 {
            let spelling = if n % 2 == 0 { email.to_owned() } else { email.to_ascii_uppercase() };
            unauthenticated(&log_in(&world, &spelling, "wrong", host).await, label, PANEL);
        }
        limited(&log_in(&world, email, &password, host).await, label, 900);
    }
    assert_eq!(log_in(&world, &email, &password, 3).await.status, 200, "another address");
    unauthenticated(&log_in(&world, "other@demo-shop.example", "wrong", 1).await, "another account", PANEL);
    world.advance(899);
    limited(&log_in(&world, &email, &password, 1).await, "a second before", 1);
    world.advance(1);
    assert_eq!(log_in(&world, &email, &password, 1).await.status, 200, "after 900 seconds");
    unauthenticated(&log_in(&world, "nobody@demo-shop.example", "wrong", 2).await, "unknown again", PANEL);
}

#[tokio::test]
async fn right_passwords_do_not_count_as_wrong_ones() {
    let world = world().await;
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    for _ in 0..4 {
        unauthenticated(&log_in(&world, &email, "wrong", 1).await, "one to four", PANEL);
    }
    for _ in 0..6 {
        assert_eq!(log_in(&world, &email, &password, 1).await.status, 200);
    }
    unauthenticated(&log_in(&world, &email, "wrong", 1).await, "the fifth", PANEL);
    limited(&log_in(&world, &email, &password, 1).await, "then none", 900);
}

#[tokio::test]
async fn fifty_wrong_passwords_close_an_address_for_every_account() {
    let world = world().await;
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    for n in 0..50 {
        if n == 25 {
            world.advance(60); // 30 failures a minute would hide this limit
        }
        let answer = log_in(&world, &format!("nobody-{n}@demo-shop.example"), "wrong", 1).await;
        unauthenticated(&answer, "one of fifty", PANEL);
    }
    limited(&log_in(&world, &email, &password, 1).await, "the right password", 840);
    assert_eq!(log_in(&world, &email, &password, 2).await.status, 200, "another address");
    world.advance(840);
    assert_eq!(log_in(&world, &email, &password, 1).await.status, 200, "when the oldest has left");
}

// ---- keys

#[tokio::test]
async fn the_panel_makes_a_key_in_the_place_of_the_old_one() {
    let world = world().await;
    let (old, live) = (world.text("/caibo/api_key_test"), world.text("/caibo/api_key_live"));
    assert_eq!(whoami(&world, &old).await.status, 200);
    let login = world.log_in(ListenerMode::Test).await;
    let answer = rotate(&world, &login, "").await;
    let new = answer.json().as_str().unwrap().to_owned();
    succeeded(&answer, "regenerated", 200, &json!(new));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(new.starts_with("caibo_test_sk_") && new.len() == 64, "{new}");

    assert_eq!(whoami(&world, &new).await.status, 200);
    unauthenticated(&whoami(&world, &old).await, "old key", KEY);
    let answer = world.send(Call::get("/auth/whoami").live().header("x-api-key", &live)).await;
    assert_eq!(answer.status, 200, "the key of the other mode stays");
    let scopes = whoami(&world, &new).await.json()["scopes"].clone();
    assert_eq!(scopes, json!(["checkout_sessions:write", "payment_requests:read", "payment_requests:write"]));
}

#[tokio::test]
async fn the_mode_of_a_new_key_is_the_listeners_or_named() {
    let world = world().await;
    let table = [
        (ListenerMode::Test, "", "caibo_test_sk_"),
        (ListenerMode::Test, "?mode=test", "caibo_test_sk_"),
        (ListenerMode::Live, "", "caibo_live_sk_"),
        (ListenerMode::Live, "?mode=live&overlap=0", "caibo_live_sk_"),
        (ListenerMode::Any, "", "caibo_test_sk_"),
        (ListenerMode::Any, "?mode=live", "caibo_live_sk_"),
        (ListenerMode::Any, "?overlap=2592000&mode=test", "caibo_test_sk_"),
    ];
    for (listener, query, prefix) in table {
        let login = world.log_in(listener).await;
        let call = Call::put(&format!("/users/1/apikey{query}")).on(listener);
        let answer = world.send(call.header("authorization", format!("bearer {login}"))).await;
        assert_eq!(answer.status, 200, "{listener:?} {query}: {}", answer.text());
        assert!(answer.json().as_str().unwrap().starts_with(prefix), "{listener:?} {query}");
    }
}

#[tokio::test]
async fn an_overlap_keeps_the_old_key_until_its_exact_end() {
    let world = world().await;
    let old = world.text("/caibo/api_key_test");
    let login = world.log_in(ListenerMode::Test).await;
    let new = rotated(&world, &login, "?overlap=60").await;
    world.advance(59);
    for key in [&old, &new] {
        assert_eq!(whoami(&world, key).await.status, 200, "a second before");
    }
    world.advance(1);
    unauthenticated(&whoami(&world, &old).await, "at the deadline", KEY);
    assert_eq!(whoami(&world, &new).await.status, 200);
}

#[tokio::test]
async fn a_second_rotation_shortens_an_overlap_and_never_lengthens_it() {
    let world = world().await;
    let first = world.text("/caibo/api_key_test");
    let login = world.log_in(ListenerMode::Test).await;
    let second = rotated(&world, &login, "?overlap=60").await;
    let third = rotated(&world, &login, "?overlap=1000").await;
    world.advance(60);
    unauthenticated(&whoami(&world, &first).await, "first", KEY);
    assert_eq!(whoami(&world, &second).await.status, 200, "second");
    let fourth = rotated(&world, &login, "?overlap=0").await;
    for (label, key) in [("first", &first), ("second", &second), ("third", &third)] {
        unauthenticated(&whoami(&world, key).await, label, KEY);
    }
    assert_eq!(whoami(&world, &fourth).await.status, 200);
}

#[tokio::test]
async fn checkout_tokens_die_with_a_killed_key_and_outlive_a_retired_one() {
    let world = world().await;
    let login = world.log_in(ListenerMode::Test).await;
    let token = mint(&world, &world.text("/caibo/api_key_test"), 1).await;
    assert_eq!(show(&world, &token).await.status, 200);
    let key = rotated(&world, &login, "").await;
    unauthenticated(&show(&world, &token).await, "of a killed key", KEY_OR_TOKEN);

    let token = mint(&world, &key, 1).await;
    let _ = rotated(&world, &login, "?overlap=60").await;
    world.advance(60);
    unauthenticated(&whoami(&world, &key).await, "retired key", KEY);
    assert_eq!(show(&world, &token).await.status, 200, "of a retired key");
    world.advance(839);
    assert_eq!(show(&world, &token).await.status, 200, "to its own end");
    world.advance(1);
    unauthenticated(&show(&world, &token).await, "at its own end", KEY_OR_TOKEN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotations_at_once_leave_one_key() {
    let world = Arc::new(world().await);
    let login = world.log_in(ListenerMode::Test).await;
    let answers =
        at_once(&world, 6, |_| Call::put("/users/1/apikey").header("authorization", format!("Bearer {login}"))).await;
    let mut alive = 0;
    for answer in answers {
        assert_eq!(answer.status, 200);
        alive += u32::from(whoami(&world, answer.json().as_str().unwrap()).await.status == 200);
    }
    assert_eq!(alive, 1);
}

#[tokio::test]
async fn a_rotation_does_not_widen_a_key() {
    let world = world().await;
    world.advance(1);
    let (merchant, user) = (world.merchant_id(), Some(demo_user(&world).await.id));
    let narrow = world.issue_key(&merchant, user, KeyFamily::CAIBO, Mode::Test, "payment_requests:read").await;
    let login = world.log_in(ListenerMode::Test).await;
    for query in ["?overlap=60", "", ""] {
        let new = rotated(&world, &login, query).await;
        assert_eq!(whoami(&world, &new).await.json()["scopes"], json!(["payment_requests:read"]), "{query:?}");
    }
    unauthenticated(&whoami(&world, &narrow).await, "the one before", KEY);
}

#[tokio::test]
async fn a_key_is_made_for_its_own_user_only() {
    let world = world().await;
    let second = User { email: EmailAddress::new("second@demo-shop.example").unwrap(), ..demo_user(&world).await };
    let second = world.services.vault.insert_user(&second, world.now()).await.unwrap();
    let login = world.log_in(ListenerMode::Test).await;
    let other = |id: &str| Call::put(&format!("/users/{id}/apikey")).header("authorization", format!("Bearer {login}"));
    let reference = world.send(other("4711")).await;
    refused(&reference, "nobody's id", "scope_denied");
    let second = second.to_string();
    let spellings = ["0", "01", "+1", "-1", "1.0", "1e0", "abc", "%31", "%20", "%ff", "me", "9007199254740993"];
    for id in [&[second.as_str()][..], &spellings].concat() {
        let answer = world.send(other(id)).await;
        assert_eq!(answer.comparable(), reference.comparable(), "{id}");
    }
    assert_eq!(whoami(&world, &world.text("/caibo/api_key_test")).await.status, 200, "nothing was replaced");
}

#[tokio::test]
async fn a_key_is_not_made_without_a_good_login() {
    let world = world().await;
    let login = world.log_in(ListenerMode::Test).await;
    let elsewhere = world.log_in(ListenerMode::Live).await;
    let session = eighty_eight_pay_token(&world).await;
    let key = world.text("/caibo/api_key_test");
    let token = mint(&world, &key, 1).await;
    let bearer = format!("Bearer {login}");
    let altered = |from: &str, to: &str| {
        let payload = part(&login, 1).to_string().replace(from, to);
        let parts: Vec<_> = login.split('.').collect();
        format!("Bearer {}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(payload), parts[2])
    };
    let unsigned = {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        format!("Bearer {header}.{}.", login.split('.').nth(1).unwrap())
    };
    let table: Vec<(&str, &str, Headers<'_>)> = vec![
        ("nothing", "1", vec![]),
        ("a key", "1", vec![("x-api-key", key.clone())]),
        ("a key as bearer", "1", vec![("authorization", format!("Bearer {key}"))]),
        ("a checkout token as bearer", "1", vec![("authorization", format!("Bearer {token}"))]),
        ("an 88Pay session", "1", vec![("authorization", format!("Bearer {session}"))]),
        ("a login of another listener", "1", vec![("authorization", format!("Bearer {elsewhere}"))]),
        ("another sub, that user's path", "2", vec![("authorization", altered("\"sub\":\"1\"", "\"sub\":\"2\""))]),
        ("another sub, own path", "1", vec![("authorization", altered("\"sub\":\"1\"", "\"sub\":\"2\""))]),
        ("later exp", "1", vec![("authorization", altered(&(T0 + 1800).to_string(), &(T0 + 9999).to_string()))]),
        ("alg none", "1", vec![("authorization", unsigned)]),
        ("no signature", "1", vec![("authorization", bearer[..=bearer.rfind('.').unwrap()].to_owned())]),
        ("one character more", "1", vec![("authorization", format!("{bearer}A"))]),
        ("no scheme", "1", vec![("authorization", login.clone())]),
        ("scheme alone", "1", vec![("authorization", "Bearer".to_owned())]),
        ("empty", "1", vec![("authorization", String::new())]),
        ("two blanks", "1", vec![("authorization", format!("Bearer  {login}"))]),
        ("quoted", "1", vec![("authorization", format!("Bearer \"{login}\""))]),
        ("Basic", "1", vec![("authorization", format!("Basic {login}"))]),
        ("other scheme", "1", vec![("authorization", format!("Token {login}"))]),
        (
            "strange checkout token",
            "1",
            vec![("authorization", bearer.clone()), ("x-checkout-token", STRANGE_TOKEN.into())],
        ),
        ("garbage checkout token", "1", vec![("authorization", bearer.clone()), ("x-checkout-token", "x y".into())]),
        ("empty checkout token", "1", vec![("authorization", bearer.clone()), ("x-checkout-token", String::new())]),
    ];
    let mut reference = None;
    for (host, (label, id, headers)) in (1..).zip(table) {
        let call = Call::put(&format!("/users/{id}/apikey")).from([192, 0, 2, host]);
        let answer = world.send(headers.into_iter().fold(call, |call, (name, value)| call.header(name, value))).await;
        unauthenticated(&answer, label, PANEL);
        let reference = reference.get_or_insert_with(|| answer.comparable());
        assert_eq!(&answer.comparable(), reference, "{label}");
    }

    let call = || Call::put("/users/1/apikey");
    let table = [
        ("checkout token", call().header("x-checkout-token", &token), "scope_denied"),
        ("with a login", call().header("x-checkout-token", &token).header("authorization", &bearer), "scope_denied"),
        ("login twice", call().header("authorization", &bearer).header("authorization", &bearer), "duplicate_header"),
        ("token twice", call().header("x-checkout-token", &token).header("x-checkout-token", "x"), "duplicate_header"),
    ];
    for (label, call, code) in table {
        refused(&world.send(call).await, label, code);
    }
    assert_eq!(whoami(&world, &key).await.status, 200, "nothing was replaced");
}

#[tokio::test]
async fn a_key_is_made_by_a_strict_query() {
    let world = world().await;
    let (login, live) = (world.log_in(ListenerMode::Test).await, world.log_in(ListenerMode::Live).await);
    let table = [
        ("mode=live", "mode", "invalid"),
        ("mode=TEST", "mode", "invalid"),
        ("mode=", "mode", "invalid"),
        ("mode", "mode", "invalid"),
        ("mode=test&mode=test", "mode", "invalid"),
        ("overlap=-1", "overlap", "invalid"),
        ("overlap=2592001", "overlap", "invalid"),
        ("overlap=99999999999999999999", "overlap", "invalid"),
        ("overlap=1.5", "overlap", "invalid"),
        ("overlap=01", "overlap", "invalid"),
        ("overlap=%30", "overlap", "invalid"),
        ("overlap=", "overlap", "invalid"),
        ("overlap=0&overlap=60", "overlap", "invalid"),
        ("Mode=test", "Mode", "not_allowed"),
        ("mode=test&verbose=1", "verbose", "not_allowed"),
        ("token=x", "token", "not_allowed"),
    ];
    for (query, member, fault) in table {
        refused_as(&rotate(&world, &login, &format!("?{query}")).await, query, &invalid(member, fault));
    }
    let call = Call::put("/users/1/apikey?mode=test").live().header("authorization", format!("Bearer {live}"));
    refused_as(&world.send(call).await, "test on a live listener", &invalid("mode", "invalid"));
    assert_eq!(whoami(&world, &world.text("/caibo/api_key_test")).await.status, 200, "nothing was replaced");
}

#[tokio::test]
async fn a_live_key_asks_for_a_fresh_login() {
    let world = world().await;
    let (test, live) = (world.log_in(ListenerMode::Test).await, world.log_in(ListenerMode::Live).await);
    let any = world.log_in(ListenerMode::Any).await;
    let ask = |listener, login: &str, query: &str| {
        let call = Call::put(&format!("/users/1/apikey{query}")).on(listener);
        world.send(call.header("authorization", format!("Bearer {login}")))
    };
    world.advance(300);
    world.clock.advance(Duration::from_millis(900));
    assert_eq!(ask(ListenerMode::Live, &live, "").await.status, 200, "300 whole seconds");
    world.clock.advance(Duration::from_millis(100));
    refused(&ask(ListenerMode::Live, &live, "").await, "301 seconds", "step_up_required");
    refused(&ask(ListenerMode::Any, &any, "?mode=live").await, "any, live", "step_up_required");
    assert_eq!(ask(ListenerMode::Any, &any, "").await.status, 200, "any, test");
    world.advance(1798 - 301 + 1);
    assert_eq!(ask(ListenerMode::Test, &test, "").await.status, 200, "1799 seconds, test");
    world.advance(1);
    unauthenticated(&ask(ListenerMode::Test, &test, "").await, "1800 seconds", PANEL);
    unauthenticated(&ask(ListenerMode::Live, &live, "").await, "1800 seconds, live", PANEL);
    let again = world.log_in(ListenerMode::Live).await;
    assert_eq!(ask(ListenerMode::Live, &again, "").await.status, 200, "after another login");
}

#[tokio::test]
async fn a_key_is_made_as_the_merchants_status_allows() {
    let world = world().await;
    let token = mint(&world, &world.text("/caibo/api_key_test"), 1).await;
    let table = [
        (MerchantStatus::PendingKyc, ListenerMode::Test, "1", "", None),
        (MerchantStatus::PendingKyc, ListenerMode::Live, "1", "", Some("account_not_verified")),
        (MerchantStatus::PendingKyc, ListenerMode::Any, "1", "?mode=live", Some("account_not_verified")),
        (MerchantStatus::PendingKyc, ListenerMode::Live, "2", "", Some("scope_denied")),
        (MerchantStatus::Suspended, ListenerMode::Test, "1", "", Some("account_suspended")),
        (MerchantStatus::Suspended, ListenerMode::Live, "1", "", Some("account_suspended")),
        (MerchantStatus::Suspended, ListenerMode::Test, "2", "", Some("account_suspended")),
        (MerchantStatus::Suspended, ListenerMode::Test, "1", "?x=1", Some("account_suspended")),
        (MerchantStatus::Active, ListenerMode::Live, "1", "", None),
    ];
    for (status, listener, id, query, code) in table {
        let label = format!("{status:?} {listener:?} {id} {query}");
        world.set_merchant(status, IpList::unrestricted()).await;
        let login = world.log_in(listener).await; // merchants in any status may log in
        let call = Call::put(&format!("/users/{id}/apikey{query}")).on(listener);
        let answer = world.send(call.header("authorization", format!("Bearer {login}"))).await;
        match code {
            Some(code) => refused(&answer, &label, code),
            None => assert_eq!(answer.status, 200, "{label}: {}", answer.text()),
        }
    }
    let key = rotated(&world, &world.log_in(ListenerMode::Test).await, "").await;
    unauthenticated(&show(&world, &token).await, "the first key is dead by now", KEY_OR_TOKEN);
    let token = mint(&world, &key, 1).await;
    world.set_merchant(MerchantStatus::Suspended, IpList::unrestricted()).await;
    let answer = world.send(Call::put("/users/1/apikey").header("x-checkout-token", &token)).await;
    refused(&answer, "status before scope", "account_suspended");
}

#[tokio::test]
async fn a_login_ends_with_the_users_generation() {
    let world = world().await;
    let login = world.log_in(ListenerMode::Test).await;
    assert_eq!(rotate(&world, &login, "").await.status, 200);
    change_user(&world, |user| user.generation += 1).await;
    unauthenticated(&rotate(&world, &login, "").await, "old generation", PANEL);
    let login = world.log_in(ListenerMode::Test).await;
    assert_eq!(part(&login, 1)["gen"], 2);
    assert_eq!(rotate(&world, &login, "").await.status, 200, "new generation");
    change_user(&world, |user| user.disabled = true).await;
    unauthenticated(&rotate(&world, &login, "").await, "disabled", PANEL);
}

// ---- server credentials

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

// ---- payment requests

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

// ---- checkout sessions

#[tokio::test]
async fn a_checkout_session_gives_a_token_for_a_quarter_of_an_hour() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    world.clock.advance(Duration::from_millis(900));
    let mut tokens = Vec::new();
    for (label, call) in [
        ("no body", Call::post(MINT)),
        ("no body, a type", Call::post(MINT).header("content-type", "text/plain")),
        ("empty object", Call::post(MINT).raw_json(" {} ")),
        ("a query", Call::post("/payment-requests/1/checkout-session?paymentRequestId=2")),
    ] {
        let answer = world.send(call.header("x-api-key", &key)).await;
        let token = answer.json()["token"].as_str().unwrap().to_owned();
        let body = json!({
            "token": token, "paymentRequestId": 1, "expiresAt": "2026-01-01T00:15:00Z", "ttlSeconds": 900,
        });
        succeeded(&answer, label, 201, &body);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
        assert_eq!(URL_SAFE_NO_PAD.decode(&token).unwrap().len(), 32, "{label}");
        tokens.push(token);
    }
    for token in &tokens {
        assert_eq!(show(&world, token).await.status, 200, "each of several lives");
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 4);
}

#[tokio::test]
async fn a_checkout_session_takes_nothing_from_its_body() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let named = [
        (r#"{"paymentRequestId":1}"#, "paymentRequestId"),
        (r#"{"ttlSeconds":86400}"#, "ttlSeconds"),
        (r#"{"merchantId":"MCH-COL-7QX2Z"}"#, "merchantId"),
        (r#"{"x":null}"#, "x"),
    ];
    for (body, member) in named {
        let answer = world.send(Call::post(MINT).raw_json(body).header("x-api-key", &key)).await;
        refused_as(&answer, body, &invalid(member, "not_allowed"));
    }
    let table = [
        ("list", Call::post(MINT).raw_json("[]"), "invalid_request"),
        ("null", Call::post(MINT).raw_json("null"), "invalid_request"),
        ("broken off", Call::post(MINT).raw_json("{"), "invalid_request"),
        ("no type", Call::post(MINT).body("{}"), "unsupported_media_type"),
        (
            "form",
            Call::post(MINT).header("content-type", "application/x-www-form-urlencoded").body("a=1"),
            "unsupported_media_type",
        ),
        ("too long", Call::post(MINT).raw_json(" ".repeat(65_537)), "payload_too_large"),
    ];
    for (label, call, code) in table {
        refused(&world.send(call.header("x-api-key", &key)).await, label, code);
    }
}

#[tokio::test]
async fn a_request_has_twenty_live_tokens_at_most() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let other = create(&world, &key).await;
    let ask = || world.send(Call::post(MINT).header("x-api-key", &key));
    assert_eq!(ask().await.status, 201);
    world.advance(10);
    for n in 2..=20 {
        assert_eq!(ask().await.status, 201, "token {n}");
    }
    limited(&ask().await, "the 21st", 890);
    let _ = mint(&world, &key, other).await;
    world.advance(889);
    limited(&ask().await, "a second before the oldest ends", 1);
    world.advance(1);
    assert_eq!(ask().await.status, 201, "when the oldest has ended");
    limited(&ask().await, "until the next ends", 10);
}

/// A token whose key was killed is dead, so it is none of the twenty.
#[tokio::test]
async fn tokens_of_a_killed_key_leave_room_for_others() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    for _ in 0..20 {
        let _ = mint(&world, &key, 1).await;
    }
    let login = world.log_in(ListenerMode::Test).await;
    let key = rotated(&world, &login, "").await;
    assert_eq!(world.send(Call::post(MINT).header("x-api-key", &key)).await.status, 201);
}

#[tokio::test]
async fn a_final_request_gets_no_session() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    assert_eq!(pay(&world, ("x-api-key", &key), 1, "tok_test_pending").await.json()["status"], "pending");
    assert_eq!(world.send(Call::post(MINT).header("x-api-key", &key)).await.status, 201, "pending is not final");
    let paid = create(&world, &key).await;
    assert_eq!(pay(&world, ("x-api-key", &key), paid, "tok_test_visa").await.json()["status"], "paid");
    let call = Call::post(&format!("/payment-requests/{paid}/checkout-session")).header("x-api-key", &key);
    refused(&world.send(call).await, "paid", "payment_request_final");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_made_beside_the_payment_does_not_outlive_it() {
    let world = Arc::new(world().await);
    let key = world.text("/caibo/api_key_test");
    for round in 0..5 {
        let id = create(&world, &key).await;
        let answers = at_once(&world, 6, |n| {
            let path = if n == 3 { "payments" } else { "checkout-session" };
            let call = Call::post(&format!("/payment-requests/{id}/{path}")).header("x-api-key", &key);
            if n == 3 { call.raw_json(r#"{"method":"card","paymentToken":"tok_test_visa"}"#) } else { call }
        })
        .await;
        for answer in answers {
            match answer.status.as_u16() {
                200 => assert_eq!(answer.json()["status"], "paid"),
                201 => {
                    let body = answer.json();
                    let token = body["token"].as_str().unwrap();
                    let call = Call::get(&format!("/payment-requests/{id}")).header("x-checkout-token", token);
                    let call = call.from([192, 0, 2, round]);
                    unauthenticated(&world.send(call).await, "made before the payment", KEY_OR_TOKEN);
                }
                _ => refused(&answer, "made after the payment", "payment_request_final"),
            }
        }
    }
}

// ---- which credential counts

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

// ---- payments

#[tokio::test]
async fn a_payment_takes_a_request_from_unpaid_to_paid() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let table = ["x-api-key", "x-checkout-token"];
    for header in table {
        let id = create(&world, &key).await;
        let token = mint(&world, &key, id).await;
        let credential = (header, if header == "x-api-key" { key.as_str() } else { token.as_str() });
        let mut last = 0;
        for (method, expected, left) in [("tok_test_declined", "declined", "unpaid"), ("tok_test_visa", "paid", "paid")]
        {
            let answer = pay(&world, credential, id, method).await;
            let transaction = answer.json()["transactionId"].as_i64().unwrap();
            assert!(transaction > last, "{header}: each attempt has its own id");
            last = transaction;
            let body = json!({ "transactionId": transaction, "paymentRequestId": id, "status": expected });
            succeeded(&answer, header, 200, &body);
            assert_eq!(state(&world, &key, id).await, left, "{header}: {method}");
        }
        let again = pay(&world, credential, id, "tok_test_visa").await;
        if header == "x-api-key" {
            refused(&again, "paid, by key", "payment_request_final");
        } else {
            unauthenticated(&again, "paid, by token", KEY_OR_TOKEN);
        }
        let call = Call::get(&format!("/payment-requests/{id}")).header("x-checkout-token", &token);
        unauthenticated(&world.send(call).await, "the token is dead", KEY_OR_TOKEN);
    }
}

#[tokio::test]
async fn a_pending_payment_blocks_the_next_one() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let token = mint(&world, &key, 1).await;
    let answer = pay(&world, ("x-checkout-token", &token), 1, "tok_test_pending").await;
    let transaction = answer.json()["transactionId"].as_i64().unwrap();
    let body = json!({ "transactionId": transaction, "paymentRequestId": 1, "status": "pending" });
    succeeded(&answer, "pending", 200, &body);
    for credential in [("x-api-key", key.as_str()), ("x-checkout-token", token.as_str())] {
        let answer = pay(&world, credential, 1, "tok_test_visa").await;
        refused(&answer, credential.0, "payment_in_progress");
    }
    assert_eq!(state(&world, &key, 1).await, "pending");
    assert_eq!(show(&world, &token).await.json()["status"], "pending", "the token lives on");
}

#[tokio::test]
async fn a_payment_names_the_member_that_is_wrong() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let token = mint(&world, &key, 1).await;
    let table = [
        (r#"{"paymentToken":"tok_test_visa"}"#, "method", "required"),
        (r#"{"method":"card"}"#, "paymentToken", "required"),
        (r#"{"method":1,"paymentToken":"tok_test_visa"}"#, "method", "invalid"),
        (r#"{"method":"","paymentToken":"tok_test_visa"}"#, "method", "invalid"),
        (r#"{"method":"card","paymentToken":null}"#, "paymentToken", "invalid"),
        (r#"{"method":"card","paymentToken":["tok_test_visa"]}"#, "paymentToken", "invalid"),
    ];
    for (body, member, fault) in table {
        for (header, credential) in [("x-api-key", &key), ("x-checkout-token", &token)] {
            let answer = world.send(Call::post(PAY).raw_json(body).header(header, credential)).await;
            refused_as(&answer, body, &invalid(member, fault));
        }
    }
    for named in ["2", "999", "0", "\"1\"", "1.0", "01", "null", "[1]"] {
        let body = format!(r#"{{"method":"card","paymentToken":"tok_test_visa","paymentRequestId":{named}}}"#);
        let ask =
            |header, credential: &str| world.send(Call::post(PAY).raw_json(body.clone()).header(header, credential));
        let (by_key, by_token) = (ask("x-api-key", &key).await, ask("x-checkout-token", &token).await);
        if named == "01" {
            refused(&by_key, "not JSON, by key", "invalid_request");
            refused(&by_token, "not JSON, by token", "invalid_request");
        } else {
            refused_as(&by_key, named, &invalid("paymentRequestId", "invalid"));
            refused(&by_token, named, "scope_denied");
        }
    }
    let table = [
        ("no type", Call::post(PAY).body("{}"), "unsupported_media_type"),
        ("no body", Call::post(PAY).raw_json(""), "invalid_request"),
        ("too long", Call::post(PAY).raw_json(" ".repeat(65_537)), "payload_too_large"),
    ];
    for (label, call, code) in table {
        refused(&world.send(call.header("x-api-key", &key)).await, label, code);
    }
    assert_eq!(state(&world, &key, 1).await, "unpaid", "nothing was attempted");
    let body = r#"{"method":"card","paymentToken":"tok_test_visa","paymentRequestId":1,"unknown":1}"#;
    let answer = world.send(Call::post(PAY).raw_json(body).header("x-checkout-token", &token)).await;
    assert_eq!(answer.json()["status"], "paid", "the same id is right");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_payments_at_once_one_is_made() {
    let world = Arc::new(world().await);
    let key = world.text("/caibo/api_key_test");
    for header in ["x-api-key", "x-checkout-token"] {
        let id = create(&world, &key).await;
        let token = mint(&world, &key, id).await;
        let credential = if header == "x-api-key" { &key } else { &token };
        let answers = at_once(&world, 8, |_| {
            let call = Call::post(&format!("/payment-requests/{id}/payments")).header(header, credential);
            call.raw_json(r#"{"method":"card","paymentToken":"tok_test_visa"}"#)
        })
        .await;
        let (paid, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(paid.len(), 1, "{header}");
        assert_eq!(paid[0].json()["status"], "paid", "{header}");
        for answer in others {
            match header {
                "x-api-key" => refused(answer, header, "payment_request_final"),
                _ => unauthenticated(answer, header, KEY_OR_TOKEN),
            }
        }
        assert_eq!(state(&world, &key, id).await, "paid", "{header}");
    }
}

// ---- what an answer must look like

/// The exact body of a refusal, as the protocol's table of errors has it.
#[track_caller]
fn problem(code: &str) -> Value {
    let (status, title, detail) = match code {
        "account_not_verified" => (403, "Forbidden", "The account is not verified."),
        "account_suspended" => (403, "Forbidden", "The account is suspended."),
        "duplicate_header" => (400, "Bad Request", "A credential header was sent more than once."),
        "idempotency_in_progress" => (409, "Conflict", "The first request is still running."),
        "idempotency_mismatch" => (422, "Unprocessable Entity", "The key was used with another body."),
        "invalid_credentials" => (401, "Unauthorized", "Authentication failed."),
        "invalid_request" => (400, "Bad Request", "The request is not valid."),
        "ip_not_allowed" => (403, "Forbidden", "The address is not allowed."),
        "method_not_allowed" => (405, "Method Not Allowed", "Method not allowed."),
        "not_found" => (404, "Not Found", "Not found."),
        "payload_too_large" => (413, "Payload Too Large", "The body is too large."),
        "payment_in_progress" => (409, "Conflict", "A payment is in progress."),
        "payment_request_final" => (409, "Conflict", "The payment request is final."),
        "rate_limited" => (429, "Too Many Requests", "Too many requests."),
        "scope_denied" => (403, "Forbidden", "The credential does not permit this request."),
        "step_up_required" => (403, "Forbidden", "Log in again for this action."),
        "unavailable" => (503, "Service Unavailable", "Try again later."),
        "unsupported_media_type" => (415, "Unsupported Media Type", "The media type is not supported."),
        _ => panic!("{code} is not in the table of errors"),
    };
    json!({ "type": "about:blank", "title": title, "status": status, "code": code, "detail": detail })
}

/// The exact body of a refusal that is about one member.
fn invalid(member: &str, fault: &str) -> Value {
    let mut body = problem("invalid_request");
    body["errors"] = json!({ member: fault });
    body
}

#[track_caller]
fn refused(answer: &Answer, label: &str, code: &str) {
    refused_as(answer, label, &problem(code));
}

/// Asserts the exact body, and each header of a refusal where it belongs and nowhere else.
#[track_caller]
fn refused_as(answer: &Answer, label: &str, body: &Value) {
    let status = u16::try_from(body["status"].as_u64().unwrap()).unwrap();
    answer.expect(label, status, body);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{label}");
    let expected: &[&str] = match status {
        401 => &["www-authenticate"],
        405 => &["allow"],
        429 | 503 => &["retry-after"],
        _ => &[],
    };
    assert_eq!(telling_headers(answer), expected, "{label}");
}

#[track_caller]
fn unauthenticated(answer: &Answer, label: &str, challenges: &[&str]) {
    refused(answer, label, "invalid_credentials");
    let sent: Vec<_> = answer.headers.get_all("www-authenticate").iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(sent, challenges, "{label}");
}

#[track_caller]
fn limited(answer: &Answer, label: &str, seconds: u32) {
    refused(answer, label, "rate_limited");
    assert_eq!(answer.header("retry-after"), Some(seconds.to_string().as_str()), "{label}");
}

/// Asserts status and exact body of a success, and that nothing of a refusal is about it.
#[track_caller]
fn succeeded(answer: &Answer, label: &str, status: u16, body: &Value) {
    answer.expect(label, status, body);
    assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
    assert!(telling_headers(answer).is_empty(), "{label}: {:?}", answer.headers);
}

/// The headers that belong to some refusals only, and one that belongs nowhere.
fn telling_headers(answer: &Answer) -> Vec<&'static str> {
    let mut names = vec!["access-control-allow-origin", "allow", "location", "retry-after", "www-authenticate"];
    names.retain(|name| answer.headers.contains_key(*name));
    names
}

// ---- calls

async fn log_in(world: &World, email: &str, password: &str, host: u8) -> Answer {
    let body = json!({ "email": email, "password": password });
    world.send(Call::post("/auth/login").from([192, 0, 2, host]).json(&body)).await
}

async fn rotate(world: &World, login: &str, query: &str) -> Answer {
    let call = Call::put(&format!("/users/1/apikey{query}"));
    world.send(call.header("authorization", format!("Bearer {login}"))).await
}

async fn rotated(world: &World, login: &str, query: &str) -> String {
    let answer = rotate(world, login, query).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json().as_str().unwrap().to_owned()
}

async fn whoami(world: &World, key: &str) -> Answer {
    world.send(Call::get("/auth/whoami").header("x-api-key", key)).await
}

/// Shows the demo request to a payment page.
async fn show(world: &World, token: &str) -> Answer {
    world.send(Call::get(REQUEST).header("x-checkout-token", token)).await
}

async fn create(world: &World, key: &str) -> i64 {
    create_on(world, ListenerMode::Test, key).await
}

async fn create_on(world: &World, listener: ListenerMode, key: &str) -> i64 {
    let call = Call::post("/payment-requests").on(listener).raw_json(SMALL);
    let answer = world.send(call.header("x-api-key", key)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_i64().unwrap()
}

async fn mint(world: &World, key: &str, id: i64) -> String {
    mint_on(world, ListenerMode::Test, key, id).await
}

async fn mint_on(world: &World, listener: ListenerMode, key: &str, id: i64) -> String {
    let call = Call::post(&format!("/payment-requests/{id}/checkout-session")).on(listener);
    let answer = world.send(call.header("x-api-key", key)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["token"].as_str().unwrap().to_owned()
}

async fn pay(world: &World, (header, credential): (&str, &str), id: i64, token: &str) -> Answer {
    let call = Call::post(&format!("/payment-requests/{id}/payments")).header(header, credential);
    world.send(call.json(&json!({ "method": "card", "paymentToken": token }))).await
}

async fn state(world: &World, key: &str, id: i64) -> String {
    let call = Call::get(&format!("/payment-requests/{id}/status")).header("x-api-key", key);
    world.send(call).await.json()["status"].as_str().unwrap().to_owned()
}

async fn eighty_eight_pay_token(world: &World) -> String {
    let call = Call::post("/api/auth/token").header("x-api-key", world.text("/88pay/api_key_test"));
    let answer = world.send(call.header("x-merchant-id", world.text("/merchant_id_test"))).await;
    answer.json()["data"]["access_token"].as_str().unwrap().to_owned()
}

/// Sends this many calls on several threads and answers in the order of their numbers.
async fn at_once(world: &Arc<World>, calls: u8, make: impl Fn(u8) -> Call) -> Vec<Answer> {
    let mut running = JoinSet::new();
    for number in 0..calls {
        let (world, call) = (Arc::clone(world), make(number));
        running.spawn(async move { (number, world.send(call).await) });
    }
    let mut answers = running.join_all().await;
    answers.sort_unstable_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

// ---- behind the calls

/// A further key of the demo merchant.
async fn issue(world: &World, mode: Mode, scopes: &str) -> String {
    world.issue_key(&world.merchant_id(), None, KeyFamily::CAIBO, mode, scopes).await
}

async fn demo_user(world: &World) -> User {
    let id = UserId::parse(&world.text("/panel/user_id")).unwrap();
    world.services.vault.user(id).await.unwrap().unwrap()
}

/// Changes the demo user, as the operator would.
async fn change_user(world: &World, change: impl FnOnce(&mut User)) {
    let mut user = demo_user(world).await;
    change(&mut user);
    world.services.vault.update_user(&user).await.unwrap();
    world.services.records.forget_user(user.id);
}

/// A payment request of another merchant, in test mode.
async fn foreign_request(world: &World) -> i64 {
    let merchants = world.services.vault.merchants().await.unwrap();
    let other = merchants.into_iter().find(|merchant| merchant.id != world.merchant_id()).unwrap();
    let unit = Currency::parse("EUR").unwrap();
    let new = NewPaymentRequest {
        merchant: other.id,
        mode: Mode::Test,
        amount: Amount::parse("1", unit).unwrap(),
        unit,
        reference_id: None,
        notify_url: None,
        success_url: None,
        failure_url: None,
        origin_domain: None,
        client: None,
        created_at: world.now(),
    };
    let render = |made: &PaymentRequest| Answered { status: 201, body: made.id.to_string() };
    match world.services.vault.create_payment_request(new, None, &render).await.unwrap() {
        Created::New(answer) => answer.body.parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn id_of(key: &str) -> KeyId {
    KeyFamily::CAIBO.format.parse(key).unwrap().id()
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

/// A part of a token: 0 is the header, 1 the claims.
#[track_caller]
fn part(token: &str, index: usize) -> Value {
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[index]).unwrap()).unwrap()
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(swap).collect()
}
