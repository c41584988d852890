//! Links that set a password.

use super::browser::{Browser, newest_entry, token};
use crate::world::{World, world, world_without_mail};

/// The link in the newest message, without the base URL.
#[track_caller]
fn newest_link(world: &World) -> String {
    let kept = world.services.mailer.kept();
    let message = kept.last().expect("a message was sent");
    let (_, rest) = message.text.split_once("http://sandbox.test").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test]
pub(super) async fn a_forgotten_password_is_replaced_by_a_link_that_works_once() {
    let world = world().await;
    let email = world.text("/panel/email");
    let mut old = Browser::owner(&world).await;
    let mut browser = Browser::new(&world);
    browser.submit("/panel/forgotten", &[("email", &email)]).await.expect_page(200, "Look at your mail");
    world.services.mailer.kept_from(1).await;
    let path = newest_link(&world);
    assert_eq!(path.len(), "/panel/reset/".len() + 43);

    // Whoever only looks at the link, such as a mail scanner, does not use it up.
    for _ in 0..2 {
        let shown = browser.get(&path).await;
        shown.expect_page(200, &email);
        assert_eq!(shown.header("referrer-policy"), Some("no-referrer"));
    }
    let short = browser.submit(&path, &[("password", "too short"), ("password_again", "too short")]).await;
    short.expect_page(422, "A password has at least 12 characters.");
    let new = "a new pass phrase";
    let other = browser.submit(&path, &[("password", new), ("password_again", "another pass phrase")]).await;
    other.expect_page(422, "The two passwords are not the same.");
    assert!(!other.text().contains(new), "a password never comes back");
    let fields = [("password", new), ("password_again", new)];
    let form_token = token(&browser.get(&path).await.text()).unwrap();
    browser.post(&path, &form_token, &fields).await.expect_page(200, "Your password is set");
    browser.post(&path, &form_token, &fields).await.expect_page(404, "This link does not work any more");
    browser.get(&path).await.expect_page(404, "This link does not work any more");

    old.get("/panel").await.expect_redirect("/panel/login");
    let former = browser.log_in(&email, &world.text("/panel/password")).await;
    assert_eq!(former.status, 422);
    browser.log_in(&email, new).await.expect_redirect("/panel");
    let messages = world.services.mailer.kept();
    assert_eq!(messages.last().unwrap().subject, "Your password was changed");
}

#[tokio::test]
pub(super) async fn a_link_ends_after_thirty_minutes_and_by_a_newer_one() {
    let world = world().await;
    let email = world.text("/panel/email");
    let mut browser = Browser::new(&world);
    browser.submit("/panel/forgotten", &[("email", &email)]).await;
    world.services.mailer.kept_from(1).await;
    let first = newest_link(&world);
    browser.submit("/panel/forgotten", &[("email", &email)]).await;
    world.services.mailer.kept_from(2).await;
    let second = newest_link(&world);
    browser.get(&first).await.expect_page(404, "This link does not work any more");
    world.advance(30 * 60 - 1);
    assert_eq!(browser.get(&second).await.status, 200);
    world.advance(1);
    browser.get(&second).await.expect_page(404, "This link does not work any more");
}

#[tokio::test]
async fn an_unknown_address_gets_the_same_answer_and_no_message() {
    let world = world().await;
    let mut answers = Vec::new();
    for email in [world.text("/panel/email"), "nobody@shop.example".to_owned()] {
        let mut browser = Browser::new(&world);
        browser.cookie = Some("A".repeat(43));
        answers.push(browser.submit("/panel/forgotten", &[("email", &email)]).await.comparable());
    }
    assert_eq!(answers[0], answers[1]);
    world.services.mailer.kept_from(1).await;
    assert_eq!(world.services.mailer.kept().len(), 1);
}

#[tokio::test]
async fn asking_is_limited_alike_for_known_and_unknown_addresses() {
    let world = world().await;
    for email in [world.text("/panel/email"), "nobody@shop.example".to_owned()] {
        let mut browser = Browser::new(&world);
        for _ in 0..3 {
            assert_eq!(browser.submit("/panel/forgotten", &[("email", &email)]).await.status, 200);
        }
        let answer = browser.submit("/panel/forgotten", &[("email", &email)]).await;
        answer.expect_page(429, "Try again in 60 minutes.");
    }
}

#[tokio::test]
async fn strangers_cannot_flood_an_account_with_mail() {
    let world = world().await;
    let email = world.text("/panel/email");
    for n in 0..12 {
        let mut browser = Browser::new(&world).from([192, 0, 2, n]);
        browser.submit("/panel/forgotten", &[("email", &email)]).await.expect_page(200, "Look at your mail");
    }
    let mut browser = Browser::new(&world);
    browser.submit("/panel/forgotten", &[("email", &world.text("/panel/admin_email"))]).await;
    let kept = world.services.mailer.kept_from(7).await;
    assert_eq!(kept.iter().filter(|message| message.to.as_str() == email).count(), 6);
}

#[tokio::test]
async fn a_stranger_does_not_end_an_invitation() {
    let world = world().await;
    let mut owner = Browser::owner(&world).await;
    let fields = [("email", "new@shop.example"), ("role", "developer")];
    owner.submit("/panel/users/new", &fields).await.expect_redirect("/panel/users");
    let invitation = newest_link(&world);
    let mut stranger = Browser::new(&world).from([192, 0, 2, 1]);
    stranger.submit("/panel/forgotten", &[("email", "new@shop.example")]).await.expect_page(200, "Look at your mail");
    world.services.mailer.kept_from(2).await;
    Browser::new(&world).get(&invitation).await.expect_page(200, "new@shop.example");
}

#[tokio::test]
async fn where_there_is_no_mail_asking_does_nothing() {
    let world = world_without_mail().await;
    let mut owner = Browser::owner(&world).await;
    let shown = owner.submit("/panel/users/new", &[("email", "new@shop.example"), ("role", "owner")]).await.text();
    let (_, rest) = shown.split_once("http://sandbox.test").unwrap();
    let link = rest.split(['<', '"', ' ']).next().unwrap().to_owned();
    let mut stranger = Browser::new(&world);
    for email in ["new@shop.example", &world.text("/panel/email")] {
        stranger.submit("/panel/forgotten", &[("email", email)]).await.expect_page(200, "Look at your mail");
    }
    // Long enough for what an answer does not wait for.
    Browser::owner(&world).await;
    assert_eq!(newest_entry(&world).await[0], "user.invited");
    stranger.get(&link).await.expect_page(200, "new@shop.example");
}

#[tokio::test]
async fn the_log_says_from_where_a_password_was_set() {
    let world = world().await;
    let (email, user) = (world.text("/panel/email"), world.text("/panel/user_id"));
    let mut browser = Browser::new(&world).from([192, 0, 2, 9]);
    browser.submit("/panel/forgotten", &[("email", &email)]).await;
    world.services.mailer.kept_from(1).await;
    assert_eq!(newest_entry(&world).await, ["user.reset_requested", "system", "192.0.2.9", &user, "{}"]);
    let password = [("password", "a new pass phrase"), ("password_again", "a new pass phrase")];
    browser.submit(&newest_link(&world), &password).await.expect_page(200, "Your password is set");
    let by = format!("user:{user}");
    assert_eq!(newest_entry(&world).await, ["user.password_set", &by, "192.0.2.9", &user, "{}"]);
}
