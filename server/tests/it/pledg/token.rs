//! A client and its access token.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tollgate::account::{ClientDialect, MerchantStatus};
use tollgate::auth::ListenerMode;
use tollgate_apikey::Mode;
use tollgate_client_address::{Cidr, IpList};

use super::{
    DASHBOARD, FORM, GRANT, SECURED, TOKEN, alias, basic, bearer, client, credentials, demo, expect_401, form, jwt,
    link, malformed, payload, peer, release, signed, text, user,
};
use crate::world::{Call, LIVE, SANDBOX, T0, World, world};

const CLIENT: &str = "Basic realm=\"pledg\", charset=\"UTF-8\"";
const BEARER: &str = "Bearer realm=\"pledg\"";
const BAD_BEARER: &str = "Bearer realm=\"pledg\", error=\"invalid_token\"";

#[tokio::test]
async fn a_pair_buys_a_token_for_ten_minutes() {
    let world = world().await;
    let live = client(&world, &world.merchant_id(), ClientDialect::Pledg, Mode::Live).await;
    let table = [("demo client", demo(&world), Mode::Test, SANDBOX), ("live client", live, Mode::Live, LIVE)];
    for (label, pair, mode, issuer) in table {
        let answer = world.send(pair.ask().on(listener_of(mode))).await;
        let token = text(&answer, "access_token");
        answer.expect(label, 200, &json!({ "access_token": token, "token_type": "Bearer", "expires_in": 600 }));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
        let (header, claims) = jwt(&token);
        assert_eq!((header["typ"].as_str(), header["alg"].as_str()), (Some("JWT"), Some("HS256")), "{label}");
        assert!(header["kid"].as_str().unwrap().starts_with("plg-"), "{label}");
        let merchants = json!([alias(&world, mode).await]);
        let expected = json!({
            "iss": issuer, "sub": pair.id, "aud": "pledg", "env": mode.as_str(), "cid": pair.cid().as_str(),
            "iat": T0, "exp": T0 + 600, "jti": claims["jti"], "merchants": merchants,
        });
        assert_eq!(claims, expected, "{label}");

        let answer = world.send(bearer(&token).on(listener_of(mode))).await;
        let body = json!({ "client_id": pair.id, "merchants": merchants, "expires_at": T0 + 600 });
        answer.expect(label, 200, &body);
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
    }
}

#[tokio::test]
async fn a_token_ends_after_ten_minutes_to_the_second() {
    let world = world().await;
    let token = demo(&world).buy(&world).await;
    world.advance(599);
    assert_eq!(world.send(bearer(&token)).await.status, 200);
    world.advance(1);
    expect_401("expired", &world.send(bearer(&token)).await, "invalid_token", BAD_BEARER);
}

