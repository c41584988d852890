//! Two-step log-in, in the panel and where else the password counts.

use serde_json::json;
use tollgate::account::{EmailAddress, TotpSecret, TotpStep};
use tollgate::administration::{Actor, Resealing};
use tollgate::keys::{NewSecret, RotationReason, SecretKind};

use super::browser::{Browser, newest_entry};
use crate::world::{Call, World, world};

/// The secret on the page that sets two-step log-in up.
pub(crate) fn secret(html: &str) -> TotpSecret {
    let (_, rest) = html.split_once("<code class=\"once\">").unwrap();
    let text: String = rest.split_once("</code>").unwrap().0.chars().filter(|c| *c != ' ').collect();
    let bits: Vec<u8> = text
        .bytes()
        .flat_map(|byte| {
            let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == byte).unwrap();
            (0..5).rev().map(move |n| u8::try_from((value >> n) & 1).unwrap())
        })
        .collect();
    let bytes: Vec<u8> = bits.chunks(8).map(|bits| bits.iter().fold(0, |byte, bit| (byte << 1) | bit)).collect();
    TotpSecret::from_bytes(&bytes).unwrap()
}

fn code(secret: &TotpSecret, world: &World) -> String {
    secret.code(TotpStep::at(world.now())).to_string()
}

/// Sets two-step log-in up for the demo owner; answers the secret and the recovery codes.
async fn set_up(world: &World) -> (TotpSecret, Vec<String>) {
    let mut browser = Browser::owner(world).await;
    let page = browser.get("/panel/account/two-step").await.text();
    let secret = secret(&page);
    let picture = browser.get("/panel/account/two-step/picture.svg").await;
    assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
    assert!(picture.text().starts_with("<svg ") && !picture.text().contains("style"));
    let wrong = browser.submit("/panel/account/two-step", &[("otp", "000000")]).await;
    if code(&secret, world) != "000000" {
        wrong.expect_page(422, "The code is not right.");
    }
    let done = browser.submit("/panel/account/two-step", &[("otp", &code(&secret, world))]).await;
    done.expect_page(200, "Keep your recovery codes");
    let text = done.text();
    let codes = text.split("<li><code>").skip(1).map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect();
    (secret, codes)
}

async fn try_code(world: &World, otp: &str, peer: u8) -> u16 {
    let mut browser = Browser::new(world).from([192, 0, 2, peer]);
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let fields = [("email", email.as_str()), ("password", password.as_str()), ("otp", otp)];
    browser.submit("/panel/login", &fields).await.status.as_u16()
}

#[tokio::test]
pub(super) async fn with_a_second_factor_the_password_alone_is_not_enough() {
    let world = world().await;
    let (secret, codes) = set_up(&world).await;
    assert_eq!(codes.len(), 10);
    let enrolled = code(&secret, &world);
    assert_eq!(try_code(&world, &enrolled, 1).await, 422, "the code of the enrolment was used");
    world.advance(60);
    assert_eq!(try_code(&world, "", 2).await, 422, "none");
    assert_eq!(try_code(&world, &enrolled, 3).await, 422, "an old one");
    let now = code(&secret, &world);
    assert_eq!(try_code(&world, &now, 4).await, 303);
    assert_eq!(try_code(&world, &now, 5).await, 422, "a second time");
    world.advance(30);
    let now = code(&secret, &world);
    assert_eq!(try_code(&world, &format!("{} {}", &now[..3], &now[3..]), 6).await, 303, "as apps show it");
}

#[tokio::test]
pub(super) async fn a_recovery_code_works_once() {
    let world = world().await;
    let (_, codes) = set_up(&world).await;
    assert_eq!(try_code(&world, &codes[0].to_lowercase(), 1).await, 303);
    assert_eq!(try_code(&world, &codes[0], 2).await, 422);
    assert_eq!(try_code(&world, &codes[9].replace('-', ""), 3).await, 303);
    assert_eq!(try_code(&world, "AAAA-AAAA-AAAA-AAAA", 4).await, 422);
}

#[tokio::test]
async fn a_wrong_code_counts_like_a_wrong_password() {
    let world = world().await;
    let (secret, _) = set_up(&world).await;
    world.advance(60);
    for _ in 0..5 {
        assert_eq!(try_code(&world, "", 1).await, 422);
    }
    assert_eq!(try_code(&world, &code(&secret, &world), 1).await, 429);
}

#[tokio::test]
async fn the_api_login_asks_for_the_code_too() {
    let world = world().await;
    let (secret, _) = set_up(&world).await;
    world.advance(60);
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let log_in = async |body: serde_json::Value| world.send(Call::post("/auth/login").json(&body)).await;
    let wrong_password = log_in(json!({ "email": email, "password": "a wrong password" })).await;
    assert_eq!(wrong_password.status, 401);
    for body in [
        json!({ "email": email, "password": password }),
        json!({ "email": email, "password": password, "otp": "" }),
        json!({ "email": email, "password": password, "otp": "12345" }),
    ] {
        assert_eq!(log_in(body).await.comparable(), wrong_password.comparable(), "the same 401");
    }
    let body = json!({ "email": email, "password": password, "otp": code(&secret, &world) });
    assert_eq!(log_in(body.clone()).await.status, 200);
    assert_eq!(log_in(body).await.comparable(), wrong_password.comparable(), "each code once");
}

#[tokio::test]
async fn basic_routes_refuse_who_has_a_second_factor() {
    use base64::Engine;
    let world = world().await;
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let header = base64::engine::general_purpose::STANDARD.encode(format!("{email}:{password}"));
    let path = format!("/api/purchases/{}/release", world.text("/pledg/purchase_uid"));
    let release = async || world.send(Call::post(&path).header("authorization", format!("Basic {header}"))).await;
    assert_ne!(release().await.status, 401, "before, and remembered for seconds");
    set_up(&world).await;
    assert_eq!(release().await.status, 401);
}

