//! How often a merchant may call.

use std::time::Duration;

use serde_json::json;
use tollgate::account::MerchantStatus;
use tollgate::auth::ListenerMode;
use tollgate_apikey::Mode;
use tollgate_client_address::IpList;

use super::{
    ALL_SCOPES, Account, BALANCE, Pair, TOKEN, charge, demo, error, expect_quota, id_of, issue, key_with_id, peer,
    second_merchant,
};
use crate::world::{Answer, Call, T0, world};

const TOO_MANY: &str = "Rate limit exceeded. Please try again later.";

#[tokio::test]
async fn the_eleventh_token_in_a_minute_is_refused() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    for n in 1..=10 {
        let answer = world.send(account.ask()).await;
        assert_eq!(answer.status, 200, "call {n}");
        // The first grant leaves first, so the reset does not move.
        expect_quota(&format!("call {n}"), &answer, (10, 10 - n, T0 + 60));
        if n == 1 {
            world.advance(20);
        }
    }
    for (label, advance, wait) in [("at 20 s", 0, 40), ("at 21 s", 1, 39), ("at 59 s", 38, 1)] {
        world.advance(advance);
        let answer = world.send(account.ask()).await;
        expect_limited(label, &answer, wait);
        expect_quota(label, &answer, (10, 0, T0 + 60));
        assert_eq!(answer.header("cache-control"), None, "{label}");
    }
    world.clock.advance(Duration::from_millis(800));
    expect_limited("at 59.8 s", &world.send(account.ask()).await, 1);
    world.clock.advance(Duration::from_millis(200));
    let answer = world.send(account.ask()).await;
    assert_eq!(answer.status, 200, "one grant left the window, and refused calls were not counted");
    expect_quota("at 60 s", &answer, (10, 0, T0 + 80));
    expect_limited("at 60 s, again", &world.send(account.ask()).await, 20);
}

#[tokio::test]
async fn the_hundred_and_first_token_in_an_hour_is_refused() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    for minute in 0..10 {
        for n in 0..10 {
            assert_eq!(world.send(account.ask()).await.status, 200, "minute {minute}, call {n}");
        }
        if minute < 9 {
            world.advance(60);
        }
    }
    // Both windows are full now; the longest wait counts.
    let table = [("at 540 s", 0, 3060), ("at 600 s", 60, 3000), ("at 3599 s", 2999, 1)];
    for (label, advance, wait) in table {
        world.advance(advance);
        let answer = world.send(account.ask()).await;
        expect_limited(label, &answer, wait);
        expect_quota(label, &answer, (100, 0, T0 + 3600));
    }
    world.advance(1);
    let answer = world.send(account.ask()).await;
    assert_eq!(answer.status, 200);
    expect_quota("on a tie the longer window", &answer, (100, 9, T0 + 3660));
}

#[tokio::test]
async fn token_calls_are_counted_by_merchant_and_mode() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let key = issue(&world, &world.merchant_id(), Mode::Test, "").await;
    let second_key = Account { key, ..account.clone() };
    let other = second_merchant(&world).await;
    let key = issue(&world, &other, Mode::Test, ALL_SCOPES).await;
    let other = Account { key, id: other.in_mode(Mode::Test), mode: Mode::Test };
    let pair = account.buy(&world).await;
    for n in 0..9 {
        let account = if n % 2 == 0 { &second_key } else { &account };
        assert_eq!(world.send(account.ask().from(peer(n))).await.status, 200, "call {n}");
    }
    expect_limited("first key", &world.send(account.ask()).await, 60);
    expect_limited("second key", &world.send(second_key.ask().from(peer(200))).await, 60);
    expect_quota("the other mode", &world.send(demo(&world, Mode::Live).ask()).await, (10, 9, T0 + 60));
    expect_quota("another merchant", &world.send(other.ask()).await, (10, 9, T0 + 60));
    expect_quota("balance", &world.send(pair.balance()).await, (60, 59, T0 + 60));
    expect_quota("charges", &world.send(pair.charge(&charge())).await, (60, 59, T0 + 60));
}

#[tokio::test]
async fn refused_calls_never_debit_the_merchant() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let wrong = key_with_id(id_of(&account.key), Mode::Test);
    for _ in 0..12 {
        let table = [
            (Account { key: wrong.clone(), ..account.clone() }.ask(), 401),
            (Account { id: "MCH-COL-ZZZZZ".to_owned(), ..account.clone() }.ask(), 401),
            (account.ask().header("x-api-key", "x"), 400),
            (Call::get(BALANCE).header("authorization", format!("Bearer {}", pair.token)), 400),
        ];
        for (call, status) in table {
            assert_eq!(world.send(call).await.status.as_u16(), status);
        }
    }
    world.set_merchant(MerchantStatus::Suspended, IpList::unrestricted()).await;
    for _ in 0..12 {
        assert_eq!(world.send(account.ask()).await.status, 403);
        assert_eq!(world.send(pair.balance()).await.status, 403);
    }
    world.set_merchant(MerchantStatus::Active, IpList::unrestricted()).await;
    expect_quota("token", &world.send(account.ask()).await, (10, 8, T0 + 60));
    expect_quota("balance", &world.send(pair.balance()).await, (60, 59, T0 + 60));
}

