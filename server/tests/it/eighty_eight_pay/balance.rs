//! The balance, and what no caller reaches.

use serde_json::json;
use tollgate_apikey::Mode;

use super::{
    Account, BALANCE, CHARGES, NO_KEY, TOKEN, charge, demo, error, expect_quota, issue, listener_of, second_merchant,
};
use crate::world::{Call, T0, world};

#[tokio::test]
async fn the_balance_is_the_callers_own() {
    let world = world().await;
    let other = second_merchant(&world).await;
    let key = issue(&world, &other, Mode::Test, "balance:read").await;
    let other = Account { key, id: other.in_mode(Mode::Test), mode: Mode::Test };
    let table = [
        ("test", demo(&world, Mode::Test), "COP", "1500000.00"),
        ("live", demo(&world, Mode::Live), "COP", "1500000.00"),
        ("another merchant", other, "PEN", "7.50"),
    ];
    for (label, account, currency, available) in table {
        let pair = account.buy(&world).await;
        let on = listener_of(account.mode);
        let answer = world.send(pair.balance().on(on)).await;
        let data = json!({ "currency": currency, "available": available });
        answer.expect(
            label,
            200,
            &json!({ "status": "Success", "code": 200, "message": "Balance retrieved", "data": data }),
        );
        assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
        expect_quota(label, &answer, (60, 59, T0 + 60));
        let head = world.send(pair.sign(Call::method("HEAD", BALANCE)).on(on)).await;
        assert_eq!(head.status, 200, "{label}: HEAD counts as GET");
        expect_quota(label, &head, (60, 58, T0 + 60));
    }
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_refused_before_the_credential() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let problem = json!({ "type": "about:blank", "title": "Not Found", "status": 404, "code": "not_found", "detail": "Not found." });
    let absent = error(404, "Not found");
    let table = [
        ("GET", "/api/transactions/", &absent),
        ("POST", "/api/transactions/charges/", &absent),
        ("GET", "/api/transactions/charges/chg_000001", &absent),
        ("POST", "/api/transactions/Charges", &absent),
        // A trailing slash or another case is another path, and belongs to no dialect.
        ("GET", "/api/transactions", &problem),
        ("POST", "/api/auth/token/", &problem),
        ("POST", "/api/auth/Token", &problem),
        ("GET", "/api/balance/", &problem),
    ];
    for (method, path, body) in table {
        let answer = world.send(Call::method(method, path)).await;
        answer.expect(path, 404, body);
        let named = world.send(account.sign(pair.sign(Call::method(method, path)))).await;
        assert_eq!(named.comparable(), answer.comparable(), "{path}");
    }
    let table = [
        ("GET", TOKEN, "POST"),
        ("PUT", TOKEN, "POST"),
        ("OPTIONS", TOKEN, "POST"),
        ("GET", CHARGES, "POST"),
        ("DELETE", CHARGES, "POST"),
        ("POST", BALANCE, "GET,HEAD"),
        ("PATCH", BALANCE, "GET,HEAD"),
    ];
    for (method, path, allow) in table {
        let label = format!("{method} {path}");
        let answer = world.send(Call::method(method, path)).await;
        answer.expect(&label, 405, &error(405, "Method not allowed"));
        assert_eq!(answer.header("allow"), Some(allow), "{label}");
        let named = world.send(account.sign(pair.sign(Call::method(method, path)))).await;
        assert_eq!(named.comparable(), answer.comparable(), "{label}");
    }
    expect_quota("nothing was debited", &world.send(pair.balance()).await, (60, 59, T0 + 60));
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_said_and_nothing_passes() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    world.services.close().await;
    let table = [
        ("a key that must be looked up", demo(&world, Mode::Live).ask(), None),
        ("a balance", pair.balance(), Some("60")),
        ("a charge", pair.charge(&charge()), Some("60")),
        ("a charge with a key", pair.charge(&charge()).header("idempotency-key", "k"), Some("60")),
    ];
    for (label, call, limit) in table {
        let answer = world.send(call).await;
        answer.expect(label, 503, &error(503, "Service unavailable"));
        assert_eq!(answer.header("retry-after"), Some("1"), "{label}");
        assert_eq!(answer.header("x-ratelimit-limit"), limit, "{label}");
        assert_eq!(answer.header("www-authenticate"), None, "{label}");
    }
    world.send(Call::post(TOKEN)).await.expect("no key", 401, &error(401, NO_KEY));
    world.send(pair.charge(&json!({}))).await.expect("a bad body", 400, &error(400, "Invalid request"));
}
