//! Making and replacing keys in the panel.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use tollgate::account::{EmailAddress, KeyFamily, MerchantStatus, User};
use tollgate::auth::ListenerMode;
use tollgate_apikey::Mode;
use tollgate_client_address::IpList;

use super::{
    KEY, KEY_OR_TOKEN, PANEL, STRANGE_TOKEN, at_once, demo_user, invalid, mint, part, refused, refused_as, rotate,
    rotated, show, succeeded, unauthenticated, whoami,
};
use crate::world::{Call, T0, World, world};

/// Names and values.
type Headers<'h> = Vec<(&'h str, String)>;

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
    for attempt in 0..40 {
        assert_eq!(world.send(other("4711")).await.status, 403, "refused call {attempt}: no quota is spent");
    }
    assert_eq!(whoami(&world, &world.text("/caibo/api_key_test")).await.status, 200, "nothing was replaced");
    assert_eq!(world.send(other("1")).await.status, 200, "the own key is still made");
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
    world.advance(301);
    world.set_merchant(MerchantStatus::PendingKyc, IpList::unrestricted()).await;
    refused(&ask(ListenerMode::Live, &again, "").await, "the merchant's status first", "account_not_verified");
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

async fn eighty_eight_pay_token(world: &World) -> String {
    let call = Call::post("/api/auth/token").header("x-api-key", world.text("/88pay/api_key_test"));
    let answer = world.send(call.header("x-merchant-id", world.text("/merchant_id_test"))).await;
    answer.json()["data"]["access_token"].as_str().unwrap().to_owned()
}