#[tokio::test]
async fn every_client_that_is_not_good_gets_the_same_bytes() {
    let world = world().await;
    let own = world.merchant_id();
    let pair = demo(&world);
    let live = client(&world, &own, ClientDialect::Pledg, Mode::Live).await;
    let other = client(&world, &own, ClientDialect::Alternative, Mode::Test).await;
    let second = client(&world, &own, ClientDialect::Pledg, Mode::Test).await;
    let revoked = client(&world, &own, ClientDialect::Pledg, Mode::Test).await;
    revoked.revoke(&world).await;
    let retired = client(&world, &world.merchant_id(), ClientDialect::Pledg, Mode::Test).await;
    retired.retire(&world, 60).await;
    assert_eq!(world.send(retired.ask()).await.status, 200, "before its deadline");
    world.advance(60);

    let (test, on_live) = (ListenerMode::Test, ListenerMode::Live);
    let (email, password) = (world.text("/panel/email"), world.text("/panel/password"));
    let raw = |user: &str, secret: &str| basic(user, secret);
    let wrapped = STANDARD.encode(format!("{}:{}", pair.id, pair.secret));
    let table = [
        ("unknown id", test, raw("client_test_Uv2Wx4Yz6Ab83ujbGm", &pair.secret)),
        ("wrong secret", test, raw(&pair.id, &second.secret)),
        ("id of another client", test, raw(&second.id, &pair.secret)),
        ("client of the other dialect", test, other.header()),
        ("its id, our secret", test, raw(&other.id, &pair.secret)),
        ("test client on the live listener", on_live, pair.header()),
        ("live client on the sandbox", test, live.header()),
        ("live id, test secret", test, raw(&live.id, &pair.secret)),
        ("revoked", test, revoked.header()),
        ("retired, deadline reached", test, retired.header()),
        ("a person's e-mail and password", test, raw(&email, &password)),
        ("secret with a raw plus", test, raw(&pair.id, &format!("+{}", pair.secret))),
        ("secret and a blank", test, raw(&pair.id, &format!("{} ", pair.secret))),
        ("secret in quotes", test, raw(&pair.id, &format!("\"{}\"", pair.secret))),
        ("secret cut short", test, raw(&pair.id, &pair.secret[..pair.secret.len() - 1])),
        ("swapped", test, raw(&pair.secret, &pair.id)),
        ("wrapped base64", test, format!("Basic {} {}", &wrapped[..76], &wrapped[76..])),
        ("unpadded base64", test, format!("Basic {}", STANDARD.encode("a:bc").trim_end_matches('='))),
        ("URL-safe base64", test, "Basic YTpi-_8=".to_owned()),
        ("another scheme", test, format!("Bearer {}", pair.secret)),
        ("the secret alone", test, pair.secret.clone()),
        ("empty", test, String::new()),
        ("very long", test, format!("Basic {}", "A".repeat(6_000))),
    ];
    let reference = world.send(Call::post(TOKEN).from([203, 0, 113, 1])).await;
    expect_401("no credential", &reference, "invalid_client", CLIENT);
    for (n, (label, listener, authorization)) in table.into_iter().enumerate() {
        let call = form(GRANT).on(listener).from(peer(n)).header("authorization", authorization);
        assert_eq!(world.send(call).await.comparable(), reference.comparable(), "{label}");
    }
    // The parts the table is made of are good where they belong.
    for call in [pair.ask(), second.ask(), live.ask().live()] {
        assert_eq!(world.send(call).await.status, 200);
    }
}

#[tokio::test]
async fn a_listener_of_either_mode_gives_no_token_that_would_not_work() {
    let world = world().await;
    let live = client(&world, &world.merchant_id(), ClientDialect::Pledg, Mode::Live).await;
    let refused = world.send(live.ask().on(ListenerMode::Any)).await;
    expect_401("live client", &refused, "invalid_client", CLIENT);
    let token = text(&world.send(demo(&world).ask().on(ListenerMode::Any)).await, "access_token");
    assert_eq!(world.send(bearer(&token).on(ListenerMode::Any)).await.status, 200);
}

#[tokio::test]
async fn a_basic_credential_has_one_reading_per_route() {
    let world = world().await;
    let pair = demo(&world);
    let escaped = format!("{}%5F{}", &pair.id[..6], &pair.id[7..]);
    assert_eq!(&pair.id[6..7], "_", "the escape stands for the same character");
    let lower = pair.header().replacen("Basic", "bAsIc", 1);
    let table = [
        ("raw", pair.header(), 200),
        ("scheme in any case", lower, 200),
        ("form-encoded", basic(&escaped, &pair.secret), 200),
        ("broken escape", basic(&pair.id, &format!("{}%zz", pair.secret)), 401),
        ("two blanks", pair.header().replacen(' ', "  ", 1), 401),
        ("control character", basic(&pair.id, &format!("{}\n", pair.secret)), 401),
    ];
    for (label, authorization, status) in table {
        let answer = world.send(form(GRANT).header("authorization", authorization)).await;
        assert_eq!(answer.status.as_u16(), status, "{label}: {}", answer.text());
    }

    // A person's halves are raw: an escape or a plus in a password stands for itself.
    let user = user(&world, &world.merchant_id(), "raw@demo-shop.example", "a:b+c%40d").await;
    assert!(user.api_basic);
    let release = |password: &str| release(&world.text("/pledg/purchase_uid"), &user.email, password);
    for (label, password, status) in
        [("raw", "a:b+c%40d", 200), ("decoded", "a:b c@d", 401), ("decoded once", "a:b+c@d", 401)]
    {
        assert_eq!(world.send(release(password)).await.status.as_u16(), status, "{label}");
    }

    // The published rows: none of them is a credential here, and none gets an answer of its own.
    let vectors: Value = serde_json::from_str(include_str!("../../../../vectors/basic.json")).unwrap();
    let rows = vectors["vectors"].as_array().unwrap().iter().find(|v| v["name"] == "basic/decode-table").unwrap();
    for (n, row) in rows["inputs"]["rows"].as_array().unwrap().iter().enumerate() {
        let header = row["header"].as_str().unwrap();
        let answer = world.send(form(GRANT).from(peer(n)).header("authorization", header)).await;
        expect_401(header, &answer, "invalid_client", CLIENT);
        let call = Call::post("/api/purchases/pur_x/release").from(peer(n)).header("authorization", header);
        expect_401(header, &world.send(call).await, "invalid_client", DASHBOARD);
    }
}

