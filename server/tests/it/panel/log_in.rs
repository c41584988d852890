//! Log-in, sessions and their ends.

use tollgate::account::Role;
use tollgate::administration::Actor;
use tollgate::keys::{NewSecret, RotationReason, SecretKind};

use super::browser::{Browser, PASSWORD, colleague, token};
use crate::world::world;

#[tokio::test]
pub(super) async fn who_logs_in_gets_a_new_cookie_and_the_page_asked_for() {
    let world = world().await;
    let mut browser = Browser::new(&world);
    browser.get("/panel/users/new").await.expect_redirect("/panel/login?next=/panel/users/new");
    let page = browser.get("/panel/login?next=/panel/users/new").await;
    let visitor = browser.cookie.clone().unwrap();
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let fields = [("email", email.as_str()), ("password", &password), ("next", "/panel/users/new")];
    let token = token(&page.text()).unwrap();
    browser.post("/panel/login", &token, &fields).await.expect_redirect("/panel/users/new");
    assert_ne!(browser.cookie.as_ref(), Some(&visitor), "a session is not begun under a cookie known before");
    browser.get("/panel").await.expect_page(200, "Demo Shop");
    browser.get("/panel/login").await.expect_redirect("/panel");
}

#[tokio::test]
pub(super) async fn every_wrong_log_in_gets_the_same_answer() {
    let world = world().await;
    let disabled = colleague(&world, "disabled@shop.example", Role::Developer).await;
    let actor = tollgate::administration::Actor::operator();
    world.services.administration.disable_user(&actor, disabled.id).await.unwrap();
    let owner = world.text("/panel/email");
    let attempts = [
        (owner.as_str(), "a wrong password"),
        ("nobody@shop.example", "a wrong password"),
        ("disabled@shop.example", PASSWORD),
        ("not an address", "a wrong password"),
        (&owner, ""),
    ];
    let mut seen = Vec::new();
    for (email, password) in attempts {
        // Each comes from elsewhere, so that no limit is met.
        let mut browser = Browser::new(&world).from([192, 0, 2, u8::try_from(seen.len()).unwrap() + 1]);
        browser.get("/panel/login").await;
        browser.cookie = Some("A".repeat(43));
        let answer = browser.log_in(email, password).await;
        assert!(answer.header("set-cookie").is_none(), "{email}");
        // What was typed comes back, and counts in the length; each showing of the form has a token of its own.
        let comparable = answer.comparable();
        let comparable = comparable.replace(&token(&comparable).unwrap(), "TOKEN");
        let comparable = comparable.replace(&format!("value=\"{email}\""), "value=\"TYPED\"");
        seen.push(comparable.lines().filter(|line| !line.starts_with("content-length")).collect::<Vec<_>>().join("\n"));
    }
    assert!(seen[0].contains("The e-mail address, password or code is not right."), "{}", seen[0]);
    for (answer, (email, _)) in seen.iter().zip(attempts) {
        assert_eq!(answer, &seen[0], "{email}");
    }
}

#[tokio::test]
async fn five_wrong_passwords_shut_the_account_for_the_address() {
    let world = world().await;
    let mut browser = Browser::new(&world);
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    for _ in 0..5 {
        assert_eq!(browser.log_in(&email, "a wrong password").await.status, 422);
    }
    browser.log_in(&email, &password).await.expect_page(429, "Try again in 15 minutes.");
    world.advance(900);
    browser.log_in(&email, &password).await.expect_redirect("/panel");
}

#[tokio::test]
pub(super) async fn a_session_ends_when_it_is_not_used_and_after_its_life() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    world.advance(30 * 60 - 1);
    assert_eq!(browser.get("/panel").await.status, 200, "one second before");
    world.advance(30 * 60);
    browser.get("/panel").await.expect_redirect("/panel/login");

    let mut busy = Browser::owner(&world).await;
    for _ in 0..47 {
        world.advance(15 * 60);
        assert_eq!(busy.get("/panel").await.status, 200);
    }
    world.advance(15 * 60);
    busy.get("/panel").await.expect_redirect("/panel/login");
}

#[tokio::test]
pub(super) async fn log_out_ends_the_session_on_the_server() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let cookie = browser.cookie.clone();
    let shown = browser.get("/panel").await;
    assert_eq!(shown.header("cache-control"), Some("no-store"), "the back button has nothing to show");
    let answer = browser.submit_from("/panel", "/panel/logout", &[]).await;
    answer.expect_redirect("/panel/login");
    assert_eq!(answer.header("clear-site-data"), Some("\"cache\""));
    assert_eq!(browser.cookie, None);
    browser.cookie = cookie;
    browser.get("/panel").await.expect_redirect("/panel/login");
    let token = token(&shown.text()).unwrap();
    browser.post("/panel/mode", &token, &[("mode", "live")]).await.expect_redirect("/panel/login?next=/panel/mode");
}

