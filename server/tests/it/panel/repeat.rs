//! Forms that are sent twice: by a double click, by a reload of the answer, from a second tab.

use std::time::Duration;

use tollgate::administration::Page;

use super::browser::{Browser, token};
use crate::world::{World, world};

/// A form that makes something: its page, what is filled in, and what is counted.
struct Making {
    path: &'static str,
    fields: &'static [(&'static str, &'static str)],
    list: &'static str,
    /// In the list, once for each record.
    mark: &'static str,
    /// Whether the second answer leads to what was made.
    leads: bool,
}

const MAKING: [Making; 5] = [
    Making {
        path: "/panel/keys/new/caibo",
        fields: &[("name", "Twice"), ("chosen", "yes"), ("scope.payment_requests:read", "on")],
        list: "/panel/keys",
        mark: ">Twice</a>",
        leads: true,
    },
    Making {
        path: "/panel/clients/new/alternative",
        fields: &[("name", "Twice")],
        list: "/panel/clients",
        mark: ">Twice</a>",
        leads: true,
    },
    Making {
        path: "/panel/webhooks/new/alternative",
        fields: &[("url", "https://hooks.shop.example/twice"), ("bearer", "on")],
        list: "/panel/webhooks",
        mark: "hooks.shop.example/twice",
        leads: true,
    },
    Making {
        path: "/panel/webhooks/secrets/new/pledg-request",
        fields: &[],
        list: "/panel/webhooks/secrets",
        mark: "<th scope=\"row\"><code>",
        leads: false,
    },
    Making {
        path: "/panel/webhooks/secrets/new/webhook",
        fields: &[],
        list: "/panel/webhooks/secrets",
        mark: "<th scope=\"row\"><code>",
        leads: false,
    },
];

/// How many records of the merchant the log tells of.
async fn changes(world: &World) -> usize {
    world.services.administration.audit(Some(&world.merchant_id()), Page::first(1000)).await.unwrap().len()
}

#[tokio::test]
pub(super) async fn a_form_that_is_sent_again_makes_nothing_and_shows_no_secret() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    for Making { path, fields, list, mark, leads } in MAKING {
        let before = browser.get(list).await.text().matches(mark).count();
        let good = token(&browser.get(path).await.text()).unwrap();
        let first = browser.post(path, &good, fields).await;
        first.expect_page(200, "id=\"secret\"");
        let (made, told) = (browser.get(list).await.text().matches(mark).count(), changes(&world).await);
        assert_eq!(made, before + 1, "{path}");
        for _ in 0..2 {
            let again = browser.post(path, &good, fields).await;
            again.expect_page(409, "This form was sent already");
            assert!(!again.text().contains("id=\"secret\""), "{path}");
            assert_eq!(again.text().contains("See what was made"), leads, "{path}");
        }
        assert_eq!(browser.get(list).await.text().matches(mark).count(), made, "{path}");
        assert_eq!(changes(&world).await, told, "{path}");
        // A new page is a new form.
        browser.submit(path, fields).await.expect_page(200, "id=\"secret\"");
    }
}

#[tokio::test]
async fn the_second_answer_leads_to_what_was_made() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let Making { path, fields, .. } = MAKING[0];
    let good = token(&browser.get(path).await.text()).unwrap();
    browser.post(path, &good, fields).await.expect_page(200, "id=\"secret\"");
    let again = browser.post(path, &good, fields).await.text();
    let (_, link) = again.split_once("main\" href=\"").unwrap();
    let link = link.split_once('"').unwrap().0;
    browser.get(link).await.expect_page(200, "Twice");
}

#[tokio::test]
pub(super) async fn of_two_clicks_at_once_one_makes_a_key() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let Making { path, fields, list, mark, .. } = MAKING[0];
    let good = token(&browser.get(path).await.text()).unwrap();
    let cookie = browser.cookie.clone();
    let press = async || {
        let mut tab = Browser::new(&world);
        tab.cookie.clone_from(&cookie);
        tab.post(path, &good, fields).await.status.as_u16()
    };
    let (a, b, c) = tokio::join!(press(), press(), press());
    let mut statuses = [a, b, c];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409]);
    assert_eq!(browser.get(list).await.text().matches(mark).count(), 1);
}

#[tokio::test]
pub(super) async fn a_form_that_was_refused_can_be_sent_again() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let path = MAKING[0].path;
    let good = token(&browser.get(path).await.text()).unwrap();
    let wrong = [("chosen", "yes"), ("scope.payment_requests:read", "on"), ("expires", "2025-01-01")];
    browser.post(path, &good, &wrong).await.expect_page(422, "lies ahead");
    browser.post(path, &good, MAKING[0].fields).await.expect_page(200, "id=\"secret\"");
}

#[tokio::test]
async fn what_a_browser_asked_for_is_done_to_its_end_when_it_goes_away() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let Making { path, fields, list, mark, .. } = MAKING[0];
    let good = token(&browser.get(path).await.text()).unwrap();
    let sending = browser.post(path, &good, fields);
    assert!(tokio::time::timeout(Duration::ZERO, sending).await.is_err(), "it has only begun");
    let told = world.services.mailer.kept_from(1).await;
    assert_eq!(told[0].subject, "A new test API key was made", "the owners hear of it all the same");
    let again = browser.post(path, &good, fields).await;
    again.expect_page(409, "This form was sent already");
    assert_eq!(browser.get(list).await.text().matches(mark).count(), 1);
}

#[tokio::test]
async fn a_form_token_names_one_showing_and_fits_its_own_session() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let tokens: Vec<_> = [browser.get("/panel").await, browser.get("/panel").await]
        .iter()
        .map(|page| token(&page.text()).unwrap())
        .collect();
    assert_ne!(tokens[0], tokens[1]);
    let (id, digest) = tokens[0].split_once('.').unwrap();
    let other = tokens[1].split_once('.').unwrap().0;
    assert_eq!((id.len(), digest.len()), (22, 43));
    for forged in [format!("{other}.{digest}"), format!(".{digest}"), digest.to_owned(), format!("{id}{digest}")] {
        let refused = browser.post("/panel/mode", &forged, &[("mode", "live")]).await;
        refused.expect_page(403, "This form is out of date");
    }
    for token in &tokens {
        browser.post("/panel/mode", token, &[("mode", "test")]).await.expect_redirect("/panel");
    }
}
