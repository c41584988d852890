//! What ends a token, and what never was one.

use serde_json::{Value, json};
use tollgate::account::{ClientDialect, KeyFamily, MerchantStatus};
use tollgate::auth::ListenerMode;
use tollgate::payments::InvoiceStatus;
use tollgate_apikey::Mode;
use tollgate_client_address::{Cidr, IpList};

use super::{
    BAD_BEARER, BEARER, Client, INIT, access_claims, checkout, checkout_claims, demo_ids, error, expect_open,
    header_with, init, listener, oauth, payload_with, peer, read, second_merchant, sign, with,
};
use crate::world::{Call, LIVE, SANDBOX, T0, World, world};

#[tokio::test]
async fn every_token_that_is_not_good_at_init_gets_the_same_bytes() {
    let world = world().await;
    let client = Client::demo(&world);
    let merchant = world.merchant_id();
    let access = client.token(&world).await;
    let live = Client::make(&world, &merchant, ClientDialect::Alternative, Mode::Live, "checkout:init").await;
    let other = second_merchant(&world).await;
    let (caibo, pledg) = (world.text("/caibo/api_key_test"), world.text("/pledg/key"));
    let caibo = KeyFamily::CAIBO.format.parse(&caibo).unwrap().id();
    let (here, elsewhere) = (listener(&world, SANDBOX), listener(&world, "http://elsewhere.test"));
    let good = access_claims(&world, &client);
    let forge = |member: &str, value: &str| {
        sign(&world, here.rings(world.now()).alternative.keys(), &with(&good, member, json!(value)))
    };

    let pledg_secret = KeyFamily::CLIENT_SECRET.format.parse(&world.text("/pledg/secret")).unwrap().id();
    let mut all_of_pledg = good.clone();
    for (member, value) in [("sub", pledg.as_str()), ("client_id", pledg.as_str()), ("cid", pledg_secret.as_str())] {
        all_of_pledg = with(&all_of_pledg, member, json!(value));
    }

    let mut table = refused_anywhere(&world, &access).await;
    table.extend([
        ("checkout token", world.send(init(&world, &access)).await.member("token")),
        ("revoked secret", revoked_tokens(&world).await.0),
        ("live token", live.token(&world).await),
        ("another listener's issuer", sign(&world, elsewhere.rings(world.now()).alternative.keys(), &good)),
        ("the other key", sign(&world, here.rings(world.now()).checkout.keys(), &good)),
        ("another credential's kind", forge("cid", caibo.as_str())),
        ("no such credential", forge("cid", "x")),
        ("another client's sub", forge("sub", &live.id)),
        ("another client's id", forge("client_id", &live.id)),
        (
            "a Pledg client",
            sign(
                &world,
                here.rings(world.now()).alternative.keys(),
                &with(&with(&good, "sub", json!(pledg)), "client_id", json!(pledg)),
            ),
        ),
        ("a Pledg client and its secret", sign(&world, here.rings(world.now()).alternative.keys(), &all_of_pledg)),
        ("another partner", forge("partner_id", &other.in_mode(Mode::Test))),
        ("plain partner", forge("partner_id", &world.text("/merchant_id_live"))),
        ("scopes that do not read", forge("scope", "a  b")),
    ]);
    expect_uniform(&world, INIT, table).await;
    world.advance(1);
    let forged = sign(&world, here.rings(world.now()).alternative.keys(), &good);
    assert_eq!(world.send(init(&world, &forged)).await.status, 200, "what the forgeries are made of");
    let there = Call::post(INIT).bearer(&live.token(&world).await).json(&json!({})).live();
    assert_eq!(world.send(there).await.status, 400, "the live token where it belongs");
}

