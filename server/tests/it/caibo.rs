//! The Caibo dialect as its clients meet it: panel login, keys, payment requests, checkout tokens, payments.

mod api_key;
mod checkout_session;
mod checkout_token;
mod login;
mod payment_requests;
mod payments;
mod whoami;

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tollgate::account::{KeyFamily, User, UserId};
use tollgate::auth::ListenerMode;
use tollgate::payments::{Amount, Currency, NewPaymentRequest, PaymentRequest};
use tollgate::storage::{Answered, Created};
use tollgate_apikey::{KeyId, Mode};

use super::world::{Answer, Call, World};

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

/// A further key of the demo merchant.
async fn issue(world: &World, mode: Mode, scopes: &str) -> String {
    world.issue_key(&world.merchant_id(), None, KeyFamily::CAIBO, mode, scopes).await
}

async fn demo_user(world: &World) -> User {
    let id = UserId::parse(&world.text("/panel/user_id")).unwrap();
    world.services.vault.user(id).await.unwrap().unwrap()
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

/// A part of a token: 0 is the header, 1 the claims.
#[track_caller]
fn part(token: &str, index: usize) -> Value {
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[index]).unwrap()).unwrap()
}
