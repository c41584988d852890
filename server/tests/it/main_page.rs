//! `GET /main`, Caibo's payment page (caibo.md §2.8): who sees which page, in which frame, and what is not logged.

use serde_json::{Value, json};
use tollgate::account::MerchantStatus;
use tollgate::auth::ListenerMode;
use tollgate_client_address::{Cidr, IpList};

use super::leaks::Log;
use super::world::{Answer, Call, World, world};

const ORIGIN: &str = "https://shop.example";
const SELF_ONLY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                         form-action 'none'; frame-ancestors ";

#[tokio::test]
async fn a_live_token_gets_the_page_for_the_frame_of_its_shop_only() {
    let world = world().await;
    let (id, token) = session(&world, &with_origin()).await;
    let answer = open(&world, &format!("requestId={id}&token={token}")).await;
    shown(&answer, "live", 200, Some(ORIGIN));
    let html = answer.text();
    for part in
        ["Pay Demo Shop", "49.90 <span class=\"unit\">EUR</span>", "Reference cart-1009", "data-seconds=\"900\""]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(!html.contains(&token), "the page does not repeat the token");
    assert!(!html.contains("style=") && !html.contains("<style") && !html.contains("onclick"), "nothing is inline");
    assert!(html.contains("data-embedded=\"false\""));
    let answer = open(&world, &format!("requestId={id}&token={token}&embedded=true")).await;
    shown(&answer, "embedded", 200, Some(ORIGIN));
    assert!(answer.text().contains("data-embedded=\"true\""));
}

#[tokio::test]
async fn a_request_without_an_origin_is_shown_in_no_frame() {
    let world = world().await;
    let (id, token) = session(&world, &json!({ "amount": 7, "unit": "EUR" })).await;
    let answer = open(&world, &format!("requestId={id}&token={token}")).await;
    shown(&answer, "no origin", 200, None);
    assert!(answer.text().contains("data-target=\"\"") && answer.text().contains("7.00 <span"), "{}", answer.text());
}

#[tokio::test]
async fn a_live_page_offers_no_sample_method() {
    let world = world().await;
    let key = world.text("/caibo/api_key_live");
    let call = Call::post("/payment-requests").live().header("x-api-key", &key).json(&with_origin());
    let id = world.send(call).await.json()["id"].as_i64().unwrap();
    let path = format!("/payment-requests/{id}/checkout-session");
    let session = world.send(Call::post(&path).live().header("x-api-key", &key)).await.json();
    let page = format!("/main?requestId={id}&token={}", session["token"].as_str().unwrap());
    let answer = world.send(Call::get(&page).live()).await;
    shown(&answer, "live mode", 200, Some(ORIGIN));
    let html = answer.text();
    assert!(html.contains("takes no payments here yet") && !html.contains("tok_test"), "{html}");
    assert!(!html.contains("Test mode"), "{html}");
    neutral(&world, &world.send(Call::get(&page)).await, "a live token on the test listener").await;
}

#[tokio::test]
async fn head_answers_as_get_does_without_the_page() {
    let world = world().await;
    let (id, token) = session(&world, &with_origin()).await;
    let path = format!("/main?requestId={id}&token={token}");
    let head = world.send(Call::method("HEAD", &path)).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    let get = world.send(Call::get(&path)).await;
    let headers = |answer: &Answer| {
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        headers
    };
    assert_eq!(headers(&head), headers(&get));
}

#[tokio::test]
async fn a_token_that_died_within_a_day_still_shows_whose_page_it_was() {
    let world = world().await;
    let (id, token) = session(&world, &with_origin()).await;
    let path = format!("requestId={id}&token={token}&embedded=true");
    world.advance(899);
    shown(&open(&world, &path).await, "one second before the end", 200, Some(ORIGIN));
    world.advance(1);
    let over = open(&world, &path).await;
    shown(&over, "expired", 401, Some(ORIGIN));
    assert!(over.text().contains("data-state=\"expired\"") && !over.text().contains("49.9"), "{}", over.text());
    world.advance(86_400 - 1);
    shown(&open(&world, &path).await, "a day less a second", 401, Some(ORIGIN));
    world.advance(1);
    neutral(&world, &open(&world, &path).await, "a day").await;
}

