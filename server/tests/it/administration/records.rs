//! Merchants and users.

use serde_json::json;
use tollgate::account::{EmailAddress, MerchantStatus, Role, SecretText, Switch, User};
use tollgate::administration::{Error, NewMerchant, NewUser, Page, Setting, parse_allow_list};
use tollgate::payments::{Currency, Money};
use tollgate_apikey::Mode;

use super::{actions, administration, operator};
use crate::world::{Answer, Call, World, world};

fn new_merchant(country: &str) -> NewMerchant {
    NewMerchant {
        country: country.to_owned(),
        name: "Third Shop".to_owned(),
        currency: Currency::parse("PEN").unwrap(),
        balance: Money::parse("0.00").unwrap(),
        status: MerchantStatus::Active,
        domains: vec!["https://shop.example".to_owned()],
        methods: vec!["CARDS".to_owned()],
    }
}

async fn who_am_i(world: &World) -> Answer {
    world.send(Call::get("/auth/whoami").header("x-api-key", world.text("/caibo/api_key_test"))).await
}

async fn log_in(world: &World, email: &str, password: &str) -> u16 {
    let body = json!({ "email": email, "password": password });
    world.send(Call::post("/auth/login").json(&body)).await.status.as_u16()
}

async fn user(world: &World, email: &str) -> Result<User, Error> {
    let new = NewUser {
        merchant: world.merchant_id(),
        email: EmailAddress::new(email).unwrap(),
        password: SecretText::new("twelve bytes".to_owned()),
        role: Role::Developer,
        api_basic: Switch::Off,
    };
    administration(world).create_user(&operator(), new).await
}

#[tokio::test]
async fn a_new_merchant_has_an_id_and_an_alias_of_its_own_in_each_mode() {
    let world = world().await;
    let made = administration(&world).create_merchant(&operator(), new_merchant("PER")).await.unwrap();
    assert!(made.id.as_str().starts_with("MCH-PER-"));
    let mut aliases = Vec::new();
    for mode in [Mode::Live, Mode::Test] {
        aliases.push(world.services.vault.alias(&made.id, mode, "mer").await.unwrap().unwrap());
    }
    assert_ne!(aliases[0], aliases[1]);
    let known = administration(&world).merchants(Page::first(10)).await.unwrap();
    assert_eq!(known.len(), 3);
    let after = Page::after(known[1].id.as_str(), 10);
    let rest = administration(&world).merchants(after).await.unwrap();
    assert_eq!(rest.iter().map(|merchant| &merchant.id).collect::<Vec<_>>(), [&known[2].id]);
    let before = actions(&world).await;
    for (label, new) in [
        ("no country", new_merchant("XXX")),
        ("no name", NewMerchant { name: String::new(), ..new_merchant("PER") }),
        (
            "a domain with a path",
            NewMerchant { domains: vec!["https://a.example/b".to_owned()], ..new_merchant("PER") },
        ),
        ("two methods in one", NewMerchant { methods: vec!["CARDS CASH".to_owned()], ..new_merchant("PER") }),
    ] {
        let refused = administration(&world).create_merchant(&operator(), new).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{label}");
    }
    assert_eq!(actions(&world).await, before);
}

#[tokio::test]
async fn status_and_address_list_of_a_merchant_count_at_the_next_call() {
    let world = world().await;
    let id = world.merchant_id();
    assert_eq!(who_am_i(&world).await.status, 200, "the cache is warm");
    administration(&world).set_merchant_status(&operator(), &id, MerchantStatus::Suspended).await.unwrap();
    assert_eq!(who_am_i(&world).await.status, 403);
    administration(&world).set_merchant_status(&operator(), &id, MerchantStatus::PendingKyc).await.unwrap();
    assert_eq!(who_am_i(&world).await.status, 200, "test credentials work (A2)");
    let list = parse_allow_list(["198.51.100.0/24"]).unwrap();
    administration(&world).set_merchant_ip_list(&operator(), &id, list).await.unwrap();
    assert_eq!(who_am_i(&world).await.status, 403);
}

