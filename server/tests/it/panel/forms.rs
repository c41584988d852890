//! Where forms come from, what they may do, and what becomes of what was typed.

use tollgate::account::Role;
use tollgate_apikey::Mode;

use super::browser::{Browser, COOKIE, PASSWORD, colleague, form, stranger, token};
use crate::world::{Call, world};

#[tokio::test]
async fn a_form_from_elsewhere_is_refused() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let good = token(&browser.get("/panel").await.text()).unwrap();
    let mut other = Browser::owner(&world).await;
    let foreign = token(&other.get("/panel").await.text()).unwrap();
    let path = "/panel/mode";
    let live = [("mode", "live")];
    let table: Vec<(&str, Call)> = vec![
        ("another site", form(path, &good, &live).header("sec-fetch-site", "cross-site")),
        ("a sister site", form(path, &good, &live).header("sec-fetch-site", "same-site")),
        ("typed into the address", form(path, &good, &live).header("sec-fetch-site", "none")),
        ("another origin, old browser", form(path, &good, &live).header("origin", "https://evil.example")),
        ("no token", form(path, "", &live).header("sec-fetch-site", "same-origin")),
        ("a token of another session", form(path, &foreign, &live).header("sec-fetch-site", "same-origin")),
        ("a broken token", form(path, &good[1..], &live).header("sec-fetch-site", "same-origin")),
    ];
    for (label, call) in table {
        let answer = browser.send(call).await;
        answer.expect_page(403, "This form is out of date");
        assert!(browser.get("/panel").await.text().contains("<body class=\"test\">"), "{label}");
    }
    let json = Call::post(path).header("sec-fetch-site", "same-origin").json(&serde_json::json!({"mode": "live"}));
    assert_eq!(browser.send(json).await.status, 400, "only forms are read");
    browser.send(form(path, &good, &live).header("origin", "http://sandbox.test")).await.expect_redirect("/panel");
}

#[tokio::test]
async fn the_forms_for_strangers_are_bound_to_their_browser_too() {
    let world = world().await;
    let mut browser = Browser::new(&world);
    let page = browser.get("/panel/login").await.text();
    let good = token(&page).unwrap();
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let fields = [("email", email.as_str()), ("password", password.as_str())];
    let without_cookie = world.send(form("/panel/login", &good, &fields)).await;
    without_cookie.expect_page(403, "This form is out of date");
    let cross = form("/panel/login", &good, &fields).header("sec-fetch-site", "cross-site");
    browser.send(cross).await.expect_page(403, "This form is out of date");
    browser.post("/panel/login", "", &fields).await.expect_page(403, "This form is out of date");
    browser.post("/panel/login", &good, &fields).await.expect_redirect("/panel");
}

#[tokio::test]
async fn two_cookies_of_the_name_are_none() {
    let world = world().await;
    let browser = Browser::owner(&world).await;
    let cookie = browser.cookie.unwrap();
    let call = Call::get("/panel").header("cookie", format!("{COOKIE}={cookie}; {COOKIE}={cookie}"));
    world.send(call).await.expect_redirect("/panel/login");
}

#[tokio::test]
pub(super) async fn what_was_typed_survives_a_session_that_timed_out() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let page = browser.get("/panel/users/new").await.text();
    let token = token(&page).unwrap();
    world.advance(31 * 60);
    let typed = [("email", "new@shop.example"), ("role", "developer"), ("password", "never kept")];
    let answer = browser.post("/panel/users/new", &token, &typed).await;
    answer.expect_redirect("/panel/login?next=/panel/users/new");
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    browser.log_in(&email, &password).await.expect_redirect("/panel/users/new");
    let page = browser.get("/panel/users/new").await;
    page.expect_page(200, "value=\"new@shop.example\"");
    assert!(page.text().contains("value=\"developer\" checked"), "{}", page.text());
    assert!(!page.text().contains("never kept"));
    let again = browser.get("/panel/users/new").await.text();
    assert!(!again.contains("new@shop.example"), "it is there once");
}

#[tokio::test]
async fn what_one_user_typed_is_not_shown_to_another() {
    let world = world().await;
    colleague(&world, "other@shop.example", Role::Owner).await;
    let mut browser = Browser::owner(&world).await;
    let token = token(&browser.get("/panel/users/new").await.text()).unwrap();
    world.advance(31 * 60);
    browser.post("/panel/users/new", &token, &[("email", "new@shop.example")]).await;
    browser.log_in("other@shop.example", PASSWORD).await.expect_redirect("/panel");
    assert!(!browser.get("/panel/users/new").await.text().contains("new@shop.example"));
}

#[tokio::test]
pub(super) async fn what_is_dangerous_asks_for_the_password_again_after_five_minutes() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let page = browser.get("/panel/users/new").await.text();
    let token = token(&page).unwrap();
    world.advance(5 * 60 - 1);
    assert_eq!(browser.get("/panel/users/new").await.status, 200, "one second before");
    world.advance(1);
    browser.get("/panel/users/new").await.expect_redirect("/panel/confirm?next=/panel/users/new");
    let typed = [("email", "new@shop.example"), ("role", "developer")];
    let answer = browser.post("/panel/users/new", &token, &typed).await;
    answer.expect_redirect("/panel/confirm?next=/panel/users/new");
    assert!(world.services.mailer.kept().is_empty(), "nothing was done");

    let wrong = browser.submit("/panel/confirm", &[("password", "a wrong password")]).await;
    wrong.expect_page(422, "The password or the code is not right.");
    browser.get("/panel/users/new").await.expect_redirect("/panel/confirm?next=/panel/users/new");
    let password = world.text("/panel/password");
    browser.submit("/panel/confirm", &[("password", &password)]).await.expect_redirect("/panel/users/new");
    browser.get("/panel/users/new").await.expect_page(200, "value=\"new@shop.example\"");
}

