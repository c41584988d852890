//! `/panel/keys…`

use tollgate::account::KeyFamily;
use tollgate::administration::{Actor, NewSamples, Page};
use tollgate_apikey::{KeyId, Mode};

use super::{count, shown};
use crate::panel::browser::{Browser, PASSWORD, make_user, stranger, token};
use crate::world::{Call, World, world};

/// What a key opens at Caibo.
async fn status(world: &World, key: &str) -> u16 {
    world.send(Call::get("/auth/whoami").header("x-api-key", key)).await.status.as_u16()
}

/// The public id in a Caibo test key.
fn id_of(key: &str) -> String {
    key.strip_prefix("caibo_test_sk_").unwrap()[..12].to_owned()
}

/// Fields of a form: names and values.
type Fields<'a> = &'a [(&'a str, &'a str)];

const ALL_SCOPES: [(&str, &str); 4] = [
    ("chosen", "yes"),
    ("scope.payment_requests:read", "on"),
    ("scope.payment_requests:write", "on"),
    ("scope.checkout_sessions:write", "on"),
];

async fn make(browser: &mut Browser<'_>, fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = ALL_SCOPES.iter().chain(fields).copied().collect();
    shown(&browser.submit("/panel/keys/new/caibo", &fields).await)
}

#[tokio::test]
pub(in crate::panel) async fn a_key_is_shown_once_and_works_at_once_within_its_limits() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let key = make(&mut browser, &[("name", "Checkout server"), ("expires", "2026-02-01")]).await;
    assert_eq!(status(&world, &key).await, 200);
    for page in ["/panel/keys".to_owned(), format!("/panel/keys/{}", id_of(&key)), "/panel/audit".to_owned()] {
        let answer = browser.get(&page).await;
        assert!(!answer.text().contains(&key), "{page}");
        let secret = &key["caibo_test_sk_".len() + 12..];
        assert!(!answer.text().contains(&secret[..8]), "{page} shows a part of the secret");
    }
    let masked = format!("caibo_test_sk_…{}", &key[key.len() - 4..]);
    browser.get("/panel/keys").await.expect_page(200, &masked);
    browser.get("/panel/keys").await.expect_page(200, "2026-02-01 00:00 UTC");

    let narrow =
        [("chosen", "yes"), ("scope.payment_requests:read", "on"), ("reach", "only"), ("networks", "203.0.113.0/24")];
    let key = shown(&browser.submit("/panel/keys/new/caibo", &narrow).await);
    assert_eq!(status(&world, &key).await, 403, "it may not come from here");
    let stored = world.services.administration.key(KeyId::parse(&id_of(&key)).unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.scopes.to_string(), "payment_requests:read");
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_not_made_and_what_was_typed_stays() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let before = count(&browser.get("/panel/keys").await, "<th scope=\"row\">");
    let long = "x".repeat(65);
    let table: [(Fields<'_>, &str, &str); 7] = [
        (&[("chosen", "yes"), ("name", "Kept")], "Tick at least one", "value=\"Kept\""),
        (&[("chosen", "yes"), ("scope.everything", "on")], "Tick at least one", "scope.payment_requests:read"),
        (&[("name", &long)], "64 characters", &long),
        (&[("expires", "tomorrow")], "year-month-day", "value=\"tomorrow\""),
        (&[("expires", "2026-01-01")], "lies ahead", "value=\"2026-01-01\""),
        (&[("reach", "only"), ("networks", "10.0.0.1/8")], "The network is 10.0.0.0/8", "10.0.0.1/8</textarea>"),
        (&[("reach", "only"), ("networks", "")], "at least one address", "value=\"only\" checked"),
    ];
    for (fields, fault, kept) in table {
        let answer = browser.submit("/panel/keys/new/caibo", fields).await;
        answer.expect_page(422, fault);
        answer.expect_page(422, kept);
    }
    assert_eq!(count(&browser.get("/panel/keys").await, "<th scope=\"row\">"), before);
    browser.get("/panel/keys/new/pledg").await.expect_page(404, "Not found");
}

#[tokio::test]
async fn before_the_approval_there_are_no_live_keys_of_the_apis_that_ask_for_it() {
    let world = world().await;
    let user = stranger(&world).await;
    let mut browser = Browser::signed_in(&world, user.email.as_str(), PASSWORD).await;
    browser.submit_from("/panel", "/panel/mode", &[("mode", "live")]).await.expect_redirect("/panel");
    for (dialect, status) in [("caibo", 422), ("88pay", 422), ("cardpluspay", 200)] {
        let answer = browser.submit(&format!("/panel/keys/new/{dialect}"), &[("name", "Early")]).await;
        answer.expect_page(status, if status == 200 { "id=\"secret\"" } else { "once your account is approved" });
    }
    assert_eq!(count(&browser.get("/panel/keys").await, "<th scope=\"row\">"), 1);
}

