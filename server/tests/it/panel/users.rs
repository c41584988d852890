//! Users and roles, and those who run the server.

use tollgate::account::{MerchantStatus, Role};

use super::browser::{Browser, PASSWORD, colleague, stranger};
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
    for id in ["MCH-PER-ZZZZZ", "MCH-PER", &user.merchant.in_mode(tollgate_apikey::Mode::Test)] {
        administrator.get(&format!("/panel/admin/{id}")).await.expect_page(404, "Not found");
    }
}
