//! 88Pay.

use serde_json::{Value, json};
use tollgate::account::KeyFamily;
use tollgate::auth::ListenerMode::{self, Live, Test};
use tollgate_apikey::Mode;

use super::{Headers, Refusal, Tokens, expect_alike, expect_rows, forged, issue, let_expire, revoke, touched};
use crate::world::{Call, World, world};

const FAMILY: KeyFamily = KeyFamily::EIGHTY_EIGHT_PAY;
const SCOPES: &str = "balance:read charges:write";
const NO_KEY: &str = "Invalid API key or merchant ID";

fn refusal(status: u16, message: &str) -> Refusal {
    let body = json!({ "status": "Error", "code": status, "message": message });
    Refusal { status, headers: vec![("content-type", "application/json")], body }
}

fn no_key() -> Refusal {
    refusal(401, NO_KEY).and("www-authenticate", "ApiKey realm=\"88pay\"")
}

fn bare() -> Refusal {
    refusal(401, "Unauthorized").and("www-authenticate", "Bearer realm=\"88pay\"")
}

fn bad_token() -> Refusal {
    refusal(401, "Unauthorized").and("www-authenticate", "Bearer realm=\"88pay\", error=\"invalid_token\"")
}

/// Token and session id.
type Pair = (String, String);

async fn buy(world: &World, listener: ListenerMode, key: &str, id: &str) -> Pair {
    let call = Call::post("/api/auth/token").on(listener).header("x-api-key", key).header("x-merchant-id", id);
    let data = world.send(call).await.json()["data"].clone();
    let text = |name: &str| data[name].as_str().unwrap_or_else(|| panic!("{name}: {data}")).to_owned();
    (text("access_token"), text("session_id"))
}

fn pair(token: &str, session: &str) -> Headers {
    vec![("authorization", format!("Bearer {token}")), ("x-session-id", session.to_owned())]
}

fn balance(headers: Headers) -> Call {
    headers.into_iter().fold(Call::get("/api/balance"), |call, (name, value)| call.header(name, value))
}

#[tokio::test]
async fn every_fault_of_a_key_looks_alike() {
    let world = world().await;
    let (test, live) = (world.text("/merchant_id_test"), world.text("/merchant_id_live"));
    let (good, id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    let (other_mode, live_id) = issue(&world, FAMILY, Mode::Live, SCOPES).await;
    let (revoked, revoked_id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    revoke(&world, revoked_id).await;
    let (expired, expired_id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    buy(&world, Test, &expired, &test).await;
    let_expire(&world, expired_id).await;
    let with = |key: &str, id: &str| vec![("x-api-key", key.to_owned()), ("x-merchant-id", id.to_owned())];
    let faults = [
        ("missing", Test, vec![("x-merchant-id", test.clone())]),
        ("malformed", Test, with(&format!("{good} "), &test)),
        ("quotes", Test, with(&format!("\"{good}\""), &test)),
        ("escaped line end", Test, with(&format!("{good}\\n"), &test)),
        ("unknown", Test, with(&forged(FAMILY, live_id, Mode::Test), &test)),
        ("wrong secret", Test, with(&forged(FAMILY, id, Mode::Test), &test)),
        ("live key on the sandbox", Test, with(&other_mode, &live)),
        ("test key on the live listener", Live, with(&good, &live)),
        ("live key with a TEST id", Live, with(&other_mode, &test)),
        ("another merchant's id", Test, with(&good, "MCH-USA-TEST-4KD9P")),
        ("expired", Test, with(&expired, &test)),
        ("revoked", Test, with(&revoked, &test)),
    ];
    expect_alike(&world, &[("POST", "/api/auth/token", no_key())], &faults).await;
}

#[tokio::test]
async fn every_fault_of_a_pair_looks_alike_on_every_route() {
    let world = world().await;
    let (test, live) = (world.text("/merchant_id_test"), world.text("/merchant_id_live"));
    let (key, other_key) = (world.text("/88pay/api_key_test"), world.text("/88pay/api_key_live"));
    let expired = buy(&world, Test, &key, &test).await;
    world.advance(60);
    let (dead, dead_id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    let revoked = buy(&world, Test, &dead, &test).await;
    revoke(&world, dead_id).await;
    let good = buy(&world, Test, &key, &test).await;
    let other = buy(&world, Test, &key, &test).await;
    let of_live = buy(&world, Live, &other_key, &live).await;
    let (wrong, unknown) = touched(&good.0);
    let tokens = Tokens::buy(&world).await;
    let faults = [
        ("malformed", Test, pair("x", &good.1)),
        ("unknown key name", Test, pair(&unknown, &good.1)),
        ("wrong signature", Test, pair(&wrong, &good.1)),
        ("other mode", Test, pair(&of_live.0, &of_live.1)),
        ("expired", Test, pair(&expired.0, &expired.1)),
        ("revoked", Test, pair(&revoked.0, &revoked.1)),
        ("token A with session B", Test, pair(&good.0, &other.1)),
        ("token A with a live session", Test, pair(&good.0, &of_live.1)),
        ("upper-case UUID", Test, pair(&good.0, &good.1.to_ascii_uppercase().replace("SESS", "sess"))),
        ("no sess_", Test, pair(&good.0, &good.1[5..])),
        ("trailing blank", Test, pair(&good.0, &format!("{} ", good.1))),
        ("Pledg token", Test, pair(&tokens.pledg, &good.1)),
        ("Alternative token", Test, pair(&tokens.access, &good.1)),
        ("checkout token", Test, pair(&tokens.checkout, &good.1)),
        ("panel token", Test, pair(&tokens.panel, &good.1)),
    ];
    let routes = [("GET", "/api/balance"), ("POST", "/api/transactions/charges")];
    expect_alike(&world, &routes.map(|(method, path)| (method, path, bad_token())), &faults).await;
    let missing = [("nothing", Test, vec![]), ("session alone", Test, vec![("x-session-id", good.1.clone())])];
    expect_alike(&world, &routes.map(|(method, path)| (method, path, bare())), &missing).await;
    assert_eq!(world.send(balance(pair(&good.0, &good.1))).await.status, 200);
}

#[tokio::test]
async fn what_88pay_must_refuse() {
    let world = world().await;
    let (key, id) = (world.text("/88pay/api_key_test"), world.text("/merchant_id_test"));
    let (token, _) = buy(&world, Test, &key, &id).await;
    let row = balance(vec![("authorization", format!("Bearer {token}"))]);
    let no_session = refusal(400, "Missing required header: x-session-id");
    expect_rows(&world, vec![("no x-session-id", row, no_session)]).await;

    let key_id = KeyFamily::EIGHTY_EIGHT_PAY.format.parse(&key).unwrap().id();
    let ask = || Call::post("/api/auth/token").header("x-api-key", &key).header("x-merchant-id", &id);
    for _ in 0..9 {
        assert_eq!(world.send(ask()).await.status, 200);
    }
    let eleventh = world.send(ask()).await;
    let wait: u64 = eleventh.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    let message = "Rate limit exceeded. Please try again later.";
    let body: Value = json!({ "status": "Error", "code": 429, "message": message, "retry_after": wait });
    eleventh.expect("the eleventh call in 60 s", 429, &body);
    world.advance(60);
    revoke(&world, key_id).await;
    expect_rows(&world, vec![("revoked", ask(), no_key())]).await;
}
