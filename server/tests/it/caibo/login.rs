//! Logging in to the panel.

use std::time::Duration;

use serde_json::json;
use tollgate::account::{EmailAddress, User};
use tollgate::auth::ListenerMode;

use super::{
    PANEL, demo_user, invalid, limited, log_in, part, refused, refused_as, rotate, succeeded, unauthenticated,
};
use crate::hang_up;
use crate::world::{Call, SANDBOX, T0, World, world};

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

/// Sends a login and hangs up as soon as it waits for its answer.
async fn hang_up(world: &World, email: &str, password: &str, host: u8) {
    let answer = hang_up::after(1, log_in(world, email, password, host)).await;
    assert!(answer.is_none(), "a hash takes longer than one look");
}

#[tokio::test]
async fn a_login_whose_caller_hangs_up_reaches_its_verdict() {
    let world = world().await;
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    for _ in 0..5 {
        hang_up(&world, &email, "wrong", 1).await;
    }
    limited(&log_in(&world, &email, &password, 1).await, "wrong ones are no free guesses", 900);
    for _ in 0..5 {
        hang_up(&world, &email, &password, 2).await;
    }
    // As many hashes again, and those before are through.
    for n in 0..16 {
        unauthenticated(&log_in(&world, &format!("user{n}@demo-shop.example"), "wrong", 3).await, "behind them", PANEL);
    }
    assert_eq!(log_in(&world, &email, &password, 2).await.status, 200, "right ones lock nobody out");
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

/// Changes the demo user, as the operator would.
async fn change_user(world: &World, change: impl FnOnce(&mut User)) {
    let mut user = demo_user(world).await;
    change(&mut user);
    world.services.vault.update_user(&user).await.unwrap();
    world.services.records.forget_user(user.id);
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(swap).collect()
}