#[tokio::test]
async fn a_token_that_was_revoked_counts_from_then() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    let (paid, by_payment) = session(&world, &with_origin()).await;
    let (open_still, by_rotation) = session(&world, &with_origin()).await;
    let call = Call::post(&format!("/payment-requests/{paid}/payments")).header("x-api-key", &key);
    let answer = world.send(call.json(&json!({ "method": "card", "paymentToken": "tok_test_visa" }))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let login = world.log_in(ListenerMode::Test).await;
    let answer = world.send(Call::put("/users/1/apikey").header("authorization", format!("Bearer {login}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let pages = [
        ("its request was paid", format!("requestId={paid}&token={by_payment}")),
        ("its key was replaced", format!("requestId={open_still}&token={by_rotation}")),
    ];
    for (label, page) in &pages {
        shown(&open(&world, page).await, label, 401, Some(ORIGIN));
    }
    world.advance(86_400 - 1);
    for (label, page) in &pages {
        shown(&open(&world, page).await, label, 401, Some(ORIGIN));
    }
    world.advance(1);
    for (label, page) in &pages {
        neutral(&world, &open(&world, page).await, label).await;
    }
}

#[tokio::test]
async fn an_address_that_opens_nothing_gets_one_neutral_page() {
    let world = world().await;
    let (id, token) = session(&world, &with_origin()).await;
    let (other, _) = session(&world, &with_origin()).await;
    let unknown = "AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw";
    let table = [
        ("no query", String::new()),
        ("no token", format!("requestId={id}")),
        ("an empty token", format!("requestId={id}&token=")),
        ("no request", format!("token={token}")),
        ("an unknown token", format!("requestId={id}&token={unknown}")),
        ("garbage", format!("requestId={id}&token=%22%3E%3Cscript%3E")),
        ("a token twice", format!("requestId={id}&token={token}&token={token}")),
        ("a token twice, once escaped", format!("requestId={id}&token={token}&%74oken={unknown}")),
        ("a request twice", format!("requestId={id}&requestId={other}&token={token}")),
        ("another request", format!("requestId={other}&token={token}")),
        ("a request that is not there", format!("requestId=999&token={token}")),
        ("another spelling of the id", format!("requestId=0{id}&token={token}")),
        ("a broken escape", format!("requestId={id}&token={token}&x=%zz")),
    ];
    for (label, query) in &table {
        neutral(&world, &open(&world, query).await, label).await;
    }
    let good = format!("/main?requestId={id}&token={token}");
    neutral(&world, &world.send(Call::get(&good).live()).await, "a test token on the live listener").await;
    let by_header = Call::get(&format!("/main?requestId={id}")).header("x-checkout-token", &token);
    neutral(&world, &world.send(by_header).await, "a token in a header").await;
    assert_eq!(world.send(Call::get(&good)).await.status, 200, "the good address still opens");
}

#[tokio::test]
async fn a_merchant_that_may_not_act_has_no_page() {
    let world = world().await;
    let (id, token) = session(&world, &with_origin()).await;
    let page = format!("requestId={id}&token={token}");
    world.set_merchant(MerchantStatus::Suspended, IpList::unrestricted()).await;
    neutral(&world, &open(&world, &page).await, "suspended").await;
    world.advance(900);
    neutral(&world, &open(&world, &page).await, "suspended, and the token expired").await;
    world.set_merchant(MerchantStatus::PendingKyc, IpList::unrestricted()).await;
    shown(&open(&world, &page).await, "test mode works before the checks are done", 401, Some(ORIGIN));
    world.set_merchant(MerchantStatus::Active, IpList::only(vec![Cidr::parse("192.0.2.1/32").unwrap()]).unwrap()).await;
    shown(&open(&world, &page).await, "address lists do not bind shoppers (T4)", 401, Some(ORIGIN));
}

#[tokio::test]
async fn forwarding_headers_change_nothing_on_the_page() {
    let world = world().await;
    let (id, token) = session(&world, &with_origin()).await;
    let path = format!("/main?requestId={id}&token={token}");
    let plain = world.send(Call::get(&path)).await;
    let call = Call::get(&path)
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-prefix", "/evil")
        .header("forwarded", "host=evil.example")
        .header("host", "evil.example")
        .header("origin", "https://evil.example")
        .header("referer", "https://evil.example/");
    assert_eq!(world.send(call).await.comparable(), plain.comparable());
}

#[tokio::test]
async fn what_the_merchant_wrote_stays_text() {
    let world = world().await;
    let mark = "\"><script>alert(1)</script>&amp;";
    let mut body = with_origin();
    body["referenceId"] = json!(mark);
    let (id, token) = session(&world, &body).await;
    let html = open(&world, &format!("requestId={id}&token={token}")).await.text();
    let escaped = "&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#38;amp;";
    assert!(html.contains(escaped) && !html.contains("<script>alert"), "{html}");
}

#[tokio::test]
async fn other_refusals_keep_the_shape_of_the_dialect() {
    let world = world().await;
    let answer = world.send(Call::post("/main")).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET,HEAD")));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));

    let (id, token) = session(&world, &with_origin()).await;
    let page = format!("requestId={id}&token={token}");
    for _ in 0..60 {
        assert_eq!(open(&world, &page).await.status, 200);
    }
    let answer = open(&world, &page).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, Some("60")), "60 a minute for a token");
    assert_eq!(answer.json()["code"], "rate_limited");
    world.advance(60);
    for _ in 0..30 {
        assert_eq!(open(&world, "requestId=1&token=x").await.status, 401);
    }
    let answer = open(&world, "requestId=1&token=x").await;
    assert_eq!(answer.status, 429, "30 failures a minute for an address (Q3)");
    assert_eq!(open(&world, &page).await.status, 200, "a good address still passes");
}

