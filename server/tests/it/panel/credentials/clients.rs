//! `/panel/clients…`

use tollgate::administration::Page;
use tollgate_apikey::Mode;

use super::records::Records;
use super::{count, shown};
use crate::panel::browser::{Browser, token};
use crate::world::{Call, World, world};

/// What a pair gets at Pledg's token endpoint.
async fn status(world: &World, id: &str, secret: &str) -> u16 {
    use base64::Engine;
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    let call = Call::post("/api/token").header("authorization", format!("Basic {pair}"));
    let call = call.header("content-type", "application/x-www-form-urlencoded").body("grant_type=client_credentials");
    world.send(call).await.status.as_u16()
}

/// The client id and the path of a new Pledg client, and its secret.
async fn make(browser: &mut Browser<'_>) -> (String, String, String) {
    let answer = browser.submit("/panel/clients/new/pledg", &[("chosen", "yes"), ("name", "Shop")]).await;
    let secret = shown(&answer);
    let text = answer.text();
    let id =
        text.split_once("id=\"beside\"").unwrap().1.split_once('>').unwrap().1.split_once('<').unwrap().0.to_owned();
    let path = format!("/panel/clients/{}", &id.strip_prefix("client_test_").unwrap()[..12]);
    (id, path, secret)
}

#[tokio::test]
pub(in crate::panel) async fn a_client_shows_its_id_always_and_its_secret_once() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let (id, path, secret) = make(&mut browser).await;
    assert_eq!(status(&world, &id, &secret).await, 200);
    for page in ["/panel/clients", &path, "/panel/audit"] {
        let answer = browser.get(page).await;
        assert!(!answer.text().contains(&secret[31..]), "{page}");
    }
    browser.get("/panel/clients").await.expect_page(200, &id);
    browser.get(&path).await.expect_page(200, &format!("client_secret_test_…{}", &secret[secret.len() - 4..]));
}

#[tokio::test]
pub(in crate::panel) async fn a_secret_is_rotated_with_an_overlap_and_a_second_tab_is_told() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let (id, path, old) = make(&mut browser).await;
    let rotate = format!("{path}/rotate");
    let page = browser.get(&rotate).await.text();
    let seen = page.split_once("name=\"seen\" value=\"").unwrap().1[..12].to_owned();
    let good = token(&page).unwrap();
    let new = shown(&browser.post(&rotate, &good, &[("overlap", "3600"), ("seen", &seen)]).await);
    let second = browser.post(&rotate, &good, &[("overlap", "0"), ("understood", "on"), ("seen", &seen)]).await;
    second.expect_page(409, "This secret has been rotated already");
    assert_eq!((status(&world, &id, &old).await, status(&world, &id, &new).await), (200, 200), "nothing is lost");
    browser.get("/panel/clients").await.expect_page(200, "2 secrets work");
    world.advance(3600);
    assert_eq!((status(&world, &id, &old).await, status(&world, &id, &new).await), (401, 200));
}

#[tokio::test]
pub(in crate::panel) async fn one_secret_or_the_whole_client_is_revoked() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let (id, path, old) = make(&mut browser).await;
    let seen = browser.get(&format!("{path}/rotate")).await.text();
    let seen = seen.split_once("name=\"seen\" value=\"").unwrap().1[..12].to_owned();
    let new = shown(&browser.submit(&format!("{path}/rotate"), &[("overlap", "604800"), ("seen", &seen)]).await);
    let revoke = format!("/panel/clients/secrets/{seen}/revoke");
    browser.submit(&revoke, &[]).await.expect_redirect(&path);
    assert_eq!((status(&world, &id, &old).await, status(&world, &id, &new).await), (401, 200));
    browser.submit(&format!("{path}/revoke"), &[]).await.expect_redirect(&path);
    assert_eq!(status(&world, &id, &new).await, 401);
    browser.get(&path).await.expect_page(200, "The client is revoked");
    browser.get(&format!("{path}/rotate")).await.expect_page(409, "no secret left to rotate");
}

