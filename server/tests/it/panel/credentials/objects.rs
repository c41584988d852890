//! Every route of these pages, tried in every way that must not work.

use tollgate::account::{MerchantId, Role};
use tollgate::administration::Page;
use tollgate_apikey::Mode;

use super::records::Records;
use crate::panel::browser::{Browser, PASSWORD, colleague, form, stranger, token};
use crate::panel::routes::For::{self, All, Developers};
use crate::world::{World, world};

/// Every route: adding one without a line here fails. What names no record has no `{…}` but a dialect or purpose.
pub(in crate::panel) const ROUTES: &[(&str, &str, For)] = &[
    ("GET", "/panel/access", All),
    ("GET", "/panel/access/addresses", All),
    ("POST", "/panel/access/addresses", Developers),
    ("GET", "/panel/access/domains", All),
    ("POST", "/panel/access/domains", Developers),
    ("GET", "/panel/clients", All),
    ("GET", "/panel/clients/import/{dialect}", All),
    ("POST", "/panel/clients/import/{dialect}", Developers),
    ("GET", "/panel/clients/new", All),
    ("GET", "/panel/clients/new/{dialect}", All),
    ("POST", "/panel/clients/new/{dialect}", Developers),
    ("GET", "/panel/clients/secrets/{client_secret}/addresses", All),
    ("POST", "/panel/clients/secrets/{client_secret}/addresses", Developers),
    ("GET", "/panel/clients/secrets/{client_secret}/revoke", Developers),
    ("POST", "/panel/clients/secrets/{client_secret}/revoke", Developers),
    ("GET", "/panel/clients/{client}", All),
    ("GET", "/panel/clients/{client}/revoke", Developers),
    ("POST", "/panel/clients/{client}/revoke", Developers),
    ("GET", "/panel/clients/{client}/rotate", All),
    ("POST", "/panel/clients/{client}/rotate", Developers),
    ("GET", "/panel/keys", All),
    ("GET", "/panel/keys/new", All),
    ("GET", "/panel/keys/new/{dialect}", All),
    ("POST", "/panel/keys/new/{dialect}", Developers),
    ("GET", "/panel/keys/{key}", All),
    ("POST", "/panel/keys/{key}", Developers),
    ("GET", "/panel/keys/{key}/revoke", Developers),
    ("POST", "/panel/keys/{key}/revoke", Developers),
    ("GET", "/panel/keys/{key}/rotate", All),
    ("POST", "/panel/keys/{key}/rotate", Developers),
    ("GET", "/panel/signing", All),
    ("GET", "/panel/signing/keys/new", All),
    ("POST", "/panel/signing/keys/new", Developers),
    ("GET", "/panel/signing/keys/{rsa_key}/retire", All),
    ("POST", "/panel/signing/keys/{rsa_key}/retire", Developers),
    ("GET", "/panel/signing/keys/{rsa_key}/revoke", Developers),
    ("POST", "/panel/signing/keys/{rsa_key}/revoke", Developers),
    ("GET", "/panel/signing/off", Developers),
    ("POST", "/panel/signing/off", Developers),
    ("GET", "/panel/signing/on", All),
    ("POST", "/panel/signing/on", Developers),
    ("GET", "/panel/webhooks", All),
    ("GET", "/panel/webhooks/deliveries", All),
    ("GET", "/panel/webhooks/deliveries/{message}/{endpoint}", All),
    ("GET", "/panel/webhooks/endpoints/{endpoint}", All),
    ("POST", "/panel/webhooks/endpoints/{endpoint}/enable", Developers),
    ("GET", "/panel/webhooks/endpoints/{endpoint}/remove", Developers),
    ("POST", "/panel/webhooks/endpoints/{endpoint}/remove", Developers),
    ("POST", "/panel/webhooks/endpoints/{endpoint}/test", Developers),
    ("GET", "/panel/webhooks/new", All),
    ("GET", "/panel/webhooks/new/{dialect}", All),
    ("POST", "/panel/webhooks/new/{dialect}", Developers),
    ("GET", "/panel/webhooks/secrets", All),
    ("GET", "/panel/webhooks/secrets/import/{purpose}", All),
    ("POST", "/panel/webhooks/secrets/import/{purpose}", Developers),
    ("GET", "/panel/webhooks/secrets/new/{purpose}", Developers),
    ("POST", "/panel/webhooks/secrets/new/{purpose}", Developers),
    ("GET", "/panel/webhooks/secrets/{secret}/reveal", Developers),
    ("POST", "/panel/webhooks/secrets/{secret}/reveal", Developers),
    ("GET", "/panel/webhooks/secrets/{secret}/revoke", Developers),
    ("POST", "/panel/webhooks/secrets/{secret}/revoke", Developers),
    ("GET", "/panel/webhooks/secrets/{secret}/rotate", All),
    ("POST", "/panel/webhooks/secrets/{secret}/rotate", Developers),
];

