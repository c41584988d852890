//! `/panel/webhooks…`

use tollgate::account::SecretPurpose;
use tollgate::administration::Page;
use tollgate_apikey::{Mode, Status};

use super::records::Records;
use super::shown;
use crate::panel::browser::{Browser, token};
use crate::world::world;

#[tokio::test]
pub(in crate::panel) async fn an_endpoint_is_registered_tried_and_removed() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let url = "https://shop.example/hook?a=1";
    let answer = browser.submit("/panel/webhooks/new/caibo", &[("url", url)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let path = answer.header("location").unwrap().to_owned();
    browser.get("/panel/webhooks").await.expect_page(200, url);
    let answer = browser.submit_from(&path, &format!("{path}/test"), &[]).await;
    let delivery = answer.header("location").unwrap().to_owned();
    assert!(delivery.starts_with("/panel/webhooks/deliveries/msg_"), "{delivery}");
    browser.get(&delivery).await.expect_page(200, "No attempt yet");
    for list in ["/panel/webhooks", "/panel/webhooks/deliveries"] {
        browser.get(list).await.expect_page(200, &delivery);
    }
    browser.submit(&format!("{path}/remove"), &[]).await.expect_redirect("/panel/webhooks");
    browser.get(&path).await.expect_page(404, "Not found");
    browser.get(&delivery).await.expect_page(404, "Not found");
    let entries = world.services.administration.audit(Some(&world.merchant_id()), Page::first(3)).await.unwrap();
    let told: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(told, ["webhook_endpoint.removed", "webhook.test_sent", "webhook_endpoint.registered"]);
}

#[tokio::test]
async fn an_address_deliveries_do_not_go_to_is_refused_with_one_text() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let mut texts = Vec::new();
    for url in ["http://shop.example/", "https://10.0.0.1/", "https://localhost/", "https://shop.example:22/", "x", ""]
    {
        let answer = browser.submit("/panel/webhooks/new/88pay", &[("url", url)]).await;
        answer.expect_page(422, &format!("value=\"{url}\""));
        let text = answer.text();
        texts.push(text.split_once("id=\"url-fault\">").unwrap().1.split_once('<').unwrap().0.to_owned());
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    browser.get("/panel/webhooks/new/cardpluspay").await.expect_page(404, "Not found");
}

#[tokio::test]
async fn an_alternative_endpoint_may_have_a_secret_key_of_its_own() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let fields = [("url", "https://shop.example/alt"), ("bearer", "on")];
    let secret = shown(&browser.submit("/panel/webhooks/new/alternative", &fields).await);
    assert_eq!(secret.len(), 43);
    let endpoints = world.services.webhooks.endpoints(&world.merchant_id(), Mode::Test).await.unwrap();
    let path = format!("/panel/webhooks/endpoints/{}", endpoints[0].id);
    let page = browser.get(&path).await;
    page.expect_page(200, "Sent with every delivery");
    assert!(!page.text().contains(&secret));
    let answer = browser.submit("/panel/webhooks/new/caibo", &fields).await;
    assert_eq!(answer.status, 303, "other dialects have none: {}", answer.text());
}

#[tokio::test]
pub(in crate::panel) async fn a_secret_is_made_shown_rotated_and_revoked() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let (administration, merchant) = (&world.services.administration, world.merchant_id());
    let ids = async || -> Vec<_> {
        let secrets = administration.secrets(&merchant, Mode::Test, SecretPurpose::Webhook).await.unwrap();
        secrets.iter().map(|secret| secret.id).collect()
    };
    let before = ids().await;
    let made = shown(&browser.submit("/panel/webhooks/secrets/new/webhook", &[]).await);
    let id = ids().await.into_iter().find(|id| !before.contains(id)).unwrap();
    let list = browser.get("/panel/webhooks/secrets").await;
    list.expect_page(200, id.as_str());
    assert!(!list.text().contains(&made) && !list.text().contains("whsec_"));
    let path = |step: &str| format!("/panel/webhooks/secrets/{id}/{step}");
    assert_eq!(shown(&browser.submit(&path("reveal"), &[]).await), made);
    let entries = administration.audit(Some(&merchant), Page::first(1)).await.unwrap();
    assert_eq!((entries[0].action.as_str(), entries[0].subject.as_str()), ("secret.revealed", id.as_str()));

    let good = token(&browser.get(&path("rotate")).await.text()).unwrap();
    let new = shown(&browser.post(&path("rotate"), &good, &[("overlap", "3600")]).await);
    assert_ne!(new, made);
    browser.post(&path("rotate"), &good, &[("overlap", "3600")]).await.expect_page(409, "rotated already");
    browser.submit(&path("revoke"), &[]).await.expect_redirect("/panel/webhooks/secrets");
    browser.get("/panel/webhooks/secrets").await.expect_page(200, "The secret is revoked.");
    let end = administration.secrets(&merchant, Mode::Test, SecretPurpose::Webhook).await.unwrap();
    let usable = |status| matches!(status, Status::Active | Status::Retiring { .. });
    let left = end.iter().filter(|secret| usable(secret.lifecycle.status(world.now()))).count();
    assert_eq!(left, before.len() + 1, "the one before and the successor");
}

