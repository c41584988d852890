//! Users and roles, and those who run the server.

use tollgate::account::{MerchantStatus, Role, Switch};
use tollgate::administration::{Actor, Error};

use super::browser::{Browser, PASSWORD, colleague, newest_entry, stranger, token};
use crate::world::world;

#[tokio::test]
async fn an_invited_user_sets_a_password_and_has_the_role() {
    let world = world().await;
    let mut owner = Browser::owner(&world).await;
    let fields = [("email", "New@Shop.example"), ("role", "read_only")];
    owner.submit("/panel/users/new", &fields).await.expect_redirect("/panel/users");
    owner.get("/panel/users").await.expect_page(200, "An invitation is on its way to new@shop.example.");
    let message = world.services.mailer.kept().pop().unwrap();
    assert_eq!(message.to.as_str(), "new@shop.example");
    let link = message.text.split_whitespace().find(|word| word.starts_with("http://sandbox.test")).unwrap();
    let path = link.strip_prefix("http://sandbox.test").unwrap();
    let mut new = Browser::new(&world);
    new.submit(path, &[("password", PASSWORD), ("password_again", PASSWORD)]).await.expect_page(200, "is set");
    new.log_in("new@shop.example", PASSWORD).await.expect_redirect("/panel");
    let page = new.get("/panel/users").await.text();
    assert!(!page.contains("Invite a user"), "read-only users get no button");
    let again = owner.submit("/panel/users/new", &fields).await;
    again.expect_page(422, "This address has a login already and cannot be invited.");
    owner.submit("/panel/users/new", &[]).await.expect_page(422, "Choose what they may do.");
}