#[tokio::test]
pub(super) async fn switching_off_ends_every_session_and_tells_the_user() {
    let world = world().await;
    let (secret, _) = set_up(&world).await;
    world.advance(60);
    let mut browser = Browser::new(&world);
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let fields = [("email", email.as_str()), ("password", &password), ("otp", &code(&secret, &world))];
    browser.submit("/panel/login", &fields).await.expect_redirect("/panel");
    browser.submit("/panel/account/two-step/off", &[]).await.expect_redirect("/panel/login");
    browser.get("/panel").await.expect_redirect("/panel/login");
    assert_eq!(try_code(&world, "", 1).await, 303);
    let subjects: Vec<_> = world.services.mailer.kept().into_iter().map(|message| message.subject).collect();
    assert_eq!(subjects, ["Two-step log-in was switched on", "Two-step log-in was switched off"]);
}

#[tokio::test]
async fn a_second_factor_and_one_that_waits_outlive_the_key_that_sealed_them() {
    let world = world().await;
    let (enrolled, _) = set_up(&world).await;
    let mut other = Browser::administrator(&world).await;
    let waiting = secret(&other.get("/panel/account/two-step").await.text());
    let (administration, operator) = (&world.services.administration, Actor::operator());
    let (kind, reason) = (SecretKind::Sealing, RotationReason::Routine);
    administration.rotate_secret_key(&operator, kind, NewSecret::Random, reason).await.unwrap();
    let mut walk = Resealing::default();
    while administration.reseal_part(&mut walk).await.unwrap() {}
    assert_eq!(walk.unreadable, 0);
    world.advance(600);
    let pruned = administration.prune_secret_keys(&operator, &[SecretKind::Sealing]).await.unwrap();
    assert_eq!(pruned.len(), 1, "nothing needs the old key");

    assert_eq!(try_code(&world, &code(&enrolled, &world), 1).await, 303);
    let email = EmailAddress::new(&world.text("/panel/admin_email")).unwrap();
    let user = administration.user_by_email(&email).await.unwrap().unwrap();
    let still = administration.waiting_second_factor(user.id).await.unwrap().unwrap();
    assert_eq!(still.expose_secret(), waiting.expose_secret());
}

#[tokio::test]
async fn codes_are_limited_by_account_from_however_many_addresses_they_come() {
    let world = world().await;
    let (secret, codes) = set_up(&world).await;
    world.advance(60);
    let good = code(&secret, &world);
    let wrong = ["000000", "111111", "222222"]
        .into_iter()
        .find(|wrong| !near(&secret, &world).iter().any(|code| code == wrong))
        .unwrap();
    let mut peer = 0;
    let mut from_elsewhere = async |otp: &str| {
        peer += 1;
        try_code(&world, otp, peer).await
    };
    for nothing in ["", "12345", "not a code", "1234567"] {
        assert_eq!(from_elsewhere(nothing).await, 422, "{nothing:?} is no guess");
    }
    for _ in 0..10 {
        assert_eq!(from_elsewhere(wrong).await, 422);
    }
    assert!(world.services.mailer.kept().iter().all(|mail| mail.subject != "Somebody knows your password"));
    for _ in 0..2 {
        assert_eq!(from_elsewhere(&good).await, 422, "the right one is not looked at, and not told from a wrong one");
    }
    let mails = world.services.mailer.kept();
    let told = mails.iter().filter(|mail| mail.subject == "Somebody knows your password").collect::<Vec<_>>();
    assert_eq!(told.len(), 1, "once");
    assert!(told[0].text.contains("From  192.0.2.15"), "{}", told[0].text.as_str());
    assert_eq!(from_elsewhere(&codes[0]).await, 303, "a recovery code lets the user in meanwhile");
    world.advance(900);
    assert_eq!(from_elsewhere(&code(&secret, &world)).await, 303);
}

/// The codes that could be right about now.
fn near(secret: &TotpSecret, world: &World) -> Vec<String> {
    let at = |seconds| secret.code(TotpStep::at(world.now() + time::Duration::seconds(seconds))).to_string();
    [-60, -30, 0, 30, 60].map(at).into()
}

#[tokio::test]
async fn a_used_recovery_code_is_written_down_and_mailed() {
    let world = world().await;
    let (_, codes) = set_up(&world).await;
    let user = world.text("/panel/user_id");
    assert_eq!(try_code(&world, &codes[3], 7).await, 303);
    let by = format!("user:{user}");
    assert_eq!(newest_entry(&world).await, ["user.recovery_code_used", &by, "192.0.2.7", &user, r#"{"left":9}"#]);
    let mail = world.services.mailer.kept().pop().unwrap();
    assert_eq!(mail.subject, "A recovery code was used");
    assert!(mail.text.contains("Left  9") && mail.text.contains("From  192.0.2.7"), "{}", mail.text.as_str());
    assert!(!mail.text.contains(&codes[3]));
}

#[tokio::test]
async fn switching_on_ends_every_other_session() {
    let world = world().await;
    let mut intruder = Browser::owner(&world).await;
    let mut browser = Browser::owner(&world).await;
    let secret = secret(&browser.get("/panel/account/two-step").await.text());
    let otp = code(&secret, &world);
    browser.submit("/panel/account/two-step", &[("otp", &otp)]).await.expect_page(200, "Keep your recovery codes");
    intruder.get("/panel").await.expect_redirect("/panel/login");
    browser.get("/panel/account").await.expect_page(200, "10");
}