#[tokio::test]
async fn a_fifth_secret_in_force_is_refused() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    for purpose in ["webhook", "pledg-notification", "pledg-request"] {
        let path = format!("/panel/webhooks/secrets/new/{purpose}");
        // The demo merchant has one of each.
        for _ in 0..3 {
            shown(&browser.submit(&path, &[]).await);
        }
        browser.submit(&path, &[]).await.expect_page(409, "4 of a kind can be in force");
    }
    browser.get("/panel/webhooks/secrets/new/session").await.expect_page(404, "Not found");
}

#[tokio::test]
async fn a_disabled_endpoint_is_enabled_by_a_button() {
    let world = world().await;
    let records = Records::of(&world, &world.merchant_id(), Mode::Test).await;
    let mut browser = Browser::owner(&world).await;
    let path = format!("/panel/webhooks/endpoints/{}", records.endpoint);
    browser.submit_from(&path, &format!("{path}/enable"), &[]).await.expect_redirect(&path);
    browser.get(&path).await.expect_page(200, "The endpoint is active.");
    browser.get(&format!("{path}/enable")).await.expect_redirect("/panel/webhooks");
}

#[tokio::test]
pub(in crate::panel) async fn a_secret_made_elsewhere_is_taken_over_once_and_not_shown_when_it_is_wrong() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let (administration, merchant) = (&world.services.administration, world.merchant_id());
    let whsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
    let table = [
        ("webhook", whsec, SecretPurpose::Webhook),
        ("pledg-notification", "0123456789abcdef0123456789abcdef", SecretPurpose::PledgNotification),
        ("pledg-request", "a request secret of another maker, long enough", SecretPurpose::PledgRequest),
    ];
    for (word, text, purpose) in table {
        let path = format!("/panel/webhooks/secrets/import/{word}");
        let unreadable = format!("{text}\u{7}");
        for (wrong, fault) in
            [("4711-4712", "too short to be safe"), ("", "too short"), (&unreadable, "does not have the form")]
        {
            let refused = browser.submit(&path, &[("foreign_secret", wrong)]).await;
            refused.expect_page(422, fault);
            assert!(wrong.is_empty() || !refused.text().contains(wrong), "{word}: what was typed is not shown");
        }
        let good = token(&browser.get(&path).await.text()).unwrap();
        let fields = [("foreign_secret", text)];
        browser.post(&path, &good, &fields).await.expect_redirect("/panel/webhooks/secrets");
        browser.get("/panel/webhooks/secrets").await.expect_page(200, "was taken over");
        browser.post(&path, &good, &fields).await.expect_page(409, "This form was sent already");
        let secrets = administration.secrets(&merchant, Mode::Test, purpose).await.unwrap();
        assert_eq!(secrets.len(), 2, "{word}: the demo's and this one");
        let entries = administration.audit(Some(&merchant), Page::first(1)).await.unwrap();
        assert_eq!(entries[0].action, "secret.imported", "{word}");
        let path = format!("/panel/webhooks/secrets/{}/reveal", entries[0].subject);
        assert_eq!(shown(&browser.submit(&path, &[]).await), text, "{word}");
    }
    browser.get("/panel/webhooks/secrets/import/session").await.expect_page(404, "Not found");
}