#[tokio::test]
async fn every_token_that_is_not_good_under_checkout_gets_the_same_bytes() {
    let world = world().await;
    let client = Client::demo(&world);
    let access = client.token(&world).await;
    let checkout = world.send(init(&world, &access)).await.member("token");
    let other = second_merchant(&world).await;
    let sibling = Client::make(&world, &world.merchant_id(), ClientDialect::Alternative, Mode::Test, "").await;
    let (here, elsewhere) = (listener(&world, SANDBOX), listener(&world, "http://elsewhere.test"));
    let good = checkout_claims(&world, &client);
    let forge =
        |member: &str, value: Value| sign(&world, here.rings(world.now()).checkout.keys(), &with(&good, member, value));

    let mut table = refused_anywhere(&world, &checkout).await;
    table.extend([
        ("access token", access),
        ("revoked secret", revoked_tokens(&world).await.1),
        ("another listener's issuer", sign(&world, elsewhere.rings(world.now()).checkout.keys(), &good)),
        ("the other key", sign(&world, here.rings(world.now()).alternative.keys(), &good)),
        ("another client's id", forge("client_id", json!(sibling.id))),
        ("another client's secret", forge("cid", json!(sibling.cid().as_str()))),
        ("no secret", forge("cid", Value::Null)),
        ("another partner", forge("partner_id", json!(other.in_mode(Mode::Test)))),
        ("plain partner", forge("partner_id", json!(world.text("/merchant_id_live")))),
        ("no such invoice", forge("invoice_id", json!("inv_unknown"))),
        ("an id with a slash", forge("invoice_id", json!("inv/x"))),
        ("another customer", forge("customer_id", json!("cus_other"))),
    ]);
    expect_uniform(&world, "/checkout/v1/invoice", table).await;
    world.advance(1);
    let forged = Call::get("/checkout/invoice").bearer(&sign(&world, here.rings(world.now()).checkout.keys(), &good));
    assert_eq!(world.send(forged).await.status, 200, "what the forgeries are made of");
}

/// Tokens of other kinds, and this one after it was touched.
async fn refused_anywhere(world: &World, token: &str) -> Vec<(&'static str, String)> {
    let client = Client::demo(world);
    let here = listener(world, SANDBOX);
    let pledg = json!({ "sub": client.id, "cid": client.cid().as_str(), "merchants": [] });
    let algorithm = if read(token).0["alg"] == "ES256" { "HS256" } else { "ES256" };
    vec![
        ("one part", "x".to_owned()),
        ("empty parts", "..".to_owned()),
        ("no signature", token.rsplit_once('.').unwrap().0.to_owned() + "."),
        ("alg none", header_with(token, "alg", json!("none"))),
        ("the other alg", header_with(token, "alg", json!(algorithm))),
        ("another typ", header_with(token, "typ", json!("JWT"))),
        ("no kid", header_with(token, "kid", Value::Null)),
        ("later exp", payload_with(token, "exp", json!(T0 + 1_000_000))),
        ("float exp", payload_with(token, "exp", json!(1e10))),
        ("another aud", payload_with(token, "aud", json!("pledg"))),
        ("another issuer", payload_with(token, "iss", json!(LIVE))),
        ("altered jti", payload_with(token, "jti", json!("AAAAAAAAAAAAAAAAAAAAAA"))),
        ("altered invoice", payload_with(token, "invoice_id", json!("inv_other"))),
        ("altered partner", payload_with(token, "partner_id", json!("MCH-USA-TEST-4KD9P"))),
        ("Pledg token", sign(world, here.rings(world.now()).pledg.keys(), &pledg)),
        ("panel token", world.log_in(ListenerMode::Test).await),
        ("a secret", client.secret),
    ]
}

/// An access and a checkout token of a secret that is revoked.
async fn revoked_tokens(world: &World) -> (String, String) {
    let client =
        Client::make(world, &world.merchant_id(), ClientDialect::Alternative, Mode::Test, "checkout:init").await;
    let access = client.token(world).await;
    let checkout = world.send(init(world, &access)).await.member("token");
    client.revoke(world).await;
    (access, checkout)
}

/// Every token of the table is refused as garbage is, and what is no token as nothing is.
async fn expect_uniform(world: &World, path: &str, table: Vec<(&str, String)>) {
    let ask = || {
        if path == INIT { Call::post(path).json(&demo_ids(world)) } else { Call::get(path) }
    };
    let bare = world.send(ask().from([203, 0, 113, 9])).await;
    bare.expect(path, 401, &error("unauthorized", "authentication failed"));
    assert_eq!(bare.header("www-authenticate"), Some(BEARER), "{path}");
    let reference = world.send(ask().bearer("garbage").from([203, 0, 113, 9])).await;
    reference.expect(path, 401, &error("unauthorized", "authentication failed"));
    assert_eq!(reference.header("www-authenticate"), Some(BAD_BEARER), "{path}");
    for (n, (label, token)) in table.into_iter().enumerate() {
        let answer = world.send(ask().bearer(&token).from(peer(n))).await;
        assert_eq!(answer.comparable(), reference.comparable(), "{label} at {path}");
    }
    let basic = world.send(Client::demo(world).sign(ask())).await;
    assert_eq!(basic.comparable(), bare.comparable(), "{path}: no token came");
    let twice = world.send(ask().bearer("x").bearer("y")).await;
    twice.expect("two headers", 400, &error("bad_request", "invalid request"));
}