/// Fields that every one of these forms would take.
const FIELDS: [(&str, &str); 6] = [
    ("overlap", "3600"),
    ("reach", "only"),
    ("networks", "203.0.113.0/24"),
    ("left_out", "on"),
    ("name", "Taken over"),
    ("domains", "https://evil.example"),
];

fn names_a_record(template: &str) -> bool {
    template.replace("{dialect}", "").replace("{purpose}", "").contains('{')
}

/// How many changes of a merchant the log tells of.
async fn changes(world: &World, merchant: &MerchantId) -> usize {
    world.services.administration.audit(Some(merchant), Page::first(1000)).await.unwrap().len()
}

#[tokio::test]
pub(in crate::panel) async fn what_is_of_another_merchant_or_mode_is_not_there() {
    let world = world().await;
    let foreign = stranger(&world).await.merchant;
    let tables = [
        ("another merchant", Records::of(&world, &foreign, Mode::Test).await),
        ("another merchant, live", Records::of(&world, &foreign, Mode::Live).await),
        ("the other mode", Records::of(&world, &world.merchant_id(), Mode::Live).await),
        ("nobody", Records::absent()),
        ("no id", Records::malformed()),
    ];
    let mut browser = Browser::owner(&world).await;
    let good = token(&browser.get("/panel").await.text()).unwrap();
    let absent = browser.get("/panel/keys/AAAAAAAAAAAA").await;
    absent.expect_page(404, "Not found");
    let before = (changes(&world, &foreign).await, changes(&world, &world.merchant_id()).await);
    for (label, records) in &tables {
        for (method, template, _) in ROUTES.iter().filter(|(_, template, _)| names_a_record(template)) {
            let path = records.path(template);
            let answer = match *method {
                "GET" => browser.get(&path).await,
                _ => browser.post(&path, &good, &FIELDS).await,
            };
            assert_eq!(answer.comparable(), absent.comparable(), "{label}: {method} {path}");
        }
        for list in ["/panel/keys?after=", "/panel/clients?after="] {
            let id = if list.contains("keys") { &records.key } else { &records.client };
            let answer = browser.get(&format!("{list}{id}")).await;
            assert_eq!(answer.comparable(), absent.comparable(), "{label}: {list}");
        }
    }
    let after = (changes(&world, &foreign).await, changes(&world, &world.merchant_id()).await);
    assert_eq!(after, before, "nothing was changed");
}

#[tokio::test]
pub(in crate::panel) async fn lists_show_nothing_of_another_merchant_or_mode() {
    let world = world().await;
    let foreign = Records::of(&world, &stranger(&world).await.merchant, Mode::Test).await;
    let live = Records::of(&world, &world.merchant_id(), Mode::Live).await;
    let own = Records::of(&world, &world.merchant_id(), Mode::Test).await;
    let mut browser = Browser::owner(&world).await;
    let lists = [
        "/panel/keys",
        "/panel/clients",
        "/panel/signing",
        "/panel/webhooks",
        "/panel/webhooks/secrets",
        "/panel/webhooks/deliveries",
    ];
    let mut seen = String::new();
    for list in lists {
        seen += &browser.get(list).await.text();
    }
    for (label, records, there) in [("own", own, true), ("foreign", foreign, false), ("live", live, false)] {
        for id in [records.key, records.client, records.rsa_key, records.secret, records.endpoint] {
            assert_eq!(seen.contains(&id), there, "{label}: {id}");
        }
    }
}

#[tokio::test]
async fn without_a_session_every_route_leads_to_the_log_in() {
    let world = world().await;
    let records = Records::absent();
    for (method, template, _) in ROUTES {
        let path = records.path(template);
        let mut browser = Browser::new(&world);
        let answer = match *method {
            "GET" => browser.get(&path).await,
            _ => browser.submit_from("/panel/login", &path, &FIELDS).await,
        };
        assert_eq!(answer.status, 303, "{method} {path}: {}", answer.text());
        let location = answer.header("location").unwrap();
        assert!(location.starts_with("/panel/login"), "{method} {path}: {location}");
        assert!(answer.body.is_empty(), "{method} {path}");
    }
}