#[tokio::test]
async fn charges_and_balance_have_windows_of_their_own() {
    for charges in [true, false] {
        let world = world().await;
        let account = demo(&world, Mode::Test);
        // A body that is refused costs as much as one that is taken, and writes nothing.
        let ask = |pair: &Pair| {
            if charges { pair.charge(&json!({})) } else { pair.balance() }
        };
        let ok = if charges { 400 } else { 200 };
        let label = if charges { "charges" } else { "balance" };
        let mut pair = account.buy(&world).await;
        for n in 1..=60 {
            let answer = world.send(ask(&pair)).await;
            assert_eq!(answer.status.as_u16(), ok, "{label} {n}");
            expect_quota(&format!("{label} {n}"), &answer, (60, 60 - n, T0 + 60));
        }
        let answer = world.send(ask(&pair)).await;
        expect_limited(label, &answer, 60);
        expect_quota(label, &answer, (60, 0, T0 + 60));
        let other = if charges { pair.balance() } else { pair.charge(&json!({})) };
        expect_quota("the other bucket", &world.send(other).await, (60, 59, T0 + 60));
        expect_quota("tokens", &world.send(account.ask()).await, (10, 8, T0 + 60));
        // Scope is asked before quota, and both before the body.
        let key = issue(&world, &world.merchant_id(), Mode::Test, "").await;
        let no_scope = Account { key, ..account.clone() }.buy(&world).await;
        world.send(ask(&no_scope)).await.expect(label, 403, &error(403, "Permission denied"));

        for _ in 1..=15 {
            world.advance(60);
            pair = account.buy(&world).await;
            for _ in 0..60 {
                assert_eq!(world.send(ask(&pair)).await.status.as_u16(), ok, "{label}");
            }
        }
        world.advance(60);
        pair = account.buy(&world).await;
        for _ in 0..40 {
            assert_eq!(world.send(ask(&pair)).await.status.as_u16(), ok, "{label}");
        }
        let answer = world.send(ask(&pair)).await;
        expect_limited("the 1001st in an hour", &answer, 3600 - 960);
        expect_quota(label, &answer, (1000, 0, T0 + 3600));
    }
}

#[tokio::test]
async fn failures_are_limited_by_address_and_valid_credentials_still_pass() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let stranger = [192, 0, 2, 1];
    for n in 0..30 {
        let call = if n % 2 == 0 { Call::post(TOKEN) } else { Call::get(BALANCE) };
        assert_eq!(world.send(call.from(stranger)).await.status, 401, "failure {n}");
    }
    let failing = [
        ("no key", Call::post(TOKEN)),
        ("wrong secret", Account { key: key_with_id(id_of(&account.key), Mode::Test), ..account.clone() }.ask()),
        ("other mode", demo(&world, Mode::Live).ask().on(ListenerMode::Test)),
        ("another merchant's id", Account { id: "MCH-COL-ZZZZZ".to_owned(), ..account.clone() }.ask()),
        ("no token", Call::get(BALANCE)),
        ("bad token", Pair { token: "x".to_owned(), session: pair.session.clone() }.balance()),
        ("bad session", Pair { token: pair.token.clone(), session: "x".to_owned() }.balance()),
        ("bad token, charge", Pair { token: "x".to_owned(), session: pair.session.clone() }.charge(&charge())),
    ];
    for (label, call) in failing {
        let answer = world.send(call.from(stranger)).await;
        expect_limited(label, &answer, 60);
        assert_eq!(answer.header("www-authenticate"), None, "{label}");
        assert_eq!(answer.header("x-ratelimit-limit"), None, "{label}: no subject is known");
        assert_eq!(answer.header("x-ratelimit-reset"), None, "{label}: no subject is known");
    }
    assert_eq!(world.send(account.ask().from(stranger)).await.status, 200);
    assert_eq!(world.send(pair.balance().from(stranger)).await.status, 200);
    assert_eq!(world.send(Call::post(TOKEN).from([192, 0, 2, 2])).await.status, 401, "another address");
    world.advance(59);
    expect_limited("at 59 s", &world.send(Call::post(TOKEN).from(stranger)).await, 1);
    world.advance(1);
    assert_eq!(world.send(Call::post(TOKEN).from(stranger)).await.status, 401, "at 60 s");

    let v6 = |address: &str| Call::post(TOKEN).from([10, 0, 0, 1]).header("x-forwarded-for", address);
    for n in 0..30 {
        assert_eq!(world.send(v6(&format!("2001:db8:1:2::{n:x}"))).await.status, 401, "failure {n}");
    }
    assert_eq!(world.send(v6("2001:db8:1:2:ffff::1")).await.status, 429, "the same /64");
    assert_eq!(world.send(v6("2001:db8:1:3::1")).await.status, 401, "the next /64");
}

#[track_caller]
fn expect_limited(label: &str, answer: &Answer, wait: u64) {
    let body = json!({ "status": "Error", "code": 429, "message": TOO_MANY, "retry_after": wait });
    answer.expect(label, 429, &body);
    assert_eq!(answer.header("retry-after"), Some(wait.to_string().as_str()), "{label}");
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"), "{label}");
}