#[tokio::test]
async fn the_last_owner_stays() {
    let world = world().await;
    let mut owner = Browser::owner(&world).await;
    let own = format!("/panel/users/{}", world.text("/panel/user_id"));
    owner.submit(&own, &[("role", "developer")]).await.expect_page(422, "This is the last owner who can log in.");
    owner.submit(&format!("{own}/disable"), &[]).await.expect_redirect("/panel/users");
    owner.get("/panel/users").await.expect_page(200, "This is the last owner who can log in.");

    let second = colleague(&world, "second@shop.example", Role::Developer).await;
    let theirs = format!("/panel/users/{}", second.id);
    owner.submit(&theirs, &[("role", "owner")]).await.expect_redirect(&theirs);
    owner.get(&theirs).await.expect_page(200, "second@shop.example is owner now.");
    owner.submit(&own, &[("role", "read_only")]).await.expect_redirect(&own);
    owner.submit_from("/panel", &theirs, &[("role", "owner")]).await.expect_page(403, "Your role does not allow this");
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once() {
    let world = world().await;
    let user = colleague(&world, "dev@shop.example", Role::Developer).await;
    let mut dev = Browser::signed_in(&world, "dev@shop.example", PASSWORD).await;
    let mut owner = Browser::owner(&world).await;
    let path = format!("/panel/users/{}", user.id);
    owner.submit(&format!("{path}/disable"), &[]).await.expect_redirect("/panel/users");
    dev.get("/panel").await.expect_redirect("/panel/login");
    assert_eq!(dev.log_in("dev@shop.example", PASSWORD).await.status, 422);
    owner.submit(&format!("{path}/enable"), &[]).await.expect_redirect("/panel/users");
    dev.log_in("dev@shop.example", PASSWORD).await.expect_redirect("/panel");
}

#[tokio::test]
async fn an_administrator_sees_every_merchant_and_can_stop_it() {
    let world = world().await;
    let user = stranger(&world).await;
    let mut theirs = Browser::signed_in(&world, "owner@another.example", PASSWORD).await;
    let mut administrator = Browser::administrator(&world).await;
    administrator.get("/panel/admin").await.expect_page(200, "Another Shop");
    let path = format!("/panel/admin/{}", user.merchant);
    administrator.get(&path).await.expect_page(200, "Pending KYC");
    for (step, status) in [("activate", MerchantStatus::Active), ("suspend", MerchantStatus::Suspended)] {
        administrator.submit(&format!("{path}/{step}"), &[]).await.expect_redirect(&path);
        let merchant = world.services.administration.merchant(&user.merchant).await.unwrap().unwrap();
        assert_eq!(merchant.status, status);
    }
    theirs.get("/panel").await.expect_page(200, "Your account is suspended.");
    administrator.submit(&format!("{path}/end-sessions"), &[]).await.expect_redirect(&path);
    theirs.get("/panel").await.expect_redirect("/panel/login");
    let administrator_id = format!("user:{}", administrator_id(&world).await);
    let told = newest_entry(&world).await;
    let merchant = user.merchant.as_str();
    assert_eq!(told, ["merchant.sessions_ended", &administrator_id, "127.0.0.1", merchant, r#"{"sessions":1}"#]);
    for id in ["MCH-PER-ZZZZZ", "MCH-PER", &user.merchant.in_mode(tollgate_apikey::Mode::Test)] {
        administrator.get(&format!("/panel/admin/{id}")).await.expect_page(404, "Not found");
    }
}

async fn administrator_id(world: &crate::world::World) -> tollgate::account::UserId {
    let email = tollgate::account::EmailAddress::new(&world.text("/panel/admin_email")).unwrap();
    world.services.administration.user_by_email(&email).await.unwrap().unwrap().id
}

#[tokio::test]
async fn an_owner_does_not_get_at_the_server_through_an_administrator() {
    let world = world().await;
    let victim = colleague(&world, "runs-the-server@shop.example", Role::Developer).await;
    let administration = &world.services.administration;
    administration.set_administrator(&Actor::operator(), victim.id, Switch::On).await.unwrap();
    let mut theirs = Browser::signed_in(&world, "runs-the-server@shop.example", PASSWORD).await;
    let mut owner = Browser::owner(&world).await;
    let before = newest_entry(&world).await;
    let path = format!("/panel/users/{}", victim.id);
    let shown = owner.get(&path).await;
    shown.expect_page(200, "Only administrators change it.");
    assert!(!shown.text().contains("/two-step-off") && !shown.text().contains("name=\"role\""), "{}", shown.text());
    let good = token(&shown.text()).unwrap();
    for step in ["", "/disable", "/enable", "/two-step-off", "/link"] {
        let path = format!("{path}{step}");
        if !step.is_empty() {
            owner.get(&path).await.expect_page(403, "Your role does not allow this");
        }
        owner.post(&path, &good, &[("role", "read_only")]).await.expect_page(403, "Your role does not allow this");
    }
    theirs.get("/panel/admin").await.expect_page(200, "Demo Shop");
    let kept = administration.user(victim.id).await.unwrap().unwrap();
    assert!(!kept.disabled && kept.generation == victim.generation && kept.role == victim.role);
    assert_eq!(newest_entry(&world).await, before, "nothing was done");
    assert!(world.services.mailer.kept().is_empty(), "no link was sent");

    // The verbs refuse it by themselves, whatever a page forgets.
    let actor =
        Actor::user(world.text("/panel/user_id").parse().map(tollgate::account::UserId::from_stored).unwrap(), None);
    let refused = [
        administration.disable_user(&actor, victim.id).await.err(),
        administration.reset_second_factor(&actor, victim.id).await.err(),
        administration.set_role(&actor, victim.id, Role::ReadOnly).await.err(),
        administration.make_link(&actor, &victim).await.err(),
    ];
    for error in refused {
        assert!(matches!(error, Some(Error::Administrator)), "{error:?}");
    }

    // An owner who is an administrator too may.
    let owner_id = tollgate::account::UserId::parse(&world.text("/panel/user_id")).unwrap();
    administration.set_administrator(&Actor::operator(), owner_id, Switch::On).await.unwrap();
    owner.submit(&path, &[("role", "read_only")]).await.expect_redirect(&path);
}

#[tokio::test]
async fn an_invited_owner_who_never_came_is_no_second_owner() {
    let world = world().await;
    let mut owner = Browser::owner(&world).await;
    let fields = [("email", "second@shop.example"), ("role", "owner")];
    owner.submit("/panel/users/new", &fields).await.expect_redirect("/panel/users");
    let own = format!("/panel/users/{}", world.text("/panel/user_id"));
    let step_down = [("role", "developer")];
    owner.submit(&own, &step_down).await.expect_page(422, "This is the last owner who can log in.");
    let mut nobody = Browser::new(&world);
    for password in ["*", PASSWORD] {
        assert_eq!(nobody.log_in("second@shop.example", password).await.status, 422, "there is no password yet");
    }
    let message = world.services.mailer.kept().pop().unwrap();
    let (_, rest) = message.text.split_once("http://sandbox.test").unwrap();
    let link = rest.split_whitespace().next().unwrap();
    nobody.submit(link, &[("password", PASSWORD), ("password_again", PASSWORD)]).await.expect_page(200, "is set");
    owner.submit(&own, &step_down).await.expect_redirect(&own);
}

#[tokio::test]
async fn an_owner_cannot_flood_a_mailbox() {
    let world = world().await;
    let user = colleague(&world, "dev@shop.example", Role::Developer).await;
    let mut owner = Browser::owner(&world).await;
    let path = format!("/panel/users/{}/link", user.id);
    let good = token(&owner.get("/panel").await.text()).unwrap();
    for _ in 0..6 {
        owner.post(&path, &good, &[]).await.expect_redirect("/panel/users");
    }
    owner.post(&path, &good, &[]).await.expect_page(429, "Too many requests");
    assert_eq!(world.services.mailer.kept().len(), 6);
    for n in 0..44 {
        let email = format!("invited-{n}@shop.example");
        let fields = [("email", email.as_str()), ("role", "read_only")];
        owner.post("/panel/users/new", &good, &fields).await.expect_redirect("/panel/users");
    }
    let fields = [("email", "one-more@shop.example"), ("role", "read_only")];
    let refused = owner.post("/panel/users/new", &good, &fields).await;
    refused.expect_page(429, "Try again in 60 minutes.");
    assert!(refused.text().contains("value=\"one-more@shop.example\""), "what was typed is there");
    assert_eq!(world.services.mailer.kept().len(), 50);

    stranger(&world).await;
    let mut other = Browser::signed_in(&world, "owner@another.example", PASSWORD).await;
    other.submit("/panel/users/new", &fields).await.expect_redirect("/panel/users");
}

#[tokio::test]
async fn a_link_for_a_user_who_is_there_is_no_invitation_in_the_log() {
    let world = world().await;
    let user = colleague(&world, "dev@shop.example", Role::Developer).await;
    let mut owner = Browser::owner(&world).await;
    owner.submit(&format!("/panel/users/{}/link", user.id), &[]).await.expect_redirect("/panel/users");
    let by = format!("user:{}", world.text("/panel/user_id"));
    assert_eq!(newest_entry(&world).await, ["user.link_made", &by, "127.0.0.1", &user.id.to_string(), "{}"]);
}

#[tokio::test]
async fn an_address_that_passes_for_another_is_not_invited() {
    let world = world().await;
    let mut owner = Browser::owner(&world).await;
    for email in [
        "a\u{202e}moc.pohs@evil.example",
        "owner\u{200b}@shop.example",
        "own\u{435}r@shop.example",
        "owner@sh\u{43e}p.example",
        "two@ats@shop.example",
        "dot.@shop.example",
        "owner@-shop.example",
        "owner@shop example",
        "Owner <owner@shop.example>",
    ] {
        let answer = owner.submit("/panel/users/new", &[("email", email), ("role", "owner")]).await;
        answer.expect_page(422, "This is not an e-mail address.");
    }
    assert!(world.services.mailer.kept().is_empty());
    let good = [("email", "o.w+ner@xn--shp-iua.example"), ("role", "owner")];
    owner.submit("/panel/users/new", &good).await.expect_redirect("/panel/users");
}