#[tokio::test]
async fn the_query_is_in_no_log_and_the_reason_is() {
    let log = Log::default();
    let _capture = log.capture();
    let world = world().await;
    let (id, token) = session(&world, &with_origin()).await;
    open(&world, &format!("requestId={id}&token={token}&extra=marked-query")).await;
    world.advance(900);
    open(&world, &format!("requestId={id}&token={token}&extra=marked-query")).await;
    open(&world, "requestId=1&token=marked-query").await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.contains(&token) && !log.contains("marked-query") && !log.contains("requestId="), "{log}");
    for reason in ["credential_expired", "credential_malformed"] {
        assert_eq!(log.lines().filter(|l| l.contains("/main") && l.contains(reason)).count(), 1, "{reason}: {log}");
    }
}

#[tokio::test]
async fn the_files_of_the_page_are_served_and_kept_for_ever() {
    let world = world().await;
    let (id, token) = session(&world, &with_origin()).await;
    let html = open(&world, &format!("requestId={id}&token={token}")).await.text();
    for (before, media_type) in
        [("rel=\"stylesheet\" href=\"", "text/css; charset=utf-8"), ("src=\"", "text/javascript; charset=utf-8")]
    {
        let path = html.split(before).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        let answer = world.send(Call::get(path)).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some(media_type)), "{path}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("access-control-allow-origin"), None, "no other origin's business");
        assert!(!answer.body.is_empty());
    }
    world.send(Call::get("/assets/checkout.00000000000000000000.js")).await.expect(
        "another digest",
        404,
        &json!({ "type": "about:blank", "title": "Not Found", "status": 404, "code": "not_found",
                 "detail": "Not found." }),
    );
}

// ---- steps

fn with_origin() -> Value {
    json!({
        "amount": 49.90,
        "unit": "EUR",
        "referenceId": "cart-1009",
        "originDomain": ORIGIN,
        "successUrl": "https://shop.example/ok",
        "failureUrl": "https://shop.example/failed",
    })
}

/// A payment request with this body, and a token for its page.
async fn session(world: &World, body: &Value) -> (i64, String) {
    let key = world.text("/caibo/api_key_test");
    let made = world.send(Call::post("/payment-requests").header("x-api-key", &key).json(body)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_i64().unwrap();
    let path = format!("/payment-requests/{id}/checkout-session");
    let session = world.send(Call::post(&path).header("x-api-key", &key)).await;
    (id, session.json()["token"].as_str().unwrap().to_owned())
}

async fn open(world: &World, query: &str) -> Answer {
    world.send(Call::get(&format!("/main?{query}"))).await
}

/// Asserts the status and every header of §2.8.
#[track_caller]
fn shown(answer: &Answer, label: &str, status: u16, origin: Option<&str>) {
    assert_eq!(answer.status.as_u16(), status, "{label}: {}", answer.text());
    let ancestors = origin.unwrap_or("'none'");
    let expected = [
        ("content-type", Some("text/html; charset=utf-8".to_owned())),
        ("cache-control", Some("no-store".to_owned())),
        ("referrer-policy", Some("no-referrer".to_owned())),
        ("x-content-type-options", Some("nosniff".to_owned())),
        ("content-security-policy", Some(format!("{SELF_ONLY}{ancestors}"))),
        ("x-frame-options", origin.is_none().then(|| "DENY".to_owned())),
        ("www-authenticate", (status == 401).then(|| "CheckoutToken realm=\"caibo\"".to_owned())),
        ("access-control-allow-origin", None),
        ("set-cookie", None),
    ];
    for (name, value) in expected {
        assert_eq!(answer.header(name), value.as_deref(), "{label}: {name}");
        assert!(answer.headers.get_all(name).iter().count() <= 1, "{label}: {name} comes once");
    }
    assert_eq!(answer.header("x-request-id").map(str::len), Some(32), "{label}");
}

/// Asserts the page that every address gets which opens nothing: the same bytes as without any query.
async fn neutral(world: &World, answer: &Answer, label: &str) {
    shown(answer, label, 401, None);
    assert!(answer.text().contains("Nothing to pay here"), "{label}");
    // Told from another address, so that these calls spend nobody's failures.
    let reference = world.send(Call::get("/main").from([192, 0, 2, 77])).await;
    assert_eq!(answer.comparable(), reference.comparable(), "{label}");
}
