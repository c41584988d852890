//! Users and roles, and those who run the server.

use tollgate::account::{EmailAddress, MerchantStatus, Role, Switch, UserId};
use tollgate::administration::{Actor, Error};

use super::browser::{Browser, PASSWORD, colleague, make_user, newest_entry, stranger, token};
use crate::world::world;

#[tokio::test]
pub(super) async fn an_invited_user_sets_a_password_and_has_the_role() {
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
pub(super) async fn the_last_owner_stays() {
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
pub(super) async fn a_disabled_user_is_out_at_once() {
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
pub(super) async fn an_administrator_sees_every_merchant_and_can_stop_it() {
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

async fn administrator_id(world: &crate::world::World) -> UserId {
    let email = EmailAddress::new(&world.text("/panel/admin_email")).unwrap();
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
    let owner_id = UserId::parse(&world.text("/panel/user_id")).unwrap();
    let actor = Actor::user(owner_id, None);
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

#[tokio::test]
pub(super) async fn an_administrator_finds_merchants_by_name_id_user_and_status() {
    let world = world().await;
    let user = stranger(&world).await;
    let mut administrator = Browser::administrator(&world).await;
    let id = user.merchant.as_str().to_ascii_lowercase();
    for (query, there) in [
        ("text=other+sh", true),
        ("text=ANOTHER", true),
        (&format!("text={id}"), true),
        ("text=owner%40another.example", true),
        ("status=pending_kyc", true),
        ("text=another&status=pending_kyc", true),
        ("text=another&status=active", false),
        ("status=suspended", false),
        ("text=%25", false),
        ("text=_", false),
        ("text=!", false),
        ("text=nobody", false),
        ("text=%22%3E%3Cscript%3E", false),
    ] {
        let page = administrator.get(&format!("/panel/admin?{query}")).await;
        page.expect_page(200, "All merchants");
        assert_eq!(page.text().contains("Another Shop"), there, "{query}");
        assert!(!page.text().contains("\"><script>"), "{query}");
        assert!(there || page.text().contains("None fits") || page.text().contains("<tbody>"), "{query}");
    }
}

#[tokio::test]
async fn an_administrator_sees_and_logs_out_every_user_of_a_large_merchant() {
    let world = world().await;
    let user = stranger(&world).await;
    let mut database = world.connect().await;
    let insert = "INSERT INTO users (merchant_id, email, password_hash, generation, disabled, api_basic, created_at, role) \
                  SELECT merchant_id, 'u' || n.value || '@another.example', password_hash, 1, 0, 0, created_at, role \
                  FROM users, json_each(?) n WHERE users.id = ?";
    let numbers: Vec<u32> = (0..1200).collect();
    let numbers = serde_json::to_string(&numbers).unwrap();
    sqlx::query(insert).bind(numbers).bind(user.id.get()).execute(&mut database).await.unwrap();
    sqlx::Connection::close(database).await.unwrap();
    let first = make_user(&world, &world.merchant_id(), "beside@shop.example", Role::ReadOnly).await;
    assert_ne!(first.merchant, user.merchant);

    let owners = world.services.administration.owners(&user.merchant).await.unwrap();
    let addresses: Vec<_> = owners.iter().map(|owner| owner.email.as_str()).collect();
    assert_eq!((addresses.len(), addresses[0]), (1201, "owner@another.example"), "who was there first is told first");

    let mut theirs = Browser::signed_in(&world, "owner@another.example", PASSWORD).await;
    let mut late = Browser::signed_in(&world, "u1199@another.example", PASSWORD).await;
    let mut beside = Browser::signed_in(&world, "beside@shop.example", PASSWORD).await;
    let mut administrator = Browser::administrator(&world).await;
    let path = format!("/panel/admin/{}", user.merchant);
    let (mut at, mut seen, mut sessions) = (path.clone(), 0, 0);
    for _ in 0..100 {
        let page = administrator.get(&at).await.text();
        seen += page.matches("another.example</th>").count();
        sessions += page.matches("data-label=\"Sessions\">1<").count();
        let Some((_, rest)) = page.split_once("rel=\"next\" href=\"") else { break };
        at = rest.split_once('"').unwrap().0.to_owned();
    }
    assert_eq!((seen, sessions), (1201, 2));
    administrator.submit(&format!("{path}/end-sessions"), &[]).await.expect_redirect(&path);
    administrator.get(&path).await.expect_page(200, "2 sessions of Another Shop were ended.");
    for browser in [&mut theirs, &mut late] {
        browser.get("/panel").await.expect_redirect("/panel/login");
    }
    assert_eq!(beside.get("/panel").await.status, 200, "another merchant's sessions stay");
}

#[tokio::test]
async fn an_invitation_does_not_tell_that_another_merchant_knows_the_address() {
    let world = world().await;
    stranger(&world).await;
    let mut owner = Browser::owner(&world).await;
    let mut answers = Vec::new();
    for email in ["fresh@another.example", "owner@another.example"] {
        let fields = [("email", email), ("role", "developer")];
        let sent = owner.submit("/panel/users/new", &fields).await;
        sent.expect_redirect("/panel/users");
        let page = owner.get("/panel/users").await.text();
        let (_, said) = page.split_once("An invitation is on its way to ").unwrap();
        let said = said.split_once('<').unwrap().0;
        answers.push((sent.comparable(), said.replace(email, "EMAIL")));
    }
    assert_eq!(answers[0], answers[1]);
    let kept = world.services.mailer.kept();
    let told = kept.last().unwrap();
    assert_eq!(told.to.as_str(), "owner@another.example");
    assert!(!told.text.contains("/panel/reset/"), "there is no link in it");
    assert!(told.text.contains("This address has a login of another account already"), "{}", told.text.as_str());
    let user = world.services.administration.user_by_email(&told.to).await.unwrap().unwrap();
    assert_ne!(user.merchant, world.merchant_id(), "nothing was changed");
    // Nobody can flood the owner of the address.
    let fields = [("email", "owner@another.example"), ("role", "developer")];
    for _ in 0..5 {
        owner.submit("/panel/users/new", &fields).await.expect_redirect("/panel/users");
    }
    owner.submit("/panel/users/new", &fields).await.expect_page(429, "Try again in 60 minutes.");
    let messages = world.services.mailer.kept();
    assert_eq!(messages.iter().filter(|message| message.to.as_str() == "owner@another.example").count(), 6);
}
