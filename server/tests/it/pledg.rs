//! Pledg: three ways in, each on its own routes: a token for a client, a panel user's Basic credential, a signature.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use serde_json::{Value, json};
use time::Duration;
use tollgate::account::{
    CLIENT_ID, ClientDialect, Credential, EmailAddress, KeyFamily, Merchant, MerchantId, MerchantStatus, OauthClient,
    SealedSecret, SecretPurpose, User, UserId,
};
use tollgate::auth::ListenerMode;
use tollgate::issuer::NewCredential;
use tollgate::payments::{CallKey, Purchase};
use tollgate_apikey::{KeyId, Lifecycle, Mode, Overlap, Scopes};
use tollgate_client_address::{Cidr, IpList};
use tollgate_jwt_session::request::sign;
use zeroize::Zeroizing;

use super::world::{Answer, Call, LIVE, SANDBOX, T0, World, world};

const TOKEN: &str = "/api/token";
const SECURED: &str = "/api/a_secured_endpoint";
const LINK: &str = "/api/purchase_link";
const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials";

const CLIENT: &str = "Basic realm=\"pledg\", charset=\"UTF-8\"";
const DASHBOARD: &str = "Basic realm=\"pledg-dashboard\", charset=\"UTF-8\"";
const BEARER: &str = "Bearer realm=\"pledg\"";
const BAD_BEARER: &str = "Bearer realm=\"pledg\", error=\"invalid_token\"";
const SIGNATURE: &str = "Pledg-Signature realm=\"pledg\"";

// ---- §2 the access token

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
    let retired = client_of_user(&world).await;
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
    let vectors: Value = serde_json::from_str(include_str!("../../../vectors/basic.json")).unwrap();
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
    let pair = client_of_user(&world).await;
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

// ---- §3 a person's e-mail and password

#[tokio::test]
async fn an_authorized_purchase_is_released_once_and_for_all() {
    let world = world().await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    let released = json!({ "uid": uid, "status": "released" });
    world.send(release(&uid, &email, &password)).await.expect("first", 200, &released);
    world.send(release(&uid, &email, &password)).await.expect("again", 200, &released);

    let state = json!({ "error": "invalid_state", "error_description": "The purchase is not in a fitting state." });
    for status in ["open", "completed", "cancelled"] {
        let uid = purchase(&world, &world.merchant_id(), Mode::Test, status).await;
        world.send(release(&uid, &email, &password)).await.expect(status, 409, &state);
    }
    let other = second_merchant(&world).await;
    let missing = json!({ "error": "not_found", "error_description": "Not found." });
    let table = [
        ("another merchant's", purchase(&world, &other, Mode::Test, "authorized").await),
        ("of the other mode", purchase(&world, &world.merchant_id(), Mode::Live, "authorized").await),
        ("nobody's", "pur_5b0c3a1e-2f60-4a39-8a0b-7f0e6f3f9d10".to_owned()),
        ("another spelling", uid.to_ascii_uppercase()),
        ("an escape", format!("%70{}", &uid[1..])),
    ];
    for (label, uid) in &table {
        world.send(release(uid, &email, &password)).await.expect(label, 404, &missing);
        let credit = credit(&world, uid, &json!({ "amount_cents": 1 }));
        world.send(credit).await.expect(label, 404, &missing);
    }
    let live = release(&table[1].1, &email, &password).live();
    assert_eq!(world.send(live).await.status, 200, "a person has no mode");
}

#[tokio::test]
async fn credits_never_exceed_the_purchase() {
    let world = world().await;
    let uid = world.text("/pledg/purchase_uid");
    let booked = |amount: i64, sum: i64| json!({ "uid": uid, "amount_cents": amount, "credited_amount_cents": sum });
    let ask = |amount: i64| credit(&world, &uid, &json!({ "amount_cents": amount, "note": "ignored" }));
    world.send(ask(2_500)).await.expect("part", 200, &booked(2_500, 2_500));
    world.send(ask(10_401)).await.expect("a cent too much", 400, &malformed());
    world.send(ask(10_400)).await.expect("the rest", 200, &booked(10_400, 12_900));
    world.send(ask(1)).await.expect("nothing is left", 400, &malformed());

    let table = [
        ("absent", "{}"),
        ("zero", "{\"amount_cents\":0}"),
        ("negative", "{\"amount_cents\":-1}"),
        ("fraction", "{\"amount_cents\":1.0}"),
        ("exponent", "{\"amount_cents\":1e2}"),
        ("text", "{\"amount_cents\":\"1\"}"),
        ("null", "{\"amount_cents\":null}"),
        ("overflow", "{\"amount_cents\":9223372036854775807}"),
        ("beyond any integer", "{\"amount_cents\":99999999999999999999999}"),
        ("twice", "{\"amount_cents\":1,\"amount_cents\":1}"),
        ("an array", "[1]"),
        ("not JSON", "amount_cents=1"),
    ];
    for (label, body) in table {
        world.send(person(&world, &credit_path(&uid)).raw_json(body)).await.expect(label, 400, &malformed());
    }
    let form = person(&world, &credit_path(&uid)).header("content-type", FORM).body("amount_cents=1");
    let media = json!({ "error": "unsupported_media_type", "error_description": "The media type is not supported." });
    world.send(form).await.expect("a form", 415, &media);
    let huge = person(&world, &credit_path(&uid)).raw_json(format!("{{\"x\":\"{}\"}}", "x".repeat(70_000)));
    let large = json!({ "error": "payload_too_large", "error_description": "The body is too large." });
    world.send(huge).await.expect("a huge body", 413, &large);
    let cancelled = purchase(&world, &world.merchant_id(), Mode::Test, "cancelled").await;
    assert_eq!(world.send(credit(&world, &cancelled, &json!({ "amount_cents": 1 }))).await.status, 409);
}