#[tokio::test]
async fn tokens_die_at_their_end() {
    let world = world().await;
    let access = Client::demo(&world).token(&world).await;
    let checkout = world.send(init(&world, &access)).await.member("token");
    world.advance(899);
    assert_eq!(world.send(Call::get("/checkout/invoice").bearer(&checkout)).await.status, 200);
    world.advance(1);
    assert_eq!(world.send(Call::get("/checkout/invoice").bearer(&checkout)).await.status, 401);
    world.advance(2699);
    assert_eq!(world.send(init(&world, &access)).await.status, 200);
    world.advance(1);
    assert_eq!(world.send(init(&world, &access)).await.status, 401);
}

#[tokio::test]
async fn a_token_is_as_dead_as_its_invoice_its_secret_and_its_merchant() {
    let world = world().await;
    let merchant = world.merchant_id();
    let invoices = &world.services.invoices;
    let invoice = world.text("/alternative/invoice_id");
    let token = checkout(&world).await;
    let ask = || Call::get("/checkout/invoice").bearer(&token);
    let bad = world.send(Call::get("/checkout/invoice").bearer("x")).await;
    let table = [
        (InvoiceStatus::Processing, 200),
        (InvoiceStatus::Paid, 200),
        (InvoiceStatus::Archived, 401),
        (InvoiceStatus::Open, 200),
    ];
    for (status, expected) in table {
        assert!(invoices.set_invoice_status(&merchant, Mode::Test, &invoice, status).await.unwrap());
        let answer = world.send(ask()).await;
        assert_eq!(answer.status.as_u16(), expected, "{status:?}");
        if expected == 401 {
            assert_eq!(answer.comparable(), bad.comparable());
        }
    }
    world.advance(1);
    let only = IpList::only(vec![Cidr::parse("203.0.113.0/24").unwrap()]).unwrap();
    let open = IpList::unrestricted;
    let client = Client::demo(&world);
    let (suspended, address) = ("account_suspended", "ip_not_allowed");
    world.set_merchant(MerchantStatus::Suspended, open()).await;
    world.send(ask()).await.expect("suspended", 403, &error(suspended, "account suspended"));
    world.send(client.buy()).await.expect("suspended", 403, &oauth(suspended, "The account is suspended."));
    world.set_merchant(MerchantStatus::PendingKyc, only).await;
    assert_eq!(world.send(ask()).await.status, 200, "address lists do not bind browsers");
    world.send(client.buy()).await.expect("address", 403, &oauth(address, "The address is not allowed."));
    assert_eq!(world.send(client.buy().from([203, 0, 113, 4])).await.status, 200);
    world.advance(1);
    let access = world.send(client.buy().from([203, 0, 113, 4])).await.member("access_token");
    world.send(init(&world, &access)).await.expect("address", 403, &error(address, "address not allowed"));

    world.set_merchant(MerchantStatus::Active, open()).await;
    client.revoke(&world).await;
    assert_eq!(world.send(ask()).await.comparable(), bad.comparable(), "revoked secret");
    assert_eq!(world.send(init(&world, &access)).await.status, 401);
}

#[tokio::test]
async fn both_secrets_of_a_client_work_until_one_is_revoked() {
    let world = world().await;
    let first = Client::demo(&world);
    let second = Client { secret: first.another_secret(&world).await, ..Client::demo(&world) };
    let (one, two) = (first.token(&world).await, second.token(&world).await);
    let checkout = world.send(init(&world, &one)).await.member("token");
    assert_eq!(world.send(init(&world, &two)).await.status, 200);
    first.revoke(&world).await;
    world.advance(1);
    assert_eq!(world.send(first.buy()).await.status, 401);
    assert_eq!(world.send(init(&world, &one)).await.status, 401);
    assert_eq!(world.send(Call::get("/checkout/invoice").bearer(&checkout)).await.status, 401);
    assert_eq!(world.send(init(&world, &two)).await.status, 200);
}

#[tokio::test]
async fn a_checkout_token_has_five_calls_a_second_of_its_own() {
    let world = world().await;
    let (first, second) = (checkout(&world).await, checkout(&world).await);
    let ask = |token: &str| Call::get("/checkout/v1/invoice").bearer(token);
    for _ in 0..5 {
        assert_eq!(world.send(ask(&first)).await.status, 200);
    }
    let answer = world.send(ask(&first)).await;
    answer.expect("sixth", 429, &error("rate_limited", "too many requests"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    expect_open("sixth", &answer);
    assert_eq!(world.send(ask(&second)).await.status, 200);
    assert_eq!(world.send(Client::demo(&world).buy()).await.status, 200, "the partner's own budget is untouched");
    world.advance(1);
    assert_eq!(world.send(ask(&first)).await.status, 200);
}