#[tokio::test]
async fn markup_comes_back_inert() {
    let world = world().await;
    let mark = "\"><script>alert(1)</script>'&amp;{{7*7}}";
    let mut browser = Browser::new(&world);
    let pages =
        [browser.log_in(mark, "a wrong password").await, browser.submit("/panel/forgotten", &[("email", mark)]).await];
    for page in pages {
        assert!(!page.text().contains("<script>alert"), "{}", page.text());
        assert!(page.text().contains("&#60;script&#62;alert"), "it is shown as it was typed: {}", page.text());
    }
    let mut owner = Browser::owner(&world).await;
    let page = owner.submit("/panel/users/new", &[("email", mark), ("role", mark)]).await;
    assert!(!page.text().contains("<script>alert"), "{}", page.text());
    for path in [
        format!("/panel/audit?action={}", "%22%3E%3Cscript%3Ealert"),
        format!("/panel/audit?from={}", "%22%3E%3Cscript%3Ealert"),
        format!("/panel/login?next={}", "%22%3E%3Cscript%3Ealert"),
    ] {
        let mut stranger = Browser::new(&world);
        let (page, other) = (owner.get(&path).await, stranger.get(&path).await);
        assert!(!page.text().contains("<script>alert") && !other.text().contains("<script>alert"), "{path}");
    }
    // What is stored with markup in it: the name of a browser.
    let mut named = Browser::new(&world);
    let token = token(&named.get("/panel/login").await.text()).unwrap();
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let call = form("/panel/login", &token, &[("email", &email), ("password", &password)]);
    named.send(call.header("user-agent", "<script>alert(2)</script>")).await.expect_redirect("/panel");
    let list = named.get("/panel/sessions").await.text();
    assert!(!list.contains("<script>alert") && list.contains("&#60;script&#62;alert(2)"), "{list}");
}

#[tokio::test]
pub(super) async fn a_session_of_another_user_cannot_be_ended() {
    let world = world().await;
    stranger(&world).await;
    let mut theirs = Browser::signed_in(&world, "owner@another.example", PASSWORD).await;
    let mut second = Browser::signed_in(&world, "owner@another.example", PASSWORD).await;
    let list = theirs.get("/panel/sessions").await.text();
    let (_, rest) = list.split_once("others/end\"").unwrap();
    let id = rest.split_once("action=\"/panel/sessions/").unwrap().1.split_once("/end").unwrap().0.to_owned();
    let mut browser = Browser::owner(&world).await;
    let path = format!("/panel/sessions/{id}/end");
    browser.submit_from("/panel/sessions", &path, &[]).await.expect_page(404, "Not found");
    assert_eq!(
        (theirs.get("/panel").await.status, second.get("/panel").await.status),
        (axum::http::StatusCode::OK, axum::http::StatusCode::OK)
    );
}

#[tokio::test]
async fn a_form_counts_only_in_the_mode_of_its_page() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let keys = async || {
        let (administration, page) = (&world.services.administration, tollgate::administration::Page::first(100));
        administration.keys(&world.merchant_id(), Mode::Live, page).await.unwrap().len()
    };
    let before = keys().await;
    let page = "/panel/keys/new/caibo";
    let in_test = token(&browser.get(page).await.text()).unwrap();
    browser.submit_from("/panel", "/panel/mode", &[("mode", "live")]).await.expect_redirect("/panel");

    // The tab that still shows the form of test mode.
    let typed = [("name", "meant for test"), ("chosen", "yes"), ("scope.payment_requests:read", "on")];
    let refused = browser.post(page, &in_test, &typed).await;
    refused.expect_page(409, "The mode was changed in another tab");
    refused.expect_page(409, "This form was shown in test mode, and you are in live mode now.");
    assert_eq!(keys().await, before, "no live key was made");
    let back = [("mode", "test"), ("next", page)];
    browser.post("/panel/mode", &token(&refused.text()).unwrap(), &back).await.expect_redirect(page);
    let again = browser.get(page).await;
    again.expect_page(200, "value=\"meant for test\"");
    again.expect_page(200, "<body class=\"test\">");

    // What is about no mode counts from any page: the switch itself, one's own account, the users.
    browser.submit_from("/panel", "/panel/mode", &[("mode", "live")]).await.expect_redirect("/panel");
    browser.post("/panel/mode", &in_test, &[("mode", "test")]).await.expect_redirect("/panel");
    browser.post("/panel/mode", &in_test, &[("mode", "live")]).await.expect_redirect("/panel");
    let fields = [("email", "new@shop.example"), ("role", "read_only")];
    browser.post("/panel/users/new", &in_test, &fields).await.expect_redirect("/panel/users");
}

#[tokio::test]
async fn a_form_that_waited_for_a_log_in_goes_on_in_its_mode() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    browser.submit_from("/panel", "/panel/mode", &[("mode", "live")]).await.expect_redirect("/panel");
    let page = "/panel/keys/new/caibo";
    let good = token(&browser.get(page).await.text()).unwrap();
    world.advance(31 * 60);
    let answer = browser
        .post(page, &good, &[("name", "for live"), ("chosen", "yes"), ("scope.payment_requests:read", "on")])
        .await;
    answer.expect_redirect(&format!("/panel/login?next={page}"));
    browser.log_in(&world.text("/panel/email"), &world.text("/panel/password")).await.expect_redirect(page);
    let again = browser.get(page).await;
    again.expect_page(200, "<body class=\"live\">");
    again.expect_page(200, "value=\"for live\"");
}