#[tokio::test]
pub(in crate::panel) async fn a_pair_made_elsewhere_goes_on_working() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let (id, secret) = ("merchant-7 <old>", "an old secret, 16+ bytes");
    let fields = [("chosen", "yes"), ("foreign_id", id), ("foreign_secret", secret), ("name", "Old system")];
    let answer = browser.submit("/panel/clients/import/pledg", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    let path = answer.header("location").unwrap().to_owned();
    assert_eq!(status(&world, id, secret).await, 200);
    let page = browser.get(&path).await;
    page.expect_page(200, "merchant-7 &#60;old&#62;");
    page.expect_page(200, "made elsewhere");
    assert!(!page.text().contains(secret));

    let table: &[(&[(&str, &str)], &str)] = &[
        (&fields, "it is in use"),
        (&[("foreign_id", ""), ("foreign_secret", secret)], "1 to 255 bytes"),
        (&[("foreign_id", "client_test_AAAAAAAAAAAA1IR4jy"), ("foreign_secret", "tiny-9")], "16 bytes at least"),
        (&[("foreign_id", "other"), ("foreign_secret", "a control \u{7} character")], "without control characters"),
    ];
    for (fields, fault) in table {
        let answer = browser.submit("/panel/clients/import/pledg", fields).await;
        answer.expect_page(422, fault);
        let typed = fields.iter().find(|(name, _)| *name == "foreign_secret").unwrap().1;
        assert!(!answer.text().contains(typed), "a typed secret is never shown again");
    }
}

#[tokio::test]
async fn a_typed_secret_does_not_wait_for_the_password() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let good = token(&browser.get("/panel").await.text()).unwrap();
    world.advance(5 * 60);
    let path = "/panel/clients/import/pledg";
    browser.get(path).await.expect_redirect(&format!("/panel/confirm?next={path}"));
    let fields = [("chosen", "yes"), ("foreign_id", "kept-id"), ("foreign_secret", "never-kept-secret")];
    browser.post(path, &good, &fields).await.expect_redirect(&format!("/panel/confirm?next={path}"));
    let password = world.text("/panel/password");
    browser.post("/panel/confirm", &good, &[("password", &password)]).await.expect_redirect(path);
    let page = browser.get(path).await;
    page.expect_page(200, "kept-id");
    assert!(!page.text().contains("never-kept-secret"));
}

#[tokio::test]
async fn a_client_of_the_other_mode_is_in_the_list_of_that_mode_only() {
    let world = world().await;
    let live = Records::of(&world, &world.merchant_id(), Mode::Live).await;
    let mut browser = Browser::owner(&world).await;
    assert_eq!(count(&browser.get("/panel/clients").await, &live.client), 0);
    let mut live_browser = Browser::owner(&world).await;
    live_browser.submit_from("/panel", "/panel/mode", &[("mode", "live")]).await.expect_redirect("/panel");
    assert!(count(&live_browser.get("/panel/clients").await, &live.client) > 0);
    live_browser.get("/panel/keys/new/caibo").await.expect_page(200, "caibo_live_sk_");
}

#[tokio::test]
pub(in crate::panel) async fn a_secret_has_an_address_list_that_its_successor_inherits() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let (id, path, secret) = make(&mut browser).await;
    let page = browser.get(&path).await.text();
    let (_, rest) = page.split_once("/panel/clients/secrets/").unwrap();
    let list = format!("/panel/clients/secrets/{}/addresses", &rest[..12]);
    browser.get(&path).await.expect_page(200, &list);
    let wrong = [("reach", "only"), ("networks", "10.0.0.1/8")];
    browser.submit(&list, &wrong).await.expect_page(422, "The network is 10.0.0.0/8");
    assert_eq!(status(&world, &id, &secret).await, 200);
    let elsewhere = [("reach", "only"), ("networks", "203.0.113.0/24")];
    browser.submit(&list, &elsewhere).await.expect_redirect(&path);
    browser.get(&path).await.expect_page(200, "203.0.113.0/24");
    assert_eq!(status(&world, &id, &secret).await, 403, "it counts at the next call");
    let entries = world.services.administration.audit(Some(&world.merchant_id()), Page::first(1)).await.unwrap();
    assert_eq!((entries[0].action.as_str(), entries[0].subject.as_str()), ("key.ip_list_set", &rest[..12]));

    let seen = [("overlap", "3600"), ("seen", &rest[..12])];
    let successor = shown(&browser.submit(&format!("{path}/rotate"), &seen).await);
    assert_eq!(status(&world, &id, &successor).await, 403, "the list is handed on");
    let page = browser.get(&path).await.text();
    let newest = &page.split_once("/panel/clients/secrets/").unwrap().1[..12];
    let list = format!("/panel/clients/secrets/{newest}/addresses");
    browser.submit(&list, &[("reach", "anywhere")]).await.expect_redirect(&path);
    assert_eq!(status(&world, &id, &successor).await, 200);
    browser.submit(&format!("{path}/revoke"), &[]).await.expect_redirect(&path);
    browser.get(&list).await.expect_page(200, "its list counts for nothing");
}
