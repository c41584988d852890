//! Caibo.

use serde_json::json;
use tollgate::account::{EmailAddress, KeyFamily};
use tollgate::auth::ListenerMode::{Live, Test};
use tollgate_apikey::{KeyId, Mode};

use super::{Refusal, Tokens, bearer, expect_alike, expect_rows, forged, issue, let_expire, revoke, touched};
use crate::world::{Call, World, world};

const FAMILY: KeyFamily = KeyFamily::CAIBO;
const SCOPES: &str = "checkout_sessions:write payment_requests:read payment_requests:write";
const MINT: &str = "/payment-requests/1/checkout-session";
const KEY: &str = "ApiKey realm=\"caibo\"";
const TOKEN: &str = "CheckoutToken realm=\"caibo\"";
const PANEL: &str = "Bearer realm=\"caibo-panel\"";

fn problem(status: u16, title: &str, code: &str, detail: &str) -> Refusal {
    let body = json!({ "type": "about:blank", "title": title, "status": status, "code": code, "detail": detail });
    Refusal { status, headers: vec![("content-type", "application/problem+json")], body }
}

fn unauthenticated(challenges: &[&'static str]) -> Refusal {
    let refusal = problem(401, "Unauthorized", "invalid_credentials", "Authentication failed.");
    challenges.iter().fold(refusal, |refusal, challenge| refusal.and("www-authenticate", challenge))
}

fn denied() -> Refusal {
    problem(403, "Forbidden", "scope_denied", "The credential does not permit this request.")
}

/// Every route that takes a key, and how it refuses one that is not good.
fn key_routes() -> Vec<(&'static str, &'static str, Refusal)> {
    let (key, either) = (unauthenticated(&[KEY]), unauthenticated(&[KEY, TOKEN]));
    vec![
        ("GET", "/auth/whoami", key.clone()),
        ("POST", "/payment-requests", key.clone()),
        ("POST", MINT, key),
        ("GET", "/payment-requests/1", either.clone()),
        ("GET", "/payment-requests/1/status", either.clone()),
        ("POST", "/payment-requests/1/payments", either),
    ]
}

async fn mint(world: &World, key: &str) -> String {
    world.send(Call::post(MINT).header("x-api-key", key)).await.member("token")
}

#[tokio::test]
async fn every_fault_of_a_key_looks_alike_on_every_route() {
    let world = world().await;
    let (revoked, revoked_id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    revoke(&world, revoked_id).await;
    let (expired, expired_id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    let_expire(&world, expired_id).await;
    let (good, id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    let key = |text: &str| vec![("x-api-key", text.to_owned())];
    let (head, last) = good.split_at(good.len() - 1);
    let faults = [
        ("missing", Test, vec![]),
        ("blank", Test, key(&format!("{good} "))),
        ("quotes", Test, key(&format!("\"{good}\""))),
        ("escaped line end", Test, key(&format!("{good}\\n"))),
        ("wrong CRC", Test, key(&format!("{head}{}", if last == "0" { "1" } else { "0" }))),
        ("other dialect's prefix", Test, key(&world.text("/88pay/api_key_test"))),
        ("unknown", Test, key(&forged(FAMILY, KeyId::parse("000000000000").unwrap(), Mode::Test))),
        ("wrong secret", Test, key(&forged(FAMILY, id, Mode::Test))),
        ("other mode", Test, key(&world.text("/caibo/api_key_live"))),
        ("expired", Test, key(&expired)),
        ("revoked", Test, key(&revoked)),
    ];
    expect_alike(&world, &key_routes(), &faults).await;
    assert_eq!(world.send(Call::get("/auth/whoami").header("x-api-key", good)).await.status, 200);
}

#[tokio::test]
async fn a_bad_checkout_token_is_not_helped_by_a_good_key_on_any_route() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let expired = mint(&world, &key).await;
    world.advance(900);
    let (dead, dead_id) = issue(&world, FAMILY, Mode::Test, SCOPES).await;
    let revoked = mint(&world, &dead).await;
    revoke(&world, dead_id).await;
    let with = |token: &str| vec![("x-checkout-token", token.to_owned()), ("x-api-key", key.clone())];
    let faults = [
        ("malformed", Test, with("x")),
        ("unknown", Test, with(&"A".repeat(43))),
        ("a key", Test, with(&key)),
        ("expired", Test, with(&expired)),
        ("revoked", Test, with(&revoked)),
    ];
    let mut routes = key_routes();
    routes.push(("PUT", "/users/1/apikey", unauthenticated(&[PANEL])));
    expect_alike(&world, &routes, &faults).await;
    assert_eq!(world.send(Call::get("/payment-requests/1").header("x-api-key", key)).await.status, 200);
}

#[tokio::test]
async fn every_fault_of_a_login_looks_alike() {
    let world = world().await;
    let expired = world.log_in(Test).await;
    world.advance(1800);
    let tokens = Tokens::buy(&world).await;
    let live = world.log_in(Live).await;
    let good = tokens.panel.as_str();
    let (wrong, unknown) = touched(good);
    let faults = [
        ("missing", Test, vec![]),
        ("malformed", Test, bearer("x")),
        ("unknown key name", Test, bearer(&unknown)),
        ("wrong signature", Test, bearer(&wrong)),
        ("of the other listener", Test, bearer(&live)),
        ("expired", Test, bearer(&expired)),
        ("88Pay token", Test, bearer(&tokens.session)),
        ("Pledg token", Test, bearer(&tokens.pledg)),
        ("Alternative token", Test, bearer(&tokens.access)),
        ("checkout token", Test, bearer(&tokens.checkout)),
    ];
    let path = "/users/1/apikey";
    expect_alike(&world, &[("PUT", path, unauthenticated(&[PANEL]))], &faults).await;
    let call = || Call::put(path).header("authorization", format!("Bearer {good}"));
    assert_eq!(world.send(call()).await.status, 200);
    let user = EmailAddress::new(&world.text("/panel/email")).unwrap();
    let mut user = world.services.vault.user_by_email(&user).await.unwrap().unwrap();
    user.generation += 1;
    world.services.vault.update_user(&user).await.unwrap();
    world.services.records.forget_user(user.id);
    expect_rows(&world, vec![("revoked by a new generation", call(), unauthenticated(&[PANEL]))]).await;
}

#[tokio::test]
async fn what_caibo_must_refuse() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let token = mint(&world, &key).await;
    let login = world.log_in(Test).await;
    let page = |call: Call| call.header("x-checkout-token", &token);
    let shop = |call: Call| call.header("x-api-key", &key);
    let panel = |id: &str| Call::put(&format!("/users/{id}/apikey"));
    let body = json!({ "amount": 49.9, "unit": "EUR" });
    let made = world.send(shop(Call::post("/payment-requests")).json(&body)).await.json()["id"].to_string();
    let pay = json!({ "method": "card", "paymentToken": "tok_test_visa" });
    let paid = world.send(shop(Call::post(&format!("/payment-requests/{made}/payments"))).json(&pay)).await;
    assert_eq!(paid.json()["status"], "paid");
    let ambiguous = || problem(400, "Bad Request", "ambiguous_path", "The path is ambiguous.");
    let is_final = problem(409, "Conflict", "payment_request_final", "The payment request is final.");
    expect_rows(
        &world,
        vec![
            ("token on mint", page(Call::post(MINT)), denied()),
            ("token on create", page(Call::post("/payment-requests")).json(&body), denied()),
            ("token on whoami", page(Call::get("/auth/whoami")), denied()),
            ("token on PUT apikey", page(panel("1")), denied()),
            ("token with another id", page(Call::get(&format!("/payment-requests/{made}"))), denied()),
            ("another user's key", panel("2").header("authorization", format!("Bearer {login}")), denied()),
            ("a key without a login", panel("1"), unauthenticated(&[PANEL])),
            (
                "mint for a final request",
                shop(Call::post(&format!("/payment-requests/{made}/checkout-session"))),
                is_final,
            ),
            (
                "mint for a foreign request",
                shop(Call::post("/payment-requests/999/checkout-session")),
                problem(404, "Not Found", "not_found", "Not found."),
            ),
            ("two slashes", page(Call::get("//payment-requests/1")), ambiguous()),
            ("escaped dots", page(Call::get("/payment-requests/%31%2e%2e")), ambiguous()),
            ("a leading zero", page(Call::get("/payment-requests/01")), denied()),
        ],
    )
    .await;
}