#[tokio::test]
async fn a_repeated_credit_is_booked_once() {
    let world = world().await;
    let uid = world.text("/pledg/purchase_uid");
    let other = purchase(&world, &world.merchant_id(), Mode::Test, "authorized").await;
    let ask = |uid: &str, amount: i64, key: &str| {
        credit(&world, uid, &json!({ "amount_cents": amount })).header("idempotency-key", key)
    };
    let first = world.send(ask(&uid, 100, "k1")).await;
    first.expect("first", 200, &json!({ "uid": uid, "amount_cents": 100, "credited_amount_cents": 100 }));
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = world.send(ask(&uid, 100, "k1")).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let mismatch =
        json!({ "error": "idempotency_mismatch", "error_description": "The key was used with another body." });
    world.send(ask(&uid, 101, "k1")).await.expect("another body", 422, &mismatch);
    world.send(ask(&other, 100, "k1")).await.expect("another purchase", 422, &mismatch);
    world.send(ask(&uid, 0, "k1")).await.expect("another body that is no credit either", 422, &mismatch);
    world.send(ask(&uid, 100, "")).await.expect("empty key", 400, &malformed());
    let next = world.send(ask(&uid, 100, "k2")).await;
    assert_eq!(next.json()["credited_amount_cents"], 200, "another key is another credit");

    let running = world.services.in_flight.enter(CallKey {
        merchant: world.merchant_id(),
        mode: Mode::Test,
        route: "POST /api/purchases/{purchase_uid}/credit_by_transfer",
        key: "k3".to_owned(),
    });
    let busy = json!({ "error": "request_in_progress", "error_description": "The first request is still running." });
    world.send(ask(&uid, 100, "k3")).await.expect("the first still runs", 409, &busy);
    drop(running);
    assert_eq!(world.send(ask(&uid, 100, "k3")).await.status, 200);
}

#[tokio::test]
async fn credits_side_by_side_do_not_exceed_the_purchase() {
    let world = Arc::new(world().await);
    let uid = world.text("/pledg/purchase_uid");
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let (world, call) = (world.clone(), credit(&world, &uid, &json!({ "amount_cents": 2_500 })));
            tokio::spawn(async move { world.send(call).await.status.as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[200; 5], [400; 5]].concat(), "12 900 holds five times 2 500, and one hash serves all ten");
}

#[tokio::test]
async fn every_person_that_may_not_gets_the_same_bytes() {
    let world = world().await;
    let own = world.merchant_id();
    let (email, password) = credentials(&world);
    let plain = user(&world, &own, "plain@demo-shop.example", "pw-plain").await;
    change(&world, &plain, |user| user.api_basic = false).await;
    let disabled = user(&world, &own, "disabled@demo-shop.example", "pw-disabled").await;
    change(&world, &disabled, |user| user.disabled = true).await;
    let pair = demo(&world);
    let token = pair.buy(&world).await;
    let table = [
        ("wrong password", basic(email.as_str(), "wrong")),
        ("unknown address", basic("nobody@demo-shop.example", &password)),
        ("without the permission", basic(plain.email.as_str(), "pw-plain")),
        ("disabled", basic(disabled.email.as_str(), "pw-disabled")),
        ("a client's pair", pair.header()),
        ("an access token", format!("Bearer {token}")),
        ("a token as password", basic(email.as_str(), &token)),
        ("no address", basic("owner", &password)),
        ("endless address", basic(&format!("{}@x.example", "a".repeat(300)), &password)),
        ("endless password", basic(email.as_str(), &"p".repeat(1_025))),
        ("garbage", "Basic x".to_owned()),
    ];
    let path = format!("/api/purchases/{}/release", world.text("/pledg/purchase_uid"));
    let reference = world.send(Call::post(&path).from([203, 0, 113, 1])).await;
    expect_401("nothing", &reference, "invalid_client", DASHBOARD);
    for (n, (label, authorization)) in table.into_iter().enumerate() {
        let call = Call::post(&path).from(peer(n)).header("authorization", authorization);
        assert_eq!(world.send(call).await.comparable(), reference.comparable(), "{label}");
    }
    let twice = person(&world, &path).header("authorization", basic("a@b", "c"));
    world.send(twice).await.expect("twice", 400, &malformed());
    assert_eq!(world.send(release(&world.text("/pledg/purchase_uid"), &email, &password)).await.status, 200);
}

