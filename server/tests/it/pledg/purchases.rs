//! A person's e-mail and password.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate::account::{EmailAddress, User};
use tollgate::payments::CallKey;
use tollgate_apikey::Mode;
use zeroize::Zeroizing;

use super::{
    DASHBOARD, FORM, basic, bearer, credentials, demo, expect_401, malformed, peer, person, purchase, release,
    second_merchant, user,
};
use crate::world::{Call, World, world};

#[tokio::test]
async fn an_authorized_purchase_is_released_once_and_for_all() {
    let world = world().await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    let released = json!({ "uid": uid, "status": "released" });
    world.send(release(&uid, &email, &password)).await.expect("first", 200, &released);
    world.send(release(&uid, &email, &password)).await.expect("again", 200, &released);

    let state = json!({ "error": "invalid_state", "error_description": "The purchase is not in a fitting state." });
    for status in ["open", "completed", "cancelled"] {
        let uid = purchase(&world, &world.merchant_id(), Mode::Test, status).await;
        world.send(release(&uid, &email, &password)).await.expect(status, 409, &state);
    }
    let other = second_merchant(&world).await;
    let missing = json!({ "error": "not_found", "error_description": "Not found." });
    let table = [
        ("another merchant's", purchase(&world, &other, Mode::Test, "authorized").await),
        ("of the other mode", purchase(&world, &world.merchant_id(), Mode::Live, "authorized").await),
        ("nobody's", "pur_5b0c3a1e-2f60-4a39-8a0b-7f0e6f3f9d10".to_owned()),
        ("another spelling", uid.to_ascii_uppercase()),
        ("an escape", format!("%70{}", &uid[1..])),
    ];
    for (label, uid) in &table {
        world.send(release(uid, &email, &password)).await.expect(label, 404, &missing);
        let credit = credit(&world, uid, &json!({ "amount_cents": 1 }));
        world.send(credit).await.expect(label, 404, &missing);
    }
    let live = release(&table[1].1, &email, &password).live();
    assert_eq!(world.send(live).await.status, 200, "a person has no mode");
}

#[tokio::test]
async fn credits_never_exceed_the_purchase() {
    let world = world().await;
    let uid = world.text("/pledg/purchase_uid");
    let booked = |amount: i64, sum: i64| json!({ "uid": uid, "amount_cents": amount, "credited_amount_cents": sum });
    let ask = |amount: i64| credit(&world, &uid, &json!({ "amount_cents": amount, "note": "ignored" }));
    world.send(ask(2_500)).await.expect("part", 200, &booked(2_500, 2_500));
    world.send(ask(10_401)).await.expect("a cent too much", 400, &malformed());
    world.send(ask(10_400)).await.expect("the rest", 200, &booked(10_400, 12_900));
    world.send(ask(1)).await.expect("nothing is left", 400, &malformed());

    let table = [
        ("absent", "{}"),
        ("zero", "{\"amount_cents\":0}"),
        ("negative", "{\"amount_cents\":-1}"),
        ("fraction", "{\"amount_cents\":1.0}"),
        ("exponent", "{\"amount_cents\":1e2}"),
        ("text", "{\"amount_cents\":\"1\"}"),
        ("null", "{\"amount_cents\":null}"),
        ("overflow", "{\"amount_cents\":9223372036854775807}"),
        ("beyond any integer", "{\"amount_cents\":99999999999999999999999}"),
        ("twice", "{\"amount_cents\":1,\"amount_cents\":1}"),
        ("an array", "[1]"),
        ("not JSON", "amount_cents=1"),
    ];
    for (label, body) in table {
        world.send(person(&world, &credit_path(&uid)).raw_json(body)).await.expect(label, 400, &malformed());
    }
    let form = person(&world, &credit_path(&uid)).header("content-type", FORM).body("amount_cents=1");
    let media = json!({ "error": "unsupported_media_type", "error_description": "The media type is not supported." });
    world.send(form).await.expect("a form", 415, &media);
    let huge = person(&world, &credit_path(&uid)).raw_json(format!("{{\"x\":\"{}\"}}", "x".repeat(70_000)));
    let large = json!({ "error": "payload_too_large", "error_description": "The body is too large." });
    world.send(huge).await.expect("a huge body", 413, &large);
    let cancelled = purchase(&world, &world.merchant_id(), Mode::Test, "cancelled").await;
    assert_eq!(world.send(credit(&world, &cancelled, &json!({ "amount_cents": 1 }))).await.status, 409);
}

