//! Markup in any field is text wherever it is shown.

use tollgate_apikey::Mode;

use super::records::Records;
use crate::panel::browser::Browser;
use crate::world::world;

const MARKUP: &str = "\"'></textarea><script>alert(1)</script><img src=x onerror=alert(1)>";

#[tokio::test]
async fn markup_in_every_field_is_shown_as_text() {
    let world = world().await;
    let records = Records::of(&world, &world.merchant_id(), Mode::Test).await;
    let mut browser = Browser::owner(&world).await;
    let (key, client, rsa, secret) = (&records.key, &records.client, &records.rsa_key, &records.secret);
    let newest = browser.get(&format!("/panel/clients/{client}/rotate")).await.text();
    let newest = newest.split_once("name=\"seen\" value=\"").unwrap().1[..12].to_owned();
    let forms: Vec<(String, Vec<(&str, &str)>)> = vec![
        (
            "/panel/keys/new/caibo".to_owned(),
            vec![("name", MARKUP), ("expires", MARKUP), ("reach", "only"), ("networks", MARKUP)],
        ),
        (format!("/panel/keys/{key}"), vec![("name", MARKUP), ("reach", "only"), ("networks", MARKUP)]),
        (format!("/panel/keys/{key}/rotate"), vec![("overlap", "custom"), ("length", MARKUP), ("unit", "days")]),
        (
            format!("/panel/clients/{client}/rotate"),
            vec![("overlap", "custom"), ("length", MARKUP), ("unit", MARKUP), ("seen", &newest)],
        ),
        (
            format!("/panel/webhooks/secrets/{secret}/rotate"),
            vec![("overlap", "custom"), ("length", MARKUP), ("unit", "days")],
        ),
        (
            format!("/panel/signing/keys/{rsa}/retire"),
            vec![("overlap", "custom"), ("length", MARKUP), ("unit", "days")],
        ),
        ("/panel/clients/new/alternative".to_owned(), vec![("chosen", "yes"), ("name", MARKUP)]),
        (
            "/panel/clients/import/alternative".to_owned(),
            vec![("chosen", "yes"), ("foreign_id", MARKUP), ("foreign_secret", "s"), ("name", MARKUP)],
        ),
        ("/panel/webhooks/new/caibo".to_owned(), vec![("url", MARKUP)]),
        ("/panel/access/addresses".to_owned(), vec![("reach", "only"), ("networks", MARKUP)]),
        ("/panel/access/domains".to_owned(), vec![("domains", MARKUP)]),
        ("/panel/signing/on".to_owned(), vec![("challenge", MARKUP), ("signature", MARKUP)]),
        ("/panel/signing/keys/new".to_owned(), vec![("encoded_key", MARKUP)]),
    ];
    for (path, fields) in &forms {
        let answer = browser.submit(path, fields).await;
        answer.expect_page(422, "class=\"fault\"");
        assert_inert(path, &answer.text());
    }
    // Texts that are stored, and shown on other pages.
    let name = "</code><script>alert(1)</script>\"'";
    let fields = [("name", name), ("chosen", "yes"), ("scope.payment_requests:read", "on")];
    let page = browser.submit("/panel/keys/new/caibo", &fields).await;
    page.expect_page(200, "&#60;script&#62;alert(1)&#60;/script&#62;");
    browser
        .submit(&format!("/panel/keys/{key}"), &[("name", name)])
        .await
        .expect_redirect(&format!("/panel/keys/{key}"));
    browser.submit("/panel/clients/new/pledg", &[("chosen", "yes"), ("name", name)]).await;
    let foreign =
        [("chosen", "yes"), ("foreign_id", MARKUP), ("foreign_secret", "sixteen bytes or more"), ("name", name)];
    let taken = browser.submit("/panel/clients/import/pledg", &foreign).await;
    let taken = taken.header("location").unwrap().to_owned();
    let url = "https://shop.example/<script>alert(1)</script>";
    let registered = browser.submit("/panel/webhooks/new/caibo", &[("url", url)]).await;
    let mut pages = vec![
        "/panel/keys".to_owned(),
        format!("/panel/keys/{key}"),
        format!("/panel/keys/{key}/rotate"),
        format!("/panel/keys/{key}/revoke"),
        "/panel/clients".to_owned(),
        taken.clone(),
        format!("{taken}/rotate"),
        format!("{taken}/revoke"),
        "/panel/webhooks".to_owned(),
        "/panel/audit".to_owned(),
    ];
    pages.extend(registered.header("location").map(str::to_owned));
    for path in pages {
        let answer = browser.get(&path).await;
        answer.expect_page(200, "<main");
        assert_inert(&path, &answer.text());
    }
}

#[track_caller]
fn assert_inert(path: &str, html: &str) {
    for live in ["<script>", "<img src=x", "</textarea><script", "onerror=alert(1)>"] {
        assert!(!html.contains(live), "{path} has {live}");
    }
}