#[tokio::test]
async fn a_user_half_without_an_at_sign_costs_no_password_attempt() {
    let world = world().await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    // Within the limit on failures of any kind, and beyond the one on passwords of an account.
    for n in 0..29 {
        let call = Call::post(&format!("/api/purchases/{uid}/release")).header("authorization", basic("owner", "x"));
        expect_401(&format!("call {n}"), &world.send(call).await, "invalid_client", DASHBOARD);
    }
    assert_eq!(world.send(release(&uid, &email, &password)).await.status, 200);
}

#[tokio::test]
async fn the_right_password_waits_after_five_wrong_ones() {
    let world = world().await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    assert_eq!(world.send(release(&uid, &email, &password)).await.status, 200);
    for n in 0..5 {
        let answer = world.send(release(&uid, &email, "wrong")).await;
        expect_401(&format!("failure {n}"), &answer, "invalid_client", DASHBOARD);
    }
    let limited = json!({ "error": "rate_limited", "error_description": "Too many requests." });
    let answer = world.send(release(&uid, &email, &password)).await;
    answer.expect("right, and right a moment ago", 429, &limited);
    assert_eq!(answer.header("retry-after"), Some("900"));
    let elsewhere = release(&uid, &email, &password).from([203, 0, 113, 7]);
    assert_eq!(world.send(elsewhere).await.status, 200, "another address is not held up");
    world.advance(900);
    assert_eq!(world.send(release(&uid, &email, &password)).await.status, 200);
}

#[tokio::test]
async fn a_right_header_is_remembered_for_less_than_five_seconds() {
    type Change = fn(&mut User);
    let world = world().await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    let ask = || release(&uid, &email, &password);
    let stored = world.services.vault.user_by_email(&email).await.unwrap().unwrap();
    assert_eq!(world.send(ask()).await.status, 200);
    // The hash is exchanged behind the server's back: only what is remembered still passes.
    let other = Zeroizing::new(b"another".to_vec());
    let hash = world.services.passwords.hash(other, &world.services.rng).await.unwrap();
    world.services.vault.update_user(&User { password_hash: hash.clone(), ..stored.clone() }).await.unwrap();
    world.advance(4);
    assert_eq!(world.send(ask()).await.status, 200, "remembered");
    world.advance(1);
    expect_401("forgotten", &world.send(ask()).await, "invalid_client", DASHBOARD);

    // A change that counts, counts at once.
    world.services.vault.update_user(&stored).await.unwrap();
    let table: [(&str, Change); 3] = [
        ("generation", |user| user.generation += 1),
        ("disabled", |user| user.disabled = true),
        ("permission", |user| user.api_basic = false),
    ];
    for (label, edit) in table {
        world.services.vault.update_user(&stored).await.unwrap();
        world.services.records.forget_user(stored.id);
        world.advance(900);
        assert_eq!(world.send(ask()).await.status, 200, "{label}");
        let changed = User { password_hash: hash.clone(), ..stored.clone() };
        change(&world, &changed, edit).await;
        expect_401(label, &world.send(ask()).await, "invalid_client", DASHBOARD);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_wrong_passwords_leaves_the_token_routes_alone() {
    let world = Arc::new(world().await);
    let token = demo(&world).buy(&world).await;
    let calls: Vec<_> = (0..40)
        .map(|n| {
            let world = world.clone();
            let email = EmailAddress::new(&format!("user{n}@demo-shop.example")).unwrap();
            tokio::spawn(async move { world.send(release("pur_x", &email, "wrong")).await })
        })
        .collect();
    assert_eq!(world.send(bearer(&token)).await.status, 200);
    for call in calls {
        let answer = call.await.unwrap();
        assert!(matches!(answer.status.as_u16(), 401 | 429 | 503), "{}", answer.text());
        assert!(answer.status == 401 || answer.header("retry-after").is_some());
    }
    assert_eq!(world.send(bearer(&token)).await.status, 200);
}

// ---- §4 the signed request

#[tokio::test]
async fn a_signed_payload_makes_one_purchase() {
    let world = world().await;
    let request = signed(&world, &payload(&world));
    let first = world.send(link(&request)).await;
    let (uid, url) = (text(&first, "uid"), text(&first, "url"));
    first.expect("first", 200, &json!({ "uid": uid, "reference": "ORDER-4711", "url": url }));
    assert!(uid.starts_with("pur_") && uid.len() == 40, "{uid}");
    assert!(url.starts_with(&format!("{SANDBOX}/p/")), "{url}");
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(first.header("referrer-policy"), Some("no-referrer"));

    world.advance(60);
    let again = world.send(Call::post(&format!("{LINK}/?signature={request}")).body("amountCents=1")).await;
    assert_eq!(again.comparable(), first.comparable(), "with the slash, and the body is not read");

    let (email, password) = credentials(&world);
    let mut dearer = payload(&world);
    dearer["data"]["amountCents"] = json!(20_000);
    let second = world.send(link(&signed(&world, &dearer))).await;
    assert_eq!(second.status, 200);
    assert_ne!(text(&second, "uid"), uid, "another payload is another purchase");
    let former = world.send(release(&uid, &email, &password)).await;
    assert_eq!((former.status.as_u16(), former.json()["error"].as_str()), (409, Some("invalid_state")));

    let mut own = payload(&world);
    own["data"]["reference"] = json!("ORDER-4712");
    let elsewhere = world.send(link(&signed(&world, &own))).await;
    assert_ne!(text(&elsewhere, "uid"), text(&second, "uid"), "another reference");
    assert_eq!(text(&world.send(link(&signed(&world, &dearer))).await, "uid"), text(&second, "uid"));
}

#[tokio::test]
async fn calls_side_by_side_with_one_payload_make_one_purchase() {
    let world = Arc::new(world().await);
    let request = signed(&world, &payload(&world));
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (world, call) = (world.clone(), link(&request));
            tokio::spawn(async move { text(&world.send(call).await, "uid") })
        })
        .collect();
    let mut uids = HashSet::new();
    for call in calls {
        uids.insert(call.await.unwrap());
    }
    assert_eq!(uids.len(), 1);
}