#[tokio::test]
async fn a_repeated_credit_is_booked_once() {
    let world = world().await;
    let uid = world.text("/pledg/purchase_uid");
    let other = purchase(&world, &world.merchant_id(), Mode::Test, "authorized").await;
    let ask = |uid: &str, amount: i64, key: &str| {
        credit(&world, uid, &json!({ "amount_cents": amount })).header("idempotency-key", key)
    };
    let first = world.send(ask(&uid, 100, "k1")).await;
    first.expect("first", 200, &json!({ "uid": uid, "amount_cents": 100, "credited_amount_cents": 100 }));
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = world.send(ask(&uid, 100, "k1")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let mismatch =
        json!({ "error": "idempotency_mismatch", "error_description": "The key was used with another body." });
    world.send(ask(&uid, 101, "k1")).await.expect("another body", 422, &mismatch);
    world.send(ask(&other, 100, "k1")).await.expect("another purchase", 422, &mismatch);
    world.send(ask(&uid, 0, "k1")).await.expect("another body that is no credit either", 422, &mismatch);
    world.send(ask(&uid, 100, "")).await.expect("empty key", 400, &malformed());
    let next = world.send(ask(&uid, 100, "k2")).await;
    assert_eq!(next.json()["credited_amount_cents"], 200, "another key is another credit");

    let running = world.services.in_flight.enter(CallKey {
        merchant: world.merchant_id(),
        mode: Mode::Test,
        route: "POST /api/purchases/{purchase_uid}/credit_by_transfer",
        key: "k3".to_owned(),
    });
    let busy = json!({ "error": "request_in_progress", "error_description": "The first request is still running." });
    world.send(ask(&uid, 100, "k3")).await.expect("the first still runs", 409, &busy);
    drop(running);
    assert_eq!(world.send(ask(&uid, 100, "k3")).await.status, 200);
}

#[tokio::test]
async fn credits_side_by_side_do_not_exceed_the_purchase() {
    let world = Arc::new(world().await);
    let uid = world.text("/pledg/purchase_uid");
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let (world, call) = (world.clone(), credit(&world, &uid, &json!({ "amount_cents": 2_500 })));
            tokio::spawn(async move { world.send(call).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 5], [400; 5]].concat(), "12 900 holds five times 2 500, and one hash serves all ten");
}

#[tokio::test]
async fn every_person_that_may_not_gets_the_same_bytes() {
    let world = world().await;
    let own = world.merchant_id();
    let (email, password) = credentials(&world);
    let plain = user(&world, &own, "plain@demo-shop.example", "pw-plain").await;
    change(&world, &plain, |user| user.api_basic = false).await;
    let disabled = user(&world, &own, "disabled@demo-shop.example", "pw-disabled").await;
    change(&world, &disabled, |user| user.disabled = true).await;
    let pair = demo(&world);
    let token = pair.buy(&world).await;
    let table = [
        ("wrong password", basic(email.as_str(), "wrong")),
        ("unknown address", basic("nobody@demo-shop.example", &password)),
        ("without the permission", basic(plain.email.as_str(), "pw-plain")),
        ("disabled", basic(disabled.email.as_str(), "pw-disabled")),
        ("a client's pair", pair.header()),
        ("an access token", format!("Bearer {token}")),
        ("a token as password", basic(email.as_str(), &token)),
        ("no address", basic("owner", &password)),
        ("endless address", basic(&format!("{}@x.example", "a".repeat(300)), &password)),
        ("endless password", basic(email.as_str(), &"p".repeat(1_025))),
        ("garbage", "Basic x".to_owned()),
    ];
    let path = format!("/api/purchases/{}/release", world.text("/pledg/purchase_uid"));
    let reference = world.send(Call::post(&path).from([203, 0, 113, 1])).await;
    expect_401("nothing", &reference, "invalid_client", DASHBOARD);
    for (n, (label, authorization)) in table.into_iter().enumerate() {
        let call = Call::post(&path).from(peer(n)).header("authorization", authorization);
        assert_eq!(world.send(call).await.comparable(), reference.comparable(), "{label}");
    }
    let twice = person(&world, &path).header("authorization", basic("a@b", "c"));
    world.send(twice).await.expect("twice", 400, &malformed());
    assert_eq!(world.send(release(&world.text("/pledg/purchase_uid"), &email, &password)).await.status, 200);
}

