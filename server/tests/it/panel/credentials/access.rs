//! `/panel/access…`

use crate::panel::browser::Browser;
use crate::world::{Call, World, world};

async fn status(world: &World) -> u16 {
    let key = world.text("/caibo/api_key_test");
    world.send(Call::get("/auth/whoami").header("x-api-key", key)).await.status.as_u16()
}

#[tokio::test]
pub(in crate::panel) async fn the_address_list_binds_api_calls_and_not_the_panel() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    browser.get("/panel/access").await.expect_page(200, "Your own address is <code>127.0.0.1</code>");
    let path = "/panel/access/addresses";
    let fields = [("reach", "only"), ("networks", "203.0.113.0/24\n127.0.0.1")];
    browser.submit(path, &fields).await.expect_redirect("/panel/access");
    assert_eq!(status(&world).await, 200);
    let narrow = [("reach", "only"), ("networks", "203.0.113.0/24\n2001:db8::/32")];
    let answer = browser.submit(path, &narrow).await;
    answer.expect_page(422, "Your own address, 127.0.0.1, is not on this list.");
    answer.expect_page(422, "2001:db8::/32</textarea>");
    assert_eq!(status(&world).await, 200, "nothing was changed");
    let sure = [narrow[0], narrow[1], ("left_out", "on")];
    browser.submit(path, &sure).await.expect_redirect("/panel/access");
    assert_eq!(status(&world).await, 403);
    let page = browser.get("/panel/access").await;
    page.expect_page(200, "<code>2001:db8::/32</code>");
    page.expect_page(200, "It does not bind this panel");
    browser.submit(path, &[("reach", "anywhere")]).await.expect_redirect("/panel/access");
    assert_eq!(status(&world).await, 200);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_not_stored() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    for (networks, fault) in [
        ("", "at least one address"),
        ("10.0.0.0/8\n0.0.0.0/0", "Entry 2"),
        ("fe80::1%eth0", "no IPv4 or IPv6 address"),
        ("010.0.0.1", "no IPv4 or IPv6 address"),
    ] {
        let answer = browser.submit("/panel/access/addresses", &[("reach", "only"), ("networks", networks)]).await;
        answer.expect_page(422, fault);
        assert_eq!(status(&world).await, 200, "{networks:?}");
    }
}

#[tokio::test]
pub(in crate::panel) async fn domains_are_origins_and_count_for_payment_pages() {
    let world = world().await;
    let mut browser = Browser::owner(&world).await;
    let path = "/panel/access/domains";
    browser
        .submit(path, &[("domains", "Shop.example/cart")])
        .await
        .expect_page(422, "Did you mean https://shop.example?");
    let origins = "https://new.example\r\nhttps://new.example:8443\r\n";
    browser.submit(path, &[("domains", origins)]).await.expect_redirect("/panel/access");
    browser.get("/panel/access").await.expect_page(200, "<code>https://new.example:8443</code>");
    let merchant = world.services.administration.merchant(&world.merchant_id()).await.unwrap().unwrap();
    assert_eq!(merchant.domains, ["https://new.example", "https://new.example:8443"]);
    let many: Vec<_> = (0..101).map(|n| format!("https://s{n}.example")).collect();
    browser.submit(path, &[("domains", &many.join("\n"))]).await.expect_page(422, "room for 100");
}