#[tokio::test]
async fn every_form_needs_its_token_and_its_origin() {
    let world = world().await;
    let records = Records::of(&world, &world.merchant_id(), Mode::Test).await;
    let mut browser = Browser::owner(&world).await;
    let good = token(&browser.get("/panel").await.text()).unwrap();
    let before = changes(&world, &world.merchant_id()).await;
    for (_, template, _) in ROUTES.iter().filter(|(method, ..)| *method == "POST") {
        let path = records.path(template);
        for call in [
            form(&path, "", &FIELDS).header("sec-fetch-site", "same-origin"),
            form(&path, &"A".repeat(43), &FIELDS).header("sec-fetch-site", "same-origin"),
            form(&path, &good, &FIELDS).header("sec-fetch-site", "cross-site"),
            form(&path, &good, &FIELDS).header("origin", "https://evil.example"),
        ] {
            browser.send(call).await.expect_page(403, "This form is out of date");
        }
    }
    assert_eq!(changes(&world, &world.merchant_id()).await, before);
}

#[tokio::test]
pub(in crate::panel) async fn who_may_only_look_sees_every_page_without_a_button() {
    let world = world().await;
    colleague(&world, "reader@shop.example", Role::ReadOnly).await;
    let records = Records::of(&world, &world.merchant_id(), Mode::Test).await;
    let mut browser = Browser::signed_in(&world, "reader@shop.example", PASSWORD).await;
    let good = token(&browser.get("/panel").await.text()).unwrap();
    let before = changes(&world, &world.merchant_id()).await;
    for (method, template, who) in ROUTES {
        let path = records.path(template);
        match (*method, who) {
            ("GET", All) => {
                let answer = browser.get(&path).await;
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                let main = answer.text().split_once("<main").unwrap().1.to_owned();
                for control in [
                    "<button class=\"main",
                    "<button class=\"danger",
                    "method=\"post\"",
                    "button main",
                    "/rotate\"",
                    "/revoke\"",
                ] {
                    assert!(!main.contains(control), "{path} has {control}");
                }
            }
            ("GET", _) => browser.get(&path).await.expect_page(403, "Your role does not allow this"),
            _ => browser.post(&path, &good, &FIELDS).await.expect_page(403, "Your role does not allow this"),
        }
    }
    assert_eq!(changes(&world, &world.merchant_id()).await, before);
}

#[tokio::test]
async fn developers_may_use_every_page() {
    let world = world().await;
    colleague(&world, "dev@shop.example", Role::Developer).await;
    let records = Records::of(&world, &world.merchant_id(), Mode::Test).await;
    let mut browser = Browser::signed_in(&world, "dev@shop.example", PASSWORD).await;
    for (_, template, _) in ROUTES.iter().filter(|(method, ..)| *method == "GET") {
        let path = records.path(template);
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_is_dangerous_asks_for_the_password_and_keeps_what_was_typed() {
    let world = world().await;
    let records = Records::of(&world, &world.merchant_id(), Mode::Test).await;
    let mut browser = Browser::owner(&world).await;
    let good = token(&browser.get("/panel").await.text()).unwrap();
    world.advance(5 * 60);
    let before = changes(&world, &world.merchant_id()).await;
    let harmless = ["/test", "/enable"];
    for (_, template, _) in ROUTES.iter().filter(|(method, ..)| *method == "POST") {
        if harmless.iter().any(|step| template.ends_with(step)) {
            continue;
        }
        let path = records.path(template);
        browser.post(&path, &good, &FIELDS).await.expect_redirect(&format!("/panel/confirm?next={path}"));
    }
    assert_eq!(changes(&world, &world.merchant_id()).await, before, "nothing was changed");

    let path = format!("/panel/keys/{}", records.key);
    browser.post(&path, &good, &FIELDS).await.expect_redirect(&format!("/panel/confirm?next={path}"));
    let password = world.text("/panel/password");
    browser.post("/panel/confirm", &good, &[("password", &password)]).await.expect_redirect(&path);
    let page = browser.get(&path).await;
    page.expect_page(200, "value=\"Taken over\"");
    page.expect_page(200, "203.0.113.0/24</textarea>");
    assert_eq!(changes(&world, &world.merchant_id()).await, before, "it waits for the button");
}