#[tokio::test]
pub(super) async fn one_session_or_all_others_can_be_ended() {
    let world = world().await;
    let mut first = Browser::owner(&world).await;
    let mut second = Browser::owner(&world).await;
    let mut third = Browser::owner(&world).await;
    let list = first.get("/panel/sessions").await.text();
    assert_eq!(list.matches("<th scope=\"row\">").count(), 3, "{list}");
    assert_eq!(list.matches("This one").count(), 1);
    let (_, rest) = list.split_once("action=\"/panel/sessions/others/end\"").unwrap();
    let id = rest.split_once("action=\"/panel/sessions/").unwrap().1.split_once("/end").unwrap().0.to_owned();
    let path = format!("/panel/sessions/{id}/end");
    first.submit_from("/panel/sessions", &path, &[]).await.expect_redirect("/panel/sessions");
    first.get("/panel/sessions").await.expect_page(200, "The session was ended.");
    let alive = [second.get("/panel").await.status, third.get("/panel").await.status];
    assert_eq!(alive.iter().filter(|status| **status == 200).count(), 1);
    first.submit_from("/panel/sessions", "/panel/sessions/others/end", &[]).await.expect_redirect("/panel/sessions");
    first.get("/panel/sessions").await.expect_page(200, "One other session was ended.");
    second.get("/panel").await.expect_redirect("/panel/login");
    third.get("/panel").await.expect_redirect("/panel/login");
    assert_eq!(first.get("/panel").await.status, 200);
}

#[tokio::test]
pub(super) async fn what_ends_log_ins_ends_sessions() {
    let world = world().await;
    let user = colleague(&world, "dev@shop.example", Role::Developer).await;
    let (administration, actor) = (&world.services.administration, tollgate::administration::Actor::operator());
    let mut browser = Browser::signed_in(&world, "dev@shop.example", PASSWORD).await;
    administration.disable_user(&actor, user.id).await.unwrap();
    browser.get("/panel").await.expect_redirect("/panel/login");
    administration.enable_user(&actor, user.id).await.unwrap();
    browser.get("/panel").await.expect_redirect("/panel/login");
    let mut browser = Browser::signed_in(&world, "dev@shop.example", PASSWORD).await;
    let other = tollgate::account::SecretText::new("another pass phrase".to_owned());
    administration.set_password(&actor, user.id, other).await.unwrap();
    browser.get("/panel").await.expect_redirect("/panel/login");
}

#[tokio::test]
pub(super) async fn the_mode_belongs_to_the_session_and_shows_on_every_page() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let test = browser.get("/panel").await.text();
    assert!(test.contains("<body class=\"test\">") && test.contains("Test mode."), "{test}");
    assert!(test.contains(&world.text("/merchant_id_test")));
    browser.submit_from("/panel", "/panel/mode", &[("mode", "live")]).await.expect_redirect("/panel");
    let live = browser.get("/panel/users").await.text();
    assert!(live.contains("<body class=\"live\">") && live.contains("Live mode."), "{live}");
    assert!(live.contains(&world.text("/merchant_id_live")));
    let mut other = Browser::owner(&world).await;
    assert!(other.get("/panel").await.text().contains("<body class=\"test\">"));
    assert_eq!(browser.submit_from("/panel", "/panel/mode", &[("mode", "both")]).await.status, 400);
}

#[tokio::test]
async fn a_new_pepper_ends_sessions_and_log_in_goes_on() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let (kind, reason) = (SecretKind::Pepper, RotationReason::Routine);
    let administration = &world.services.administration;
    administration.rotate_secret_key(&Actor::operator(), kind, NewSecret::Random, reason).await.unwrap();
    browser.get("/panel").await.expect_redirect("/panel/login");
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    browser.log_in(&email, &password).await.expect_redirect("/panel");
    browser.get("/panel").await.expect_page(200, "Demo Shop");
}

#[tokio::test]
async fn logging_in_ends_the_session_that_the_browser_had_whoever_it_was() {
    let world = world().await;
    colleague(&world, "dev@shop.example", Role::Developer).await;
    let mut owner = Browser::owner(&world).await;
    let shown = owner.get("/panel").await.text();
    let mut copied = Browser::new(&world);
    copied.cookie = owner.cookie.clone();
    let fields = [("email", "dev@shop.example"), ("password", PASSWORD)];
    owner.post("/panel/login", &token(&shown).unwrap(), &fields).await.expect_redirect("/panel");
    owner.get("/panel/account").await.expect_page(200, "dev@shop.example");
    copied.get("/panel").await.expect_redirect("/panel/login");
}

#[tokio::test]
async fn what_the_router_refuses_by_itself_looks_like_every_refusal() {
    let world = world().await;
    let mut owner = Browser::owner(&world).await;
    let absent = owner.get("/panel/users/999999").await;
    for path in ["/panel/users/%ff", "/panel/users/%ff/link", "/panel/keys/%ff"] {
        assert_eq!(owner.get(path).await.comparable(), absent.comparable(), "{path}");
    }
    let mut stranger = Browser::new(&world);
    for path in ["/panel/login?next=a&next=b", "/panel/login?next=%ff"] {
        let answer = stranger.get(path).await;
        assert!([200, 400].contains(&answer.status.as_u16()), "{path}");
        answer.expect_page(answer.status.as_u16(), "<title>");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("content-security-policy").is_some(), "{path}");
    }
    stranger.get("/panel/login?next=a&next=b").await.expect_page(400, "This was not understood");
    stranger.get("/panel/reset/%ff").await.expect_page(404, "Not found");
}