#[tokio::test]
async fn a_completed_reference_is_used_up() {
    let world = world().await;
    let used = json!({ "error": "reference_completed", "error_description": "The reference was already completed." });
    for status in ["completed", "released"] {
        let uid = purchase(&world, &world.merchant_id(), Mode::Test, status).await;
        let mut again = payload(&world);
        again["data"]["reference"] = json!(uid);
        again["iat"] = json!(T0);
        world.send(link(&signed(&world, &again))).await.expect(status, 409, &used);
    }
    // References of another merchant, of the other mode and of cancelled purchases are free.
    let other = second_merchant(&world).await;
    for (label, merchant, mode, status) in [
        ("another merchant's", &other, Mode::Test, "completed"),
        ("of the other mode", &world.merchant_id(), Mode::Live, "completed"),
        ("cancelled", &world.merchant_id(), Mode::Test, "cancelled"),
    ] {
        let mut fresh = payload(&world);
        fresh["data"]["reference"] = json!(purchase(&world, merchant, mode, status).await);
        assert_eq!(world.send(link(&signed(&world, &fresh))).await.status, 200, "{label}");
    }
}

#[tokio::test]
async fn every_signature_that_is_not_good_gets_the_same_bytes() {
    let world = world().await;
    let good = payload(&world);
    let secret = world.text("/pledg/signing_secret");
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let of = |uid: String| {
        let mut changed = good.clone();
        changed["data"]["merchantUid"] = json!(uid);
        changed
    };
    let other = second_merchant(&world).await;
    let other_uid = format!("mer_{}", "0b54c1f2-6a0e-4c55-9a3e-0d6d1f4f7a11");
    world.services.vault.insert_alias(&other, Mode::Test, "mer", &other_uid).await.unwrap();
    let own = signed(&world, &good);
    let (signed_part, _) = own.rsplit_once('.').unwrap();
    let raw = |header: &str, payload: &str, algorithm| {
        let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let tag = hmac::sign(&hmac::Key::new(algorithm, secret.as_bytes()), text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
    };
    let hs256 = |header: &str, payload: &str| raw(header, payload, hmac::HMAC_SHA256);
    let header = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    let json = good.to_string();
    let revoked = secret_of(&world, &world.merchant_id(), |lifecycle| {
        lifecycle.revoke(world.now()).unwrap();
    })
    .await;
    let foreign = secret_of(&world, &other, |_| {}).await;
    let table = [
        ("garbage", "x".to_owned()),
        ("cut short", own[..own.len() - 1].to_owned()),
        ("no MAC", format!("{signed_part}.")),
        ("wrong MAC", format!("{signed_part}.{}", "A".repeat(43))),
        ("another secret", sign(&good, None, b"another secret of enough bytes.......").unwrap()),
        ("a revoked secret", sign(&good, None, revoked.1.as_bytes()).unwrap()),
        ("another merchant's secret", sign(&good, None, foreign.1.as_bytes()).unwrap()),
        ("our secret for another merchant", signed(&world, &of(other_uid))),
        ("unknown merchant", signed(&world, &of("mer_11111111-2222-4333-8444-555555555555".to_owned()))),
        ("unknown merchant, the key of nobody", sign(&of("mer_x".to_owned()), None, &[0; 32]).unwrap()),
        ("the other mode's merchant", signed(&world, &of(alias(&world, Mode::Live).await))),
        ("a kid that names no secret", sign(&good, Some("nobody"), secret.as_bytes()).unwrap()),
        ("a kid that names another secret", sign(&good, Some(revoked.0.as_str()), secret.as_bytes()).unwrap()),
        ("alg none", hs256("{\"alg\":\"none\"}", &json)),
        ("HS512", raw("{\"alg\":\"HS512\",\"typ\":\"JWT\"}", &json, hmac::HMAC_SHA512)),
        ("another typ", hs256("{\"alg\":\"HS256\",\"typ\":\"at+jwt\"}", &json)),
        ("jwk in the header", hs256("{\"alg\":\"HS256\",\"jwk\":{}}", &json)),
        ("exp as a string", signed(&world, &with("exp", json!((T0 + 60).to_string())))),
        ("exp as a fraction", hs256(header, &json.replacen('{', &format!("{{\"exp\":{}.0,", T0 + 60), 1))),
        ("exp is null", signed(&world, &with("exp", Value::Null))),
        ("5 s past exp", signed(&world, &with("exp", json!(T0 - 5)))),
        ("iat 6 s ahead", signed(&world, &with("iat", json!(T0 + 6)))),
        ("nbf 6 s ahead", signed(&world, &with("nbf", json!(T0 + 6)))),
        ("no data", signed(&world, &json!({ "merchantUid": good["data"]["merchantUid"] }))),
        ("data is a list", signed(&world, &json!({ "data": [good["data"]] }))),
        ("a notification", signed(&world, &with("transfer_order_item_uid", json!("tri_1")))),
        ("a notification, null", signed(&world, &with("transfer_order_item_uid", Value::Null))),
        ("duplicate member", hs256(header, &json.replacen('{', "{\"data\":{},", 1))),
        ("no merchant", signed(&world, &json!({ "data": { "amountCents": 1 } }))),
        ("merchant is a number", signed(&world, &json!({ "data": { "merchantUid": 1 } }))),
        ("over 8 KiB", format!("{own}{}", "A".repeat(9_000))),
        ("escaped", own.replace('.', "%2E")),
    ];
    let reference = world.send(Call::post(LINK).from([203, 0, 113, 1])).await;
    expect_401("absent", &reference, "invalid_signature", SIGNATURE);
    assert_eq!(reference.header("referrer-policy"), Some("no-referrer"));
    for (n, (label, text)) in table.into_iter().enumerate() {
        for path in [LINK, "/api/purchase_link/"] {
            let answer = world.send(Call::post(&format!("{path}?signature={text}")).from(peer(n))).await;
            assert_eq!(answer.comparable(), reference.comparable(), "{label}");
        }
    }
    let accepted = [
        ("4 s past exp", signed(&world, &with("exp", json!(T0 - 4)))),
        ("no typ", hs256("{\"alg\":\"HS256\"}", &json)),
        ("iat 5 s ahead", signed(&world, &with("iat", json!(T0 + 5)))),
    ];
    for (label, text) in accepted {
        let answer = world.send(link(&text)).await;
        assert_eq!(answer.status, 200, "{label}: {}", answer.text());
    }
    expect_401("live", &world.send(link(&own).live()).await, "invalid_signature", SIGNATURE);
}

#[tokio::test]
async fn the_query_holds_the_signature_and_nothing_else() {
    let world = world().await;
    let text = signed(&world, &payload(&world));
    let plain = "merchantUid=mer_1&amountCents=1&currency=EUR";
    let refused = ["", "?", "?signature", "?signature=", &format!("?{plain}"), &format!("?signature=&{plain}")];
    for (n, query) in refused.iter().enumerate() {
        let answer = world.send(Call::post(&format!("{LINK}{query}")).from(peer(n))).await;
        expect_401(query, &answer, "invalid_signature", SIGNATURE);
    }
    let beside = [
        format!("?signature={text}&{plain}"),
        format!("?{plain}&signature={text}"),
        format!("?signature={text}&signature={text}"),
        format!("?signature={text}&signature="),
        "?signature=x&a".to_owned(),
    ];
    for query in beside {
        world.send(Call::post(&format!("{LINK}{query}"))).await.expect(&query, 400, &malformed());
    }
    let form = Call::post(LINK).header("content-type", FORM).body(format!("signature={text}"));
    expect_401("in the body", &world.send(form).await, "invalid_signature", SIGNATURE);
    let header = Call::post(LINK).header("authorization", format!("Bearer {text}"));
    expect_401("in a header", &world.send(header).await, "invalid_signature", SIGNATURE);
}

#[tokio::test]
async fn active_and_retiring_secrets_sign_and_a_kid_chooses_among_them() {
    let world = world().await;
    let own = world.merchant_id();
    let now = world.now();
    let retiring = secret_of(&world, &own, |lifecycle| {
        lifecycle.retire(now, Overlap::new(60).unwrap()).unwrap();
    })
    .await;
    let active = secret_of(&world, &own, |_| {}).await;
    let ask = |kid: Option<&str>, secret: &str| link(&sign(&payload(&world), kid, secret.as_bytes()).unwrap());
    for (label, (id, secret)) in [("retiring", &retiring), ("active", &active)] {
        assert_eq!(world.send(ask(None, secret)).await.status, 200, "{label}");
        assert_eq!(world.send(ask(Some(id.as_str()), secret)).await.status, 200, "{label}, named");
    }
    let crossed = world.send(ask(Some(active.0.as_str()), &retiring.1)).await;
    expect_401("named for another", &crossed, "invalid_signature", SIGNATURE);
    world.advance(60);
    expect_401("retired", &world.send(ask(None, &retiring.1)).await, "invalid_signature", SIGNATURE);
    assert_eq!(world.send(ask(None, &active.1)).await.status, 200);
}

#[tokio::test]
async fn the_published_request_passes_until_five_seconds_past_its_end() {
    let world = world().await;
    let vectors: Value = serde_json::from_str(include_str!("../../../vectors/pledg.json")).unwrap();
    let all = vectors["vectors"].as_array().unwrap();
    let vector = all.iter().find(|vector| vector["name"] == "pledg/request-signature").unwrap();
    let (inputs, cases) = (&vector["inputs"], vector["expected"]["cases"].as_array().unwrap());
    let other = second_merchant(&world).await;
    let uid = "mer_0b54c1f2-6a0e-4c55-9a3e-0d6d1f4f7a11";
    world.services.vault.insert_alias(&other, Mode::Test, "mer", uid).await.unwrap();
    store_secret(&world, &other, inputs["secret_utf8"].as_str().unwrap(), |_| {}).await;
    for case in cases {
        let now = case["now"].as_i64().unwrap();
        world.advance(u64::try_from(now - world.now().unix_timestamp()).unwrap());
        let answer = world.send(link(inputs["signature"].as_str().unwrap())).await;
        let status = if case["verdict"].as_str().unwrap().starts_with("accept") { 200 } else { 401 };
        assert_eq!(answer.status.as_u16(), status, "{case}: {}", answer.text());
    }
}

#[tokio::test]
async fn the_members_of_a_request_are_checked_after_its_signature() {
    let world = world().await;
    let (long, wide) = ("x".repeat(256), "é".repeat(255));
    let table = [
        ("amountCents", Value::Null, 400),
        ("amountCents", json!(0), 400),
        ("amountCents", json!(-1), 400),
        ("amountCents", json!("100"), 400),
        ("amountCents", json!(1.5), 400),
        ("currency", json!("eur"), 400),
        ("currency", json!("XXXX"), 400),
        ("title", json!(""), 400),
        ("title", json!(7), 400),
        ("reference", json!(""), 400),
        ("reference", json!(long), 400),
        ("reference", json!(wide), 200),
        ("email", json!("nobody"), 400),
        ("email", json!("a@b@c"), 400),
        ("firstName", json!(1), 400),
        ("redirectUrl", json!("http://shop.example/"), 400),
        ("cancelUrl", json!("javascript:alert(1)"), 400),
        ("paymentNotificationUrl", json!("http://shop.example/"), 400),
        ("paymentNotificationUrl", json!("https://shop.example/n"), 200),
        ("metadata", json!([1]), 400),
        ("metadata", json!({ "a": { "b": [1, null] } }), 200),
        ("somethingElse", json!(["kept"]), 200),
    ];
    for (name, value, status) in table {
        let mut changed = payload(&world);
        changed["data"][name] = value.clone();
        let answer = world.send(link(&signed(&world, &changed))).await;
        assert_eq!(answer.status.as_u16(), status, "{name} = {value}: {}", answer.text());
        if status == 400 {
            assert_eq!(answer.json(), malformed(), "{name} = {value}");
        }
    }
    for name in ["amountCents", "currency", "title", "reference", "email"] {
        let mut changed = payload(&world);
        changed["data"].as_object_mut().unwrap().remove(name);
        world.send(link(&signed(&world, &changed))).await.expect(name, 400, &malformed());
    }
    let settings = [
        (json!({ "send_email": true, "email": "a@b.example", "send_sms": false, "phone_number": "+33600000000" }), 200),
        (json!({}), 200),
        (json!({ "send_email": "true" }), 400),
        (json!({ "send_sms": 1 }), 400),
        (json!({ "email": "nobody" }), 400),
        (json!({ "phone_number": 33 }), 400),
        (json!("send"), 400),
    ];
    for (value, status) in settings {
        let mut changed = payload(&world);
        changed["purchase_link_settings"] = value.clone();
        let answer = world.send(link(&signed(&world, &changed))).await;
        assert_eq!(answer.status.as_u16(), status, "{value}: {}", answer.text());
    }
}

// ---- §6 limits, paths, failures

#[tokio::test]
async fn each_way_in_has_its_own_limit() {
    let world = world().await;
    let pair = demo(&world);
    let second = client(&world, &world.merchant_id(), ClientDialect::Pledg, Mode::Test).await;
    let (email, password) = credentials(&world);
    let uid = world.text("/pledg/purchase_uid");
    let request = signed(&world, &payload(&world));
    let calls: [(&str, &dyn Fn() -> Call); 3] =
        [("token", &|| pair.ask()), ("dashboard", &|| release(&uid, &email, &password)), ("link", &|| link(&request))];
    let limited = json!({ "error": "rate_limited", "error_description": "Too many requests." });
    for (label, call) in calls {
        for n in 0..60 {
            assert_eq!(world.send(call()).await.status, 200, "{label} {n}");
        }
        let answer = world.send(call()).await;
        answer.expect(label, 429, &limited);
        assert_eq!(answer.header("retry-after"), Some("60"), "{label}");
    }
    assert_eq!(world.send(second.ask()).await.status, 200, "another client has its own");
    world.advance(60);
    for (label, call) in calls {
        assert_eq!(world.send(call()).await.status, 200, "{label}");
    }
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_refused_before_the_credential() {
    let world = world().await;
    let (missing, method) = (
        json!({ "error": "not_found", "error_description": "Not found." }),
        json!({ "error": "method_not_allowed", "error_description": "Method not allowed." }),
    );
    for path in ["/api/purchases/", "/api/purchases/pur_1", "/api/purchases/pur_1/refund", "/api/purchases/a/b/release"]
    {
        world.send(Call::post(path)).await.expect(path, 404, &missing);
    }
    let table = [
        ("GET", TOKEN, "POST"),
        ("POST", SECURED, "GET,HEAD"),
        ("GET", "/api/purchases/pur_1/release", "POST"),
        ("PUT", "/api/purchases/pur_1/credit_by_transfer", "POST"),
        ("GET", LINK, "POST"),
        ("GET", "/api/purchase_link/", "POST"),
    ];
    for (verb, path, allow) in table {
        let answer = world.send(Call::method(verb, path)).await;
        answer.expect(path, 405, &method);
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    for path in ["/api/token/", "/api/a_secured_endpoint/", "/api/purchase_links"] {
        assert_eq!(world.send(Call::post(path)).await.json()["code"], "not_found", "{path} is nobody's");
    }
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_said_and_nothing_passes() {
    let world = world().await;
    let (email, password) = credentials(&world);
    let request = signed(&world, &payload(&world));
    world.services.close().await;
    let body = json!({ "error": "temporarily_unavailable", "error_description": "Try again later." });
    let calls = [
        ("token", demo(&world).ask()),
        ("release", release(&world.text("/pledg/purchase_uid"), &email, &password)),
        ("link", link(&request)),
    ];
    for (label, call) in calls {
        let answer = world.send(call).await;
        answer.expect(label, 503, &body);
        assert_eq!(answer.header("retry-after"), Some("1"), "{label}");
    }
}

// ---- helpers

/// An OAuth client and its secret.
struct Pair {
    id: String,
    secret: String,
}

impl Pair {
    fn header(&self) -> String {
        basic(&self.id, &self.secret)
    }

    fn sign(&self, call: Call) -> Call {
        call.header("authorization", self.header())
    }

    fn ask(&self) -> Call {
        self.sign(form(GRANT))
    }

    async fn buy(&self, world: &World) -> String {
        text(&world.send(self.ask()).await, "access_token")
    }

    fn cid(&self) -> KeyId {
        KeyFamily::CLIENT_SECRET.format.parse(&self.secret).unwrap().id()
    }

    async fn retire(&self, world: &World, overlap_s: u32) {
        let old = world.services.vault.credential(self.cid()).await.unwrap().unwrap();
        let id = KeyId::mint(|bytes| world.services.rng.fill(bytes)).unwrap();
        let (new, overlap) = (Credential { id, ..old }, Overlap::new(overlap_s).unwrap());
        world.services.vault.replace_user_credential(&new, overlap, world.now()).await.unwrap();
        assert!(
            world.services.vault.credential(self.cid()).await.unwrap().unwrap().lifecycle.retiring_until().is_some()
        );
        world.services.records.forget_credential(self.cid());
    }

    async fn revoke(&self, world: &World) {
        assert!(world.services.vault.revoke_credential(self.cid(), world.now()).await.unwrap());
        world.services.records.forget_credential(self.cid());
    }
}

fn demo(world: &World) -> Pair {
    Pair { id: world.text("/pledg/key"), secret: world.text("/pledg/secret") }
}

async fn client(world: &World, merchant: &MerchantId, dialect: ClientDialect, mode: Mode) -> Pair {
    client_of(world, merchant, dialect, mode, None).await
}

/// A client whose secret can retire, as the secrets of one user replace each other.
async fn client_of_user(world: &World) -> Pair {
    let user = UserId::parse(&world.text("/panel/user_id"));
    client_of(world, &world.merchant_id(), ClientDialect::Pledg, Mode::Test, user).await
}

async fn client_of(
    world: &World,
    merchant: &MerchantId,
    dialect: ClientDialect,
    mode: Mode,
    user: Option<UserId>,
) -> Pair {
    let id = CLIENT_ID.mint(mode, |bytes| world.services.rng.fill(bytes)).unwrap();
    let scopes = Scopes::empty();
    let record = OauthClient {
        id: id.id(),
        dialect,
        merchant: merchant.clone(),
        mode,
        scopes: scopes.clone(),
        created_at: world.now(),
    };
    world.services.vault.insert_client(&record).await.unwrap();
    let new = NewCredential { merchant: merchant.clone(), user, client: Some(id.id()), mode, scopes };
    let secret = world.services.issuer.issue(KeyFamily::CLIENT_SECRET, new, world.now()).await.unwrap();
    Pair { id: id.as_str().to_owned(), secret: secret.expose_secret().to_owned() }
}

/// A request secret whose lifecycle was changed; answers its id and text.
async fn secret_of(world: &World, merchant: &MerchantId, edit: impl FnOnce(&mut Lifecycle)) -> (KeyId, String) {
    let text = world.services.rng.base62(43).unwrap().to_string();
    (store_secret(world, merchant, &text, edit).await, text)
}

async fn store_secret(world: &World, merchant: &MerchantId, text: &str, edit: impl FnOnce(&mut Lifecycle)) -> KeyId {
    let rng = &world.services.rng;
    let id = KeyId::mint(|bytes| rng.fill(bytes)).unwrap();
    let (key_version, sealed) = world.services.sealer.seal(text.as_bytes(), id.as_str(), rng).unwrap();
    let mut lifecycle = Lifecycle::new(world.now() - Duration::seconds(1));
    edit(&mut lifecycle);
    let (merchant, purpose) = (merchant.clone(), SecretPurpose::PledgRequest);
    let secret = SealedSecret { id, purpose, merchant, mode: Mode::Test, key_version, sealed, lifecycle };
    world.services.vault.insert_secret(&secret).await.unwrap();
    id
}

async fn alias(world: &World, mode: Mode) -> String {
    world.services.vault.alias(&world.merchant_id(), mode, "mer").await.unwrap().unwrap()
}

async fn second_merchant(world: &World) -> MerchantId {
    let merchant = Merchant {
        id: MerchantId::new("PER", "9ZQ4K").unwrap(),
        name: "Second Shop".to_owned(),
        status: MerchantStatus::Active,
        ip_list: IpList::unrestricted(),
        domains: Vec::new(),
        methods: Vec::new(),
        currency: "PEN".to_owned(),
        created_at: world.now(),
    };
    world.services.vault.insert_merchant(&merchant, "0.00").await.unwrap();
    merchant.id
}

async fn user(world: &World, merchant: &MerchantId, email: &str, password: &str) -> User {
    let bytes = Zeroizing::new(password.as_bytes().to_vec());
    let mut user = User {
        id: UserId::from_stored(0),
        merchant: merchant.clone(),
        email: EmailAddress::new(email).unwrap(),
        password_hash: world.services.passwords.hash(bytes, &world.services.rng).await.unwrap(),
        generation: 1,
        disabled: false,
        api_basic: true,
    };
    user.id = world.services.vault.insert_user(&user, world.now()).await.unwrap();
    user
}

async fn change(world: &World, user: &User, edit: impl FnOnce(&mut User)) {
    let mut user = user.clone();
    edit(&mut user);
    world.services.vault.update_user(&user).await.unwrap();
    world.services.records.forget_user(user.id);
}

/// Stores a purchase whose reference is its own uid.
async fn purchase(world: &World, merchant: &MerchantId, mode: Mode, status: &str) -> String {
    let uid = format!("pur_{}", *world.services.rng.base62(32).unwrap());
    let purchase = Purchase {
        uid: uid.clone(),
        merchant: merchant.clone(),
        mode,
        reference: uid.clone(),
        amount_cents: 5_000,
        credited_cents: 0,
        currency: "EUR".to_owned(),
        status: status.to_owned(),
        payload_digest: [0; 32],
        link: uid.clone(),
        created_at: world.now(),
    };
    world.services.purchases.insert_purchase(&purchase).await.unwrap();
    uid
}

fn credentials(world: &World) -> (EmailAddress, String) {
    (EmailAddress::new(&world.text("/panel/email")).unwrap(), world.text("/panel/password"))
}

fn person(world: &World, path: &str) -> Call {
    let (email, password) = credentials(world);
    Call::post(path).header("authorization", basic(email.as_str(), &password))
}

fn release(uid: &str, email: &EmailAddress, password: &str) -> Call {
    let call = Call::post(&format!("/api/purchases/{uid}/release"));
    call.header("authorization", basic(email.as_str(), password))
}

fn credit_path(uid: &str) -> String {
    format!("/api/purchases/{uid}/credit_by_transfer")
}

fn credit(world: &World, uid: &str, body: &Value) -> Call {
    person(world, &credit_path(uid)).json(body)
}

pub(crate) fn payload(world: &World) -> Value {
    json!({
        "data": {
            "merchantUid": world.text("/pledg/merchant_uid"),
            "amountCents": 12_900,
            "currency": "EUR",
            "title": "Order 4711",
            "reference": "ORDER-4711",
            "email": "buyer@example.test",
            "redirectUrl": "https://shop.example/ok",
        },
    })
}

pub(crate) fn signed(world: &World, payload: &Value) -> String {
    sign(payload, None, world.text("/pledg/signing_secret").as_bytes()).unwrap()
}

pub(crate) fn link(signature: &str) -> Call {
    Call::post(&format!("{LINK}?signature={signature}"))
}

fn form(body: &str) -> Call {
    Call::post(TOKEN).header("content-type", FORM).body(body.to_owned())
}

fn bearer(token: &str) -> Call {
    Call::get(SECURED).header("authorization", format!("Bearer {token}"))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn listener_of(mode: Mode) -> ListenerMode {
    match mode {
        Mode::Live => ListenerMode::Live,
        Mode::Test => ListenerMode::Test,
    }
}

/// An address of its own for each row, so that no row meets the limit on failures.
fn peer(n: usize) -> [u8; 4] {
    [198, 51, 100, u8::try_from(n + 1).unwrap()]
}

fn malformed() -> Value {
    json!({ "error": "invalid_request", "error_description": "The request is malformed." })
}

#[track_caller]
fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", answer.text())).to_owned()
}

fn jwt(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (json(), json())
}

#[track_caller]
fn expect_401(label: &str, answer: &Answer, error: &str, challenge: &str) {
    let description = match error {
        "invalid_client" => "Client authentication failed.",
        "invalid_token" => "The access token is missing or not valid.",
        _ => "The signature is missing or not valid.",
    };
    answer.expect(label, 401, &json!({ "error": error, "error_description": description }));
    assert_eq!(answer.header("www-authenticate"), Some(challenge), "{label}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
}