#[tokio::test]
async fn the_client_comes_before_the_form() {
    let world = world().await;
    let pair = demo(&world);
    let (id, secret) = (&pair.id, &pair.secret);
    let malformed = ("invalid_request", "The request is malformed.");
    let unsupported = ("unsupported_grant_type", "Only client_credentials is supported.");
    let with = |content_type: &str, body: String| Call::post(TOKEN).header("content-type", content_type).body(body);
    let table = [
        ("no grant", with(FORM, String::new()), malformed),
        ("empty grant", with(FORM, "grant_type=".to_owned()), malformed),
        ("grant twice", with(FORM, format!("{GRANT}&{GRANT}")), malformed),
        ("a parameter twice", with(FORM, format!("{GRANT}&scope=a&scope=b")), malformed),
        ("password grant", with(FORM, "grant_type=password&username=a&password=b".to_owned()), unsupported),
        ("refresh grant", with(FORM, "grant_type=refresh_token".to_owned()), unsupported),
        ("JSON", with("application/json", json!({ "grant_type": "client_credentials" }).to_string()), malformed),
        ("no media type", Call::post(TOKEN).body(GRANT), malformed),
        ("client id in the body", with(FORM, format!("{GRANT}&client_id={id}")), malformed),
        ("client secret in the body", with(FORM, format!("{GRANT}&client_secret={secret}")), malformed),
        ("grant in the query", Call::post(&format!("{TOKEN}?{GRANT}")).header("content-type", FORM), malformed),
        ("credential twice", form(GRANT).header("authorization", pair.header()), malformed),
    ];
    for (label, call, (error, description)) in table {
        let answer = world.send(call.header("authorization", pair.header())).await;
        answer.expect(label, 400, &json!({ "error": error, "error_description": description }));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
    }
    let unknown = format!("{GRANT}&scope=everything&foo=1");
    assert_eq!(world.send(pair.sign(form(&unknown))).await.status, 200, "unknown parameters are ignored");
    let query =
        Call::post(&format!("{TOKEN}?grant_type=password&client_id=x")).header("content-type", FORM).body(GRANT);
    assert_eq!(world.send(pair.sign(query)).await.status, 200, "the query is not read");
    let bad = form("grant_type=password").header("authorization", basic(id, "x"));
    expect_401("bad client, bad grant", &world.send(bad).await, "invalid_client", CLIENT);
    let in_body = form(&format!("{GRANT}&client_id={id}&client_secret={secret}"));
    expect_401("a pair in the body only", &world.send(in_body).await, "invalid_client", CLIENT);
}