#[tokio::test]
pub(in crate::panel) async fn a_rotated_key_lives_for_its_overlap_and_a_second_tab_is_told() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let old = make(&mut browser, &[("name", "Till")]).await;
    let path = format!("/panel/keys/{}/rotate", id_of(&old));
    // Both tabs were opened before either form was sent.
    let tokens = [token(&browser.get(&path).await.text()).unwrap(), token(&browser.get(&path).await.text()).unwrap()];
    let new = shown(&browser.post(&path, &tokens[0], &[("overlap", "3600")]).await);
    let second = browser.post(&path, &tokens[1], &[("overlap", "0"), ("understood", "on")]).await;
    second.expect_page(409, "This key has been rotated already");
    second.expect_page(409, &format!("/panel/keys/{}\"", id_of(&new)));
    assert_eq!((status(&world, &old).await, status(&world, &new).await), (200, 200), "nothing is lost");
    let keys = browser.get("/panel/keys").await;
    assert_eq!(count(&keys, ">Till</a>"), 2);
    keys.expect_page(200, "Retiring");
    keys.expect_page(200, ">1 h</span> left");
    world.advance(3599);
    assert_eq!(status(&world, &old).await, 200);
    world.advance(1);
    assert_eq!((status(&world, &old).await, status(&world, &new).await), (401, 200));
}

#[tokio::test]
pub(in crate::panel) async fn of_rotations_at_once_one_makes_a_key() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let old = make(&mut browser, &[("name", "Till")]).await;
    let path = format!("/panel/keys/{}/rotate", id_of(&old));
    let good = token(&browser.get(&path).await.text()).unwrap();
    let cookie = browser.cookie.clone();
    let press = async || {
        let mut tab = Browser::new(&world);
        tab.cookie.clone_from(&cookie);
        tab.post(&path, &good, &[("overlap", "86400")]).await.status.as_u16()
    };
    let (a, b, c) = tokio::join!(press(), press(), press());
    let mut statuses = [a, b, c];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409]);
    assert_eq!(count(&browser.get("/panel/keys").await, ">Till</a>"), 2);
}

#[tokio::test]
async fn without_an_overlap_a_key_dies_at_once_and_only_on_purpose() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let old = make(&mut browser, &[]).await;
    let path = format!("/panel/keys/{}/rotate", id_of(&old));
    let page = browser.get(&path).await;
    page.expect_page(200, "value=\"0\" checked");
    page.expect_page(200, "Re-generate");
    let refused = browser.submit(&path, &[("overlap", "0")]).await;
    refused.expect_page(422, "Tick this, or choose an overlap.");
    assert_eq!(status(&world, &old).await, 200);
    let refused = browser.submit(&path, &[("overlap", "custom"), ("length", "31"), ("unit", "days")]).await;
    refused.expect_page(422, "30 days at most");
    refused.expect_page(422, "value=\"31\"");
    let new = shown(&browser.submit(&path, &[("overlap", "0"), ("understood", "on")]).await);
    assert_eq!((status(&world, &old).await, status(&world, &new).await), (401, 200));
    browser.get(&path).await.expect_page(409, "This key is no longer in use");

    let other =
        world.issue_key(&world.merchant_id(), None, KeyFamily::EIGHTY_EIGHT_PAY, Mode::Test, "balance:read").await;
    let other = other.strip_prefix("sk_test_").unwrap()[..12].to_owned();
    browser.get(&format!("/panel/keys/{other}/rotate")).await.expect_page(200, "value=\"86400\" checked");
}

#[tokio::test]
pub(in crate::panel) async fn a_revoked_key_is_dead_and_the_log_tells_who_did_it() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await.from([127, 0, 0, 9]);
    let key = make(&mut browser, &[]).await;
    let path = format!("/panel/keys/{}", id_of(&key));
    browser.submit(&format!("{path}/revoke"), &[]).await.expect_redirect(&path);
    assert_eq!(status(&world, &key).await, 401);
    let page = browser.get(&path).await;
    page.expect_page(200, "The key is revoked.");
    assert!(!page.text().contains("/rotate\"") && !page.text().contains("Save</button>"), "a dead key has no buttons");
    browser.submit(&format!("{path}/revoke"), &[]).await.expect_redirect(&path);
    browser.get(&path).await.expect_page(200, "was revoked before");
    let entries = world.services.administration.audit(Some(&world.merchant_id()), Page::first(2)).await.unwrap();
    let told: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.actor.as_str())).collect();
    let user = format!("user:{}", world.text("/panel/user_id"));
    assert_eq!(told, [("key.revoked", user.as_str()), ("key.issued", user.as_str())]);
    assert_eq!(entries[0].address.as_deref(), Some("127.0.0.9"));
}