#[tokio::test]
async fn domains_methods_and_settings_are_kept_as_they_were_given() {
    let world = world().await;
    let id = world.merchant_id();
    let (domains, methods) = (vec!["https://a.example:8443".to_owned()], vec!["CASH".to_owned(), "PIX_2".to_owned()]);
    administration(&world).set_merchant_domains(&operator(), &id, domains.clone()).await.unwrap();
    administration(&world).set_merchant_methods(&operator(), &id, methods.clone()).await.unwrap();
    let known = administration(&world).merchant(&id).await.unwrap().unwrap();
    assert_eq!((known.domains, known.methods), (domains, methods));
    let lifetime = Setting::AlternativeCheckoutLifetime;
    for (seconds, fits) in [(59, false), (60, true), (3600, true), (3601, false)] {
        let set = administration(&world).set_setting(&operator(), &id, Mode::Test, lifetime(seconds)).await;
        assert_eq!(set.is_ok(), fits, "{seconds}");
    }
    let known = administration(&world).settings(&id, Mode::Test).await.unwrap();
    assert_eq!(known, [lifetime(3600)]);
    assert_eq!(administration(&world).settings(&id, Mode::Live).await.unwrap(), []);
}

#[tokio::test]
async fn a_user_logs_in_until_it_is_disabled_and_its_logins_end_with_it() {
    let world = world().await;
    let user = user(&world, "Kim@Demo-Shop.example").await.unwrap();
    assert_eq!(log_in(&world, "kim@demo-shop.example", "twelve bytes").await, 200);
    let login = world.log_in(tollgate::auth::ListenerMode::Test).await;
    let owner = administration(&world).users(&world.merchant_id(), Page::first(10)).await.unwrap();
    let email = world.text("/panel/email");
    let owner = owner.into_iter().find(|known| known.email.as_str() == email).unwrap();
    let regenerate =
        |id: &str| Call::put(&format!("/users/{id}/apikey")).header("authorization", format!("Bearer {login}"));
    assert_eq!(world.send(regenerate(&owner.id.to_string())).await.status, 200, "the cache is warm");
    for id in [user.id, owner.id] {
        assert!(administration(&world).disable_user(&operator(), id).await.unwrap());
        assert!(!administration(&world).disable_user(&operator(), id).await.unwrap(), "it was before");
    }
    assert_eq!(world.send(regenerate(&owner.id.to_string())).await.status, 401, "every login ended (A5)");
    assert_eq!(log_in(&world, "kim@demo-shop.example", "twelve bytes").await, 401);
    for id in [user.id, owner.id] {
        assert!(administration(&world).enable_user(&operator(), id).await.unwrap());
    }
    assert_eq!(world.send(regenerate(&owner.id.to_string())).await.status, 401, "an ended login stays ended");
    assert_eq!(log_in(&world, "kim@demo-shop.example", "twelve bytes").await, 200);
    let new = SecretText::new("another dozen bytes".to_owned());
    administration(&world).set_password(&operator(), user.id, new).await.unwrap();
    assert_eq!(log_in(&world, "kim@demo-shop.example", "twelve bytes").await, 401);
    assert_eq!(log_in(&world, "kim@demo-shop.example", "another dozen bytes").await, 200);
    administration(&world).set_role(&operator(), user.id, Role::ReadOnly).await.unwrap();
    administration(&world).set_api_basic(&operator(), user.id, Switch::On).await.unwrap();
    let known = administration(&world).user(user.id).await.unwrap().unwrap();
    assert_eq!((known.role, known.api_basic, known.generation), (Role::ReadOnly, true, 3));
}

#[tokio::test]
async fn an_address_in_use_and_a_short_password_make_no_user() {
    let world = world().await;
    user(&world, "kim@demo-shop.example").await.unwrap();
    assert!(matches!(user(&world, "KIM@demo-shop.example").await, Err(Error::Taken)));
    assert!(matches!(user(&world, "kim").await, Err(Error::Invalid("email"))));
    let known = administration(&world).users(&world.merchant_id(), Page::first(1)).await.unwrap().remove(0);
    let short = SecretText::new("eleven byte".to_owned());
    assert!(matches!(administration(&world).set_password(&operator(), known.id, short).await, Err(Error::Weak)));
}
