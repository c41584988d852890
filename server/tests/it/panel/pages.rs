//! What pages show: numbers, the account, the audit log.

use tollgate::account::{KeyFamily, MerchantStatus};
use tollgate::payments::CallKey;
use tollgate_apikey::Mode;
use tollgate_client_address::IpList;

use super::browser::Browser;
use crate::world::{Call, world};

#[tokio::test]
pub(super) async fn the_overview_counts_calls_and_refusals_of_the_mode() {
    let world = world().await;
    let key = world.text("/caibo/api_key_test");
    for _ in 0..3 {
        let call = Call::get("/auth/whoami").header("x-api-key", &key);
        assert_eq!(world.send(call).await.status, 200);
    }
    // A stranger's garbage is nobody's call.
    world.send(Call::get("/auth/whoami").header("x-api-key", "garbage")).await;
    world.set_merchant(MerchantStatus::Suspended, IpList::unrestricted()).await;
    let call = Call::get("/auth/whoami").header("x-api-key", &key);
    assert_eq!(world.send(call).await.status, 403);
    world.set_merchant(MerchantStatus::Active, IpList::unrestricted()).await;

    let mut browser = Browser::owner(&world).await;
    let page = browser.get("/panel").await.text();
    assert!(page.contains("Calls by hour: 4 calls, 1 of them refused"), "{page}");
    assert!(page.contains("Calls by day: 4 calls, 1 of them refused"), "{page}");
    browser.submit_from("/panel", "/panel/mode", &[("mode", "live")]).await;
    assert!(browser.get("/panel").await.text().contains("No calls in this time."));
    world.advance(25 * 3600);
    let mut browser = Browser::owner(&world).await;
    let page = browser.get("/panel").await.text();
    assert!(page.contains("Calls by day: 4 calls") && !page.contains("Calls by hour:"), "{page}");
}

#[tokio::test]
pub(super) async fn the_last_use_of_a_credential_is_kept_across_a_flush() {
    let world = world().await;
    let key = world.issue_key(&world.merchant_id(), None, KeyFamily::EIGHTY_EIGHT_PAY, Mode::Test, "").await;
    let parsed = KeyFamily::EIGHTY_EIGHT_PAY.format.parse(&key).unwrap().id();
    let usage = &world.services.usage;
    assert_eq!(usage.last_use(parsed).await.unwrap(), None);
    let call = || {
        Call::post("/api/auth/token")
            .header("x-api-key", &key)
            .header("x-merchant-id", world.text("/merchant_id_test"))
            .from([192, 0, 2, 7])
    };
    assert_eq!(world.send(call()).await.status, 200);
    let first = usage.last_use(parsed).await.unwrap().unwrap();
    assert_eq!((first.at, first.address.as_deref()), (world.now(), Some("192.0.2.7")));
    world.advance(60);
    assert_eq!(world.send(call()).await.status, 200);
    assert_eq!(usage.last_use(parsed).await.unwrap().unwrap().at, world.now());
}

#[tokio::test]
async fn the_overview_warns_of_old_keys_and_of_the_status() {
    let world = world().await;
    world.advance(90 * 86_400 - 1);
    let mut browser = Browser::owner(&world).await;
    assert!(!browser.get("/panel").await.text().contains("90 days old or more"));
    world.advance(1);
    browser.get("/panel").await.expect_page(200, "90 days old or more");
    world.set_merchant(MerchantStatus::PendingKyc, IpList::unrestricted()).await;
    browser.get("/panel").await.expect_page(200, "Your account is being checked (KYC).");
}

#[tokio::test]
pub(super) async fn a_changed_password_ends_every_session_and_tells_the_user() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let mut other = Browser::owner(&world).await;
    let new = "another pass phrase";
    let differing = [("password", new), ("password_again", "not the same one")];
    browser.submit("/panel/account/password", &differing).await.expect_page(422, "are not the same");
    let fields = [("password", new), ("password_again", new)];
    browser.submit("/panel/account/password", &fields).await.expect_redirect("/panel/login");
    browser.get("/panel").await.expect_redirect("/panel/login");
    other.get("/panel").await.expect_redirect("/panel/login");
    browser.log_in(&world.text("/panel/email"), new).await.expect_redirect("/panel");
    assert_eq!(world.services.mailer.kept().pop().unwrap().subject, "Your password was changed");
}

#[tokio::test]
async fn a_key_made_over_the_api_is_told_to_the_user() {
    let world = world().await;
    let token = world.log_in(tollgate::auth::ListenerMode::Test).await;
    let path = format!("/users/{}/apikey", world.text("/panel/user_id"));
    let answer = world.send(Call::put(&path).header("authorization", format!("Bearer {token}"))).await;
    assert_eq!(answer.status, 200);
    let message = world.services.mailer.kept().pop().unwrap();
    assert_eq!(message.subject, "A new test API key was made");
    let key = answer.json();
    assert!(!message.text.contains(key.as_str().unwrap()), "the key itself is not mailed");
}

#[tokio::test]
pub(super) async fn the_audit_log_is_filtered_and_exported() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    browser.submit("/panel/users/new", &[("email", "new@shop.example"), ("role", "developer")]).await;
    let user = world.text("/panel/user_id");
    let own = browser.get(&format!("/panel/audit?actor=user%3A{user}")).await.text();
    assert!(own.contains("user.created") && own.contains("user.invited") && !own.contains("key.issued"), "{own}");
    let keys = browser.get("/panel/audit?action=key").await.text();
    assert!(keys.contains("key.issued") && !keys.contains("<code>user.created"), "{keys}");
    let none = browser.get("/panel/audit?to=2025-12-31").await;
    none.expect_page(200, "Nothing fits this filter.");
    let all = browser.get("/panel/audit?from=2026-01-01&to=2026-01-01").await.text();
    assert!(all.contains("merchant.created"), "{all}");

    let export = browser.get("/panel/audit.jsonl").await;
    assert_eq!(export.header("content-type"), Some("application/jsonl"));
    assert!(export.header("content-disposition").unwrap().starts_with("attachment; filename=\"audit-MCH-"));
    let text = export.text();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.first().unwrap()["action"], "merchant.created");
    assert_eq!(lines.last().unwrap()["action"], "user.invited");
    let merchant = world.text("/merchant_id_live");
    assert!(lines.iter().all(|line| line["merchant"] == merchant.as_str()), "no other merchant's entries");
}

#[tokio::test]
async fn one_export_of_the_log_runs_at_a_time() {
    let world = world().await;
    let mut owner = Browser::owner(&world).await;
    let (merchant, key) = (world.merchant_id(), world.text("/panel/user_id"));
    let call = CallKey { merchant, mode: Mode::Test, route: "panel: export the audit log", key };
    let running = world.services.in_flight.enter(call).unwrap();
    owner.get("/panel/audit.jsonl").await.expect_redirect("/panel/audit");
    owner.get("/panel/audit").await.expect_page(200, "Your last export is still running.");
    drop(running);
    for _ in 0..2 {
        let export = owner.get("/panel/audit.jsonl").await;
        assert_eq!(export.header("content-type"), Some("application/jsonl"));
        assert!(export.text().lines().all(|line| line.contains(world.merchant_id().as_str())), "{}", export.text());
    }
}