#[tokio::test]
pub(in crate::panel) async fn name_and_address_list_of_a_key_count_at_the_next_call() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let key = make(&mut browser, &[("name", "Old name")]).await;
    let path = format!("/panel/keys/{}", id_of(&key));
    let fields = [("name", "New name"), ("reach", "only"), ("networks", "203.0.113.0/24\r\n2001:db8::/32")];
    browser.submit(&path, &fields).await.expect_redirect(&path);
    let page = browser.get(&path).await;
    page.expect_page(200, "<h1>New name</h1>");
    page.expect_page(200, "203.0.113.0/24\n2001:db8::/32</textarea>");
    assert_eq!(status(&world, &key).await, 403);
    browser.submit(&path, &[("name", "New name"), ("reach", "anywhere")]).await.expect_redirect(&path);
    assert_eq!(status(&world, &key).await, 200);
}

#[tokio::test]
async fn the_list_warns_of_old_keys_and_tells_the_last_use() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let key = make(&mut browser, &[("name", "Old")]).await;
    let path = format!("/panel/keys/{}", id_of(&key));
    browser.get(&path).await.expect_page(200, "never");
    world.send(Call::get("/auth/whoami").header("x-api-key", &key).from([127, 0, 0, 44])).await;
    browser.get(&path).await.expect_page(200, "127.0.0.44");
    world.advance(90 * 86_400);
    let mut browser = Browser::owner(&world).await;
    browser.get("/panel/keys").await.expect_page(200, "90 days old: rotate it");
    browser.get(&path).await.expect_page(200, "This key is 90 days old");
}

#[tokio::test]
async fn the_owners_are_told_of_new_keys() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let key = make(&mut browser, &[]).await;
    let mail = world.services.mailer.kept();
    assert_eq!(mail.len(), 1);
    assert!(mail[0].text.contains(&id_of(&key)) && !mail[0].text.contains(&key));
    browser.submit(&format!("/panel/keys/{}/rotate", id_of(&key)), &[("overlap", "3600")]).await;
    assert_eq!(world.services.mailer.kept().len(), 2);
}

#[tokio::test]
async fn ten_thousand_keys_are_shown_a_page_at_a_time() {
    let world = world().await;
    let samples = NewSamples { merchants: 1, keys: 16_670, first: 1, mode: Mode::Test };
    let made = world.services.administration.add_samples(&Actor::operator(), samples).await.unwrap();
    let merchant = &made[0].merchant;
    let user = make_user(&world, merchant, "many@shop.example", tollgate::account::Role::Owner).await;
    assert_eq!(user.merchant, *merchant);
    let mut browser = Browser::signed_in(&world, "many@shop.example", PASSWORD).await;
    let mut ids: Vec<_> =
        made.iter().filter(|sample| sample.client_id.is_none()).map(|sample| sample.id.as_str().to_owned()).collect();
    assert!(ids.len() >= 10_000);
    ids.sort_unstable_by(|a, b| b.cmp(a));
    // They were made in one second, so their ids put them in order: no page may lose or repeat one.
    let pages = [
        (String::from("/panel/keys"), 0),
        (format!("/panel/keys?after={}", ids[49]), 50),
        (format!("/panel/keys?after={}", ids[4999]), 5000),
        (format!("/panel/keys?after={}", ids[ids.len() - 3]), ids.len() - 2),
    ];
    for (path, first) in pages {
        let answer = browser.get(&path).await;
        let expected: Vec<_> = ids[first..].iter().take(50).collect();
        assert_eq!(count(&answer, "<th scope=\"row\">"), expected.len(), "{path}");
        for id in &expected {
            answer.expect_page(200, &format!("/panel/keys/{id}\""));
        }
        let more = first + 50 < ids.len();
        let next = format!("/panel/keys?after={}\"", expected.last().unwrap());
        assert_eq!(answer.text().contains(&next), more, "{path}");
        assert!(answer.body.len() < 128 * 1024, "{} bytes", answer.body.len());
    }
}