#[tokio::test]
async fn only_an_access_token_of_this_listener_is_one() {
    let world = world().await;
    let pair = demo(&world);
    let token = pair.buy(&world).await;
    let live = client(&world, &world.merchant_id(), ClientDialect::Pledg, Mode::Live).await;
    let live_token = text(&world.send(live.ask().live()).await, "access_token");
    let session = world
        .send(
            Call::post("/api/auth/token")
                .header("x-api-key", world.text("/88pay/api_key_test"))
                .header("x-merchant-id", world.text("/merchant_id_test")),
        )
        .await
        .json()["data"]["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let panel = world.log_in(ListenerMode::Test).await;
    let (head, rest) = token.split_once('.').unwrap();
    let (body, tail) = rest.split_once('.').unwrap();
    let none = format!("{}.{body}.", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\",\"typ\":\"JWT\"}"));
    let table = [
        ("nothing", None, BEARER),
        ("the pair", Some(pair.header()), BEARER),
        ("garbage", Some("Bearer x".to_owned()), BAD_BEARER),
        ("two blanks", Some(format!("Bearer  {token}")), BAD_BEARER),
        ("live token", Some(format!("Bearer {live_token}")), BAD_BEARER),
        ("88Pay token", Some(format!("Bearer {session}")), BAD_BEARER),
        ("panel token", Some(format!("Bearer {panel}")), BAD_BEARER),
        ("the merchant's request", Some(format!("Bearer {}", signed(&world, &payload(&world)))), BAD_BEARER),
        ("alg none", Some(format!("Bearer {none}")), BAD_BEARER),
        ("signature of another token", Some(format!("Bearer {head}.{body}.{}", "A".repeat(tail.len()))), BAD_BEARER),
        ("secret as token", Some(format!("Bearer {}", pair.secret)), BAD_BEARER),
    ];
    for (n, (label, authorization, challenge)) in table.into_iter().enumerate() {
        let mut call = Call::get(SECURED).from(peer(n));
        if let Some(authorization) = authorization {
            call = call.header("authorization", authorization);
        }
        expect_401(label, &world.send(call).await, "invalid_token", challenge);
    }
    let in_query = Call::get(&format!("{SECURED}?access_token={token}"));
    expect_401("token in the query", &world.send(in_query).await, "invalid_token", BEARER);
    let twice = bearer(&token).header("authorization", format!("Bearer {token}"));
    world.send(twice).await.expect("twice", 400, &malformed());
    assert_eq!(world.send(bearer(&token)).await.status, 200);
    assert_eq!(world.send(bearer(&live_token).live()).await.status, 200);
}

#[tokio::test]
async fn what_happens_to_the_account_counts_at_the_next_call() {
    let world = world().await;
    let pair = client(&world, &world.merchant_id(), ClientDialect::Pledg, Mode::Test).await;
    let token = pair.buy(&world).await;
    let purchase = world.text("/pledg/purchase_uid");
    let calls = |world: &World| {
        let (email, password) = credentials(world);
        [
            ("token", pair.ask()),
            ("bearer", bearer(&token)),
            ("release", release(&purchase, &email, &password)),
            ("link", link(&signed(world, &payload(world)))),
        ]
    };
    let suspended = json!({ "error": "account_suspended", "error_description": "The account is suspended." });
    world.set_merchant(MerchantStatus::Suspended, IpList::unrestricted()).await;
    for (label, call) in calls(&world) {
        world.send(call).await.expect(label, 403, &suspended);
    }
    let elsewhere = IpList::only(vec![Cidr::parse("203.0.113.0/24").unwrap()]).unwrap();
    world.set_merchant(MerchantStatus::Active, elsewhere).await;
    let not_allowed = json!({ "error": "ip_not_allowed", "error_description": "The address is not allowed." });
    for (label, call) in calls(&world) {
        world.send(call).await.expect(label, 403, &not_allowed);
    }
    for (label, call) in calls(&world) {
        assert_eq!(world.send(call.from([203, 0, 113, 7])).await.status, 200, "{label}");
    }
    world.set_merchant(MerchantStatus::PendingKyc, IpList::unrestricted()).await;
    assert_eq!(world.send(bearer(&token)).await.status, 200, "test credentials work before the checks are done");

    // A retiring secret lets its tokens run out; a revoked one takes them along.
    world.set_merchant(MerchantStatus::Active, IpList::unrestricted()).await;
    pair.retire(&world, 60).await;
    world.advance(61);
    expect_401("retired", &world.send(pair.ask()).await, "invalid_client", CLIENT);
    assert_eq!(world.send(bearer(&token)).await.status, 200);
    pair.revoke(&world).await;
    expect_401("revoked", &world.send(bearer(&token)).await, "invalid_token", BAD_BEARER);
}

fn listener_of(mode: Mode) -> ListenerMode {
    match mode {
        Mode::Live => ListenerMode::Live,
        Mode::Test => ListenerMode::Test,
    }
}