#[tokio::test]
async fn a_user_half_without_an_at_sign_costs_no_password_attempt() {
    let world = world().await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    // Within the limit on failures of any kind, and beyond the one on passwords of an account.
    for n in 0..29 {
        let call = Call::post(&format!("/api/purchases/{uid}/release")).header("authorization", basic("owner", "x"));
        expect_401(&format!("call {n}"), &world.send(call).await, "invalid_client", DASHBOARD);
    }
    assert_eq!(world.send(release(&uid, &email, &password)).await.status, 200);
}

#[tokio::test]
async fn the_right_password_waits_after_five_wrong_ones() {
    let world = world().await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    assert_eq!(world.send(release(&uid, &email, &password)).await.status, 200);
    for n in 0..5 {
        let answer = world.send(release(&uid, &email, "wrong")).await;
        expect_401(&format!("failure {n}"), &answer, "invalid_client", DASHBOARD);
    }
    let limited = json!({ "error": "rate_limited", "error_description": "Too many requests." });
    let answer = world.send(release(&uid, &email, &password)).await;
    answer.expect("right, and right a moment ago", 429, &limited);
    assert_eq!(answer.header("retry-after"), Some("900"));
    let elsewhere = release(&uid, &email, &password).from([203, 0, 113, 7]);
    assert_eq!(world.send(elsewhere).await.status, 200, "another address is not held up");
    world.advance(900);
    assert_eq!(world.send(release(&uid, &email, &password)).await.status, 200);
}

#[tokio::test]
async fn a_right_header_is_remembered_for_less_than_five_seconds() {
    type Change = fn(&mut User);
    let world = world().await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    let ask = || release(&uid, &email, &password);
    let stored = world.services.vault.user_by_email(&email).await.unwrap().unwrap();
    assert_eq!(world.send(ask()).await.status, 200);
    // The hash is exchanged behind the server's back: only what is remembered still passes.
    let other = Zeroizing::new(b"another".to_vec());
    let hash = world.services.passwords.hash(other, &world.services.rng).await.unwrap();
    world.services.vault.update_user(&User { password_hash: hash.clone(), ..stored.clone() }).await.unwrap();
    world.advance(4);
    assert_eq!(world.send(ask()).await.status, 200, "remembered");
    world.advance(1);
    expect_401("forgotten", &world.send(ask()).await, "invalid_client", DASHBOARD);

    // A change that counts, counts at once.
    world.services.vault.update_user(&stored).await.unwrap();
    let table: [(&str, Change); 3] = [
        ("generation", |user| user.generation += 1),
        ("disabled", |user| user.disabled = true),
        ("permission", |user| user.api_basic = false),
    ];
    for (label, edit) in table {
        world.services.vault.update_user(&stored).await.unwrap();
        world.services.records.forget_user(stored.id);
        world.advance(900);
        assert_eq!(world.send(ask()).await.status, 200, "{label}");
        let changed = User { password_hash: hash.clone(), ..stored.clone() };
        change(&world, &changed, edit).await;
        expect_401(label, &world.send(ask()).await, "invalid_client", DASHBOARD);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_wrong_passwords_leaves_the_token_routes_alone() {
    let world = Arc::new(world().await);
    let token = demo(&world).buy(&world).await;
    let calls: Vec<_> = (0..40)
        .map(|n| {
            let world = world.clone();
            let email = EmailAddress::new(&format!("user{n}@demo-shop.example")).unwrap();
            tokio::spawn(async move { world.send(release("pur_x", &email, "wrong")).await })
        })
        .collect();
    assert_eq!(world.send(bearer(&token)).await.status, 200);
    for call in calls {
        let answer = call.await.unwrap();
        assert!(matches!(answer.status.as_u16(), 401 | 429 | 503), "{}", answer.text());
        assert!(answer.status == 401 || answer.header("retry-after").is_some());
    }
    assert_eq!(world.send(bearer(&token)).await.status, 200);
}

async fn change(world: &World, user: &User, edit: impl FnOnce(&mut User)) {
    let mut user = user.clone();
    edit(&mut user);
    world.services.vault.update_user(&user).await.unwrap();
    world.services.records.forget_user(user.id);
}

fn credit_path(uid: &str) -> String {
    format!("/api/purchases/{uid}/credit_by_transfer")
}

fn credit(world: &World, uid: &str, body: &Value) -> Call {
    person(world, &credit_path(uid)).json(body)
}
