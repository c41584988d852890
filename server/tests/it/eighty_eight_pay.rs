//! 88Pay: a key and a merchant id buy a token; the token works with its own session id only, for 60 seconds.

use std::collections::HashSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use http_body_util::{BodyExt, Full};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tollgate::account::{Credential, KeyFamily, Merchant, MerchantId, MerchantStatus, User, UserId};
use tollgate::app::{App, Options, Services, Storage};
use tollgate::auth::ListenerMode;
use tollgate::clock::Clock;
use tollgate::dialects;
use tollgate::edge::router;
use tollgate::issuer::NewCredential;
use tollgate::keys::KeyFile;
use tollgate::payments::CallKey;
use tollgate::rng::Rng;
use tollgate_apikey::{ApiKey, KeyId, Lifecycle, Mode, Overlap, Peppers, Scopes};
use tollgate_client_address::{Cidr, IpList, TrustedProxies};
use tower::ServiceExt;
use uuid::{Uuid, Variant};

use super::world::{Answer, Call, LIVE, SANDBOX, T0, World, world};

const TOKEN: &str = "/api/auth/token";
const CHARGES: &str = "/api/transactions/charges";
const BALANCE: &str = "/api/balance";

const FAMILY: KeyFamily = KeyFamily::EIGHTY_EIGHT_PAY;
const ALL_SCOPES: &str = "balance:read charges:write";
const NO_KEY: &str = "Invalid API key or merchant ID";
const TOO_MANY: &str = "Rate limit exceeded. Please try again later.";
const APIKEY: &str = "ApiKey realm=\"88pay\"";
const BEARER: &str = "Bearer realm=\"88pay\"";
const BAD_BEARER: &str = "Bearer realm=\"88pay\", error=\"invalid_token\"";

// ---- §2.1 the token

#[tokio::test]
async fn a_key_and_its_merchant_id_buy_a_token_for_sixty_seconds() {
    let world = world().await;
    let jwk = world.send(Call::get("/.well-known/jwks.json")).await.json()["keys"][0].clone();
    let table = [
        ("test key, test spelling", Mode::Test, Mode::Test, SANDBOX, 9),
        ("test key, plain spelling", Mode::Test, Mode::Live, SANDBOX, 8),
        ("live key, plain spelling", Mode::Live, Mode::Live, LIVE, 9),
    ];
    for (label, mode, spelling, issuer, remaining) in table {
        let account = Account { id: world.merchant_id().in_mode(spelling), ..demo(&world, mode) };
        let answer = world.send(account.ask()).await;
        let (token, session) = (member(&answer, "access_token"), member(&answer, "session_id"));
        let data = json!({ "access_token": token, "expires_in": 60, "session_id": session });
        let message = "Token generated successfully";
        answer.expect(label, 200, &json!({ "status": "Success", "code": 200, "message": message, "data": data }));
        assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
        expect_quota(label, &answer, (10, remaining, T0 + 60));
        assert!(is_session_id(&session), "{label}: {session}");

        let jwt = Jwt::read(&token);
        assert_eq!(jwt.header, json!({ "alg": "ES256", "typ": "JWT", "kid": jwk["kid"] }), "{label}");
        assert!(jwk["kid"].as_str().unwrap().starts_with("88p-"), "{label}");
        let jti = jwt.claims["jti"].as_str().unwrap();
        assert_eq!(unbase64(jti).len(), 16, "{label}");
        let claims = json!({
            "iss": issuer, "aud": "88pay", "merchant_id": world.merchant_id().in_mode(mode), "env": mode.as_str(),
            "cid": id_of(&account.key).as_str(), "iat": T0, "exp": T0 + 60, "jti": jti, "sid": sid(&session),
        });
        assert_eq!(jwt.claims, claims, "{label}");
        assert_eq!(jwt.signature.len(), 64, "{label}");
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(&jwk));
        key.verify(jwt.signed.as_bytes(), &jwt.signature).unwrap();
    }
}

#[tokio::test]
async fn each_call_gives_a_new_pair_and_the_earlier_ones_stay_valid() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let mut pairs = Vec::new();
    for _ in 0..4 {
        pairs.push(account.buy(&world).await);
        world.advance(1);
    }
    let tokens: HashSet<_> = pairs.iter().map(|pair| pair.token.clone()).collect();
    let sessions: HashSet<_> = pairs.iter().map(|pair| pair.session.clone()).collect();
    let ids: HashSet<_> = pairs.iter().map(|pair| Jwt::read(&pair.token).claims["jti"].to_string()).collect();
    assert_eq!((tokens.len(), sessions.len(), ids.len()), (4, 4, 4));
    for (n, pair) in pairs.iter().enumerate() {
        assert_eq!(world.send(pair.balance()).await.status, 200, "pair {n}");
    }
}

#[tokio::test]
async fn bodies_are_read_only_where_one_counts_and_the_caller_may_send_it() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let balance_only =
        Account { key: issue(&world, &world.merchant_id(), Mode::Test, "balance:read").await, ..account.clone() };
    let no_scope = balance_only.buy(&world).await;
    let table = [
        ("token", account.ask(), 200, false),
        ("nobody", Call::post(CHARGES), 401, false),
        ("no scope", no_scope.sign(Call::post(CHARGES)), 403, false),
        ("a charge", pair.sign(Call::post(CHARGES)), 400, true),
    ];
    for (label, call, status, is_read) in table {
        let (body, read) = watched("{\"flow\":");
        let answer = world.send(call.raw_json(body)).await;
        assert_eq!(answer.status.as_u16(), status, "{label}: {}", answer.text());
        assert_eq!(read.load(Ordering::SeqCst), is_read, "{label}");
    }
    let huge = account.ask().header("content-type", "text/plain").body(vec![b'{'; 70_000]);
    assert_eq!(world.send(huge).await.status, 200, "a body that would be refused elsewhere");
}

// ---- §3 and §8: refused keys

#[tokio::test]
async fn every_key_that_is_not_good_gets_the_same_bytes() {
    let world = world().await;
    let (test, live) = (demo(&world, Mode::Test), demo(&world, Mode::Live));
    let (key, id) = (test.key.as_str(), test.id.as_str());
    let plain = live.id.as_str();
    let other = second_merchant(&world).await;
    let (other_test, other_live) = (other.in_mode(Mode::Test), other.in_mode(Mode::Live));

    let revoked = issue(&world, &world.merchant_id(), Mode::Test, ALL_SCOPES).await;
    revoke(&world, &revoked).await;
    let user = user(&world).await;
    let killed = issue_to(&world, &user).await;
    replace(&world, &user, 0).await;
    let retired = issue_to(&world, &user).await;
    replace(&world, &user, 1).await;
    world.advance(1);

    let absent =
        |mode| FAMILY.format.mint(mode, |bytes| world.services.rng.fill(bytes)).unwrap().expose_secret().to_owned();
    let wrong_crc = format!("{}{}", &key[..key.len() - 1], if key.ends_with('0') { '1' } else { '0' });
    let caibo = world.text("/caibo/api_key_test");
    let caibo_id = KeyFamily::CAIBO.format.parse(&caibo).unwrap().id();
    let (on_test, on_live) = (ListenerMode::Test, ListenerMode::Live);
    let row = |label: &'static str, listener, key: &str, id: &str| {
        (label, listener, Some(key.as_bytes().to_vec()), Some(id.as_bytes().to_vec()))
    };
    let mut table = vec![
        ("no key", on_test, None, Some(id.into())),
        ("no merchant id", on_test, Some(key.into()), None),
        ("no-break space after the key", on_test, Some([key.as_bytes(), b"\xa0"].concat()), Some(id.into())),
        row("empty key", on_test, "", id),
        row("empty merchant id", on_test, key, ""),
        row("garbage", on_test, "x", id),
        row("double quotes", on_test, &format!("\"{key}\""), id),
        row("single quotes", on_test, &format!("'{key}'"), id),
        row("blank before", on_test, &format!(" {key}"), id),
        row("blank after", on_test, &format!("{key} "), id),
        row("tab after", on_test, &format!("{key}\t"), id),
        row("scheme before", on_test, &format!("Bearer {key}"), id),
        row("upper case", on_test, &key.to_ascii_uppercase(), id),
        row("one character less", on_test, &key[..key.len() - 1], id),
        row("one character more", on_test, &format!("{key}0"), id),
        row("too long for any key", on_test, &key.repeat(8), id),
        row("wrong CRC", on_test, &wrong_crc, id),
        row("a key of another dialect", on_test, &caibo, id),
        row("the id of a key of another dialect", on_test, &key_with_id(caibo_id, Mode::Test), id),
        row("unknown", on_test, &absent(Mode::Test), id),
        row("wrong secret", on_test, &key_with_id(id_of(key), Mode::Test), id),
        row("id of a live key, test prefix", on_test, &key_with_id(id_of(&live.key), Mode::Test), id),
        row("live key on the sandbox", on_test, &live.key, id),
        row("live key on the sandbox, plain id", on_test, &live.key, plain),
        row("unknown live key on the sandbox", on_test, &absent(Mode::Live), plain),
        row("test key on the live listener", on_live, key, id),
        row("test key on the live listener, plain id", on_live, key, plain),
        row("unknown on the live listener", on_live, &absent(Mode::Live), plain),
        row("wrong secret on the live listener", on_live, &key_with_id(id_of(&live.key), Mode::Live), plain),
        row("live key with the test spelling", on_live, &live.key, id),
        row("another merchant's id", on_test, key, &other_live),
        row("another merchant's id, test spelling", on_test, key, &other_test),
        row("another merchant's id, live", on_live, &live.key, &other_live),
        row("nobody's id", on_test, key, "MCH-COL-ZZZZZ"),
        row("id in lower case", on_test, key, &id.to_ascii_lowercase()),
        row("id in quotes", on_test, key, &format!("\"{id}\"")),
        row("blank after the id", on_test, key, &format!("{id} ")),
        row("id twice", on_test, key, &format!("{id},{id}")),
        row("id without its country", on_test, key, &id.replacen("COL-", "", 1)),
        row("id of another country", on_test, key, &id.replacen("COL", "PER", 1)),
        row("TEST twice", on_test, key, &id.replacen("TEST", "TEST-TEST", 1)),
        row("revoked", on_test, &revoked, id),
        row("retired, deadline reached", on_test, &retired, id),
        row("rotated without overlap", on_test, &killed, id),
    ];
    let vectors: Value = serde_json::from_str(include_str!("../../../vectors/eighty-eight-pay.json")).unwrap();
    let ids = vectors["vectors"].as_array().unwrap().iter().find(|v| v["name"] == "88pay/merchant-id").unwrap();
    for ill_formed in ids["inputs"]["refuse"].as_array().unwrap() {
        table.push(row("vector: 88pay/merchant-id", on_test, key, ill_formed.as_str().unwrap()));
    }

    let reference = world.send(Call::post(TOKEN).from([203, 0, 113, 1])).await;
    reference.expect("neither header", 401, &error(401, NO_KEY));
    assert_eq!(reference.header("www-authenticate"), Some(APIKEY));
    assert_eq!(reference.header("content-type"), Some("application/json"));
    expect_no_quota("neither header", &reference);
    for (n, (label, listener, key, id)) in table.into_iter().enumerate() {
        let mut call = Call::post(TOKEN).on(listener).from(peer(n));
        for (name, value) in [("x-api-key", key), ("x-merchant-id", id)] {
            if let Some(value) = value {
                call = call.header(name, value);
            }
        }
        assert_eq!(world.send(call).await.comparable(), reference.comparable(), "{label}");
    }
    // The parts the table is made of are good where they belong.
    for account in [test.clone(), live.clone(), Account { id: plain.to_owned(), ..test }] {
        assert_eq!(world.send(account.ask()).await.status, 200, "{}", account.id);
    }
}

#[tokio::test]
async fn a_key_counts_in_its_own_header_only() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let named = |call: Call| call.header("x-merchant-id", &account.id);
    let table = [
        ("key as Bearer", named(Call::post(TOKEN)).header("authorization", format!("Bearer {}", account.key)), NO_KEY),
        ("key in the query", named(Call::post(&format!("{TOKEN}?x-api-key={}", account.key))), NO_KEY),
        ("pair at the token route", named(pair.sign(Call::post(TOKEN))), NO_KEY),
        ("key at another route", account.sign(Call::get(BALANCE)), "Unauthorized"),
        ("token as key", account.sign(Call::get(BALANCE)).header("x-session-id", &pair.session), "Unauthorized"),
        ("token in the query", Call::get(&format!("{BALANCE}?access_token={}", pair.token)), "Unauthorized"),
    ];
    for (label, call, message) in table {
        world.send(call).await.expect(label, 401, &error(401, message));
    }
}

#[tokio::test]
async fn a_header_that_comes_twice_is_refused_where_it_counts() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let bearer = format!("Bearer {}", pair.token);
    let table = [
        ("x-api-key", account.ask().header("x-api-key", &account.key)),
        ("x-api-key", Call::post(TOKEN).header("x-api-key", "a").header("x-api-key", "b")),
        ("x-merchant-id", account.ask().header("x-merchant-id", &account.id)),
        ("x-merchant-id", account.ask().header("X-Merchant-Id", "")),
        ("authorization", pair.balance().header("authorization", &bearer)),
        ("authorization", Call::get(BALANCE).header("authorization", "").header("authorization", "Basic eDp5")),
        ("x-session-id", pair.balance().header("x-session-id", &pair.session)),
        ("x-session-id", Call::get(BALANCE).header("x-session-id", "a").header("x-session-id", "b")),
        ("authorization", pair.sign(Call::post(CHARGES)).header("authorization", &bearer).json(&charge())),
        ("x-session-id", pair.sign(Call::post(CHARGES)).header("x-session-id", "x").json(&charge())),
    ];
    for (name, call) in table {
        let answer = world.send(call).await;
        answer.expect(name, 400, &error(400, &format!("Duplicate header: {name}")));
        expect_no_quota(name, &answer);
    }
    let ignored = [
        ("authorization at the token route", account.ask().header("authorization", "a").header("authorization", "b")),
        ("x-session-id at the token route", account.ask().header("x-session-id", "a").header("x-session-id", "b")),
        ("x-api-key beside a pair", pair.balance().header("x-api-key", "a").header("x-api-key", "b")),
        ("x-merchant-id beside a pair", pair.balance().header("x-merchant-id", "a").header("x-merchant-id", "b")),
    ];
    for (label, call) in ignored {
        assert_eq!(world.send(call).await.status, 200, "{label}");
    }
}

// ---- §2.2 and §8: the pair

#[tokio::test]
async fn a_token_works_with_its_own_session_at_its_own_listener_only() {
    let world = world().await;
    let other = second_merchant(&world).await;
    let mut accounts = Vec::new();
    for mode in [Mode::Test, Mode::Live] {
        let key = issue(&world, &other, mode, ALL_SCOPES).await;
        accounts.extend([demo(&world, mode), demo(&world, mode), Account { key, id: other.in_mode(mode), mode }]);
    }
    let mut pairs = Vec::new();
    for account in &accounts {
        pairs.push((account.mode, account.buy(&world).await));
    }
    let mut refused = HashSet::new();
    let mut passed = 0;
    for listener in [Mode::Test, Mode::Live] {
        for (row, (mode, token)) in pairs.iter().enumerate() {
            for (column, (_, session)) in pairs.iter().enumerate() {
                let label = format!("token {row}, session {column}, {listener:?} listener");
                let pair = Pair { token: token.token.clone(), session: session.session.clone() };
                let call = pair.sign(Call::get(BALANCE)).on(listener_of(listener)).from(peer(row * 10 + column));
                let answer = world.send(call).await;
                if row == column && *mode == listener {
                    assert_eq!(answer.status, 200, "{label}");
                    passed += 1;
                } else {
                    answer.expect(&label, 401, &error(401, "Unauthorized"));
                    assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER), "{label}");
                    expect_no_quota(&label, &answer);
                    refused.insert(answer.comparable());
                }
            }
        }
    }
    assert_eq!((passed, refused.len()), (6, 1));
}

#[tokio::test]
async fn a_missing_session_id_is_said_without_looking_at_the_token() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let live = demo(&world, Mode::Live).buy(&world).await;
    let ask = |token: &str| Call::get(BALANCE).header("authorization", format!("Bearer {token}"));
    let reference = world.send(ask(&pair.token)).await;
    reference.expect("a good token", 400, &error(400, "Missing required header: x-session-id"));
    assert_eq!(reference.header("www-authenticate"), None);
    expect_no_quota("a good token", &reference);
    world.advance(61);
    let table = [
        ("garbage", "x"),
        ("an expired token", &pair.token),
        ("a live token", &live.token),
        ("characters that no token has", "+/=~"),
    ];
    for (label, token) in table {
        assert_eq!(world.send(ask(token)).await.comparable(), reference.comparable(), "{label}");
    }
    let charge = world.send(ask("x").header("x-merchant-id", "x")).await;
    assert_eq!(charge.comparable(), reference.comparable());
}

#[tokio::test]
async fn a_session_id_has_one_spelling() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let session = pair.session.as_str();
    let uuid = &session[5..];
    let at = |position: usize, c: &str| format!("{}{c}{}", &session[..position], &session[position + 1..]);
    let table = [
        ("empty", String::new()),
        ("prefix only", "sess_".to_owned()),
        ("upper-case UUID", format!("sess_{}", uuid.to_ascii_uppercase())),
        ("upper-case prefix", format!("SESS_{uuid}")),
        ("no prefix", uuid.to_owned()),
        ("prefix twice", format!("sess_{session}")),
        ("no hyphens", format!("sess_{}", uuid.replace('-', ""))),
        ("braces", format!("sess_{{{uuid}}}")),
        ("version 1", at(19, "1")),
        ("another variant", at(24, "c")),
        ("not a hex digit", at(5, "g")),
        ("trailing blank", format!("{session} ")),
        ("leading blank", format!(" {session}")),
        ("trailing tab", format!("{session}\t")),
        ("quotes", format!("\"{session}\"")),
        ("one character less", session[..session.len() - 1].to_owned()),
        ("one character more", format!("{session}0")),
        ("its digest", sid(session)),
        ("somebody's", "sess_0f8fad5b-d9cb-469f-a165-70867728950e".to_owned()),
        ("very long", session.repeat(10)),
    ];
    for (label, text) in table {
        let pair = Pair { token: pair.token.clone(), session: text };
        let answer = world.send(pair.balance()).await;
        answer.expect(label, 401, &error(401, "Unauthorized"));
        assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER), "{label}");
    }
    assert_eq!(world.send(pair.balance()).await.status, 200);
}

#[tokio::test]
async fn the_challenge_names_a_bad_token_only_when_one_came() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let table = [
        ("nothing", None, BEARER),
        ("another scheme", Some("Basic dXNlcjpwYXNz".to_owned()), BEARER),
        ("the key's scheme", Some(format!("ApiKey {}", demo(&world, Mode::Test).key)), BEARER),
        ("a bad token", Some("Bearer x".to_owned()), BAD_BEARER),
        ("two blanks", Some(format!("Bearer  {}", pair.token)), BAD_BEARER),
        ("trailing blank", Some(format!("Bearer {} ", pair.token)), BAD_BEARER),
        ("quotes", Some(format!("Bearer \"{}\"", pair.token)), BAD_BEARER),
        ("a list", Some(format!("Bearer {}, Bearer x", pair.token)), BAD_BEARER),
    ];
    for (label, authorization, challenge) in table {
        for session in [Some(pair.session.as_str()), Some("x"), None] {
            let mut call = Call::get(BALANCE);
            if let Some(value) = &authorization {
                call = call.header("authorization", value);
            }
            if let Some(value) = session {
                call = call.header("x-session-id", value);
            }
            let answer = world.send(call).await;
            if session.is_none() && label == "a bad token" {
                assert_eq!(answer.status, 400, "{label}");
                continue;
            }
            answer.expect(label, 401, &error(401, "Unauthorized"));
            assert_eq!(answer.header("www-authenticate"), Some(challenge), "{label}");
            expect_no_quota(label, &answer);
        }
    }
    // The scheme has no case, and a pair may be used any number of times.
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let call = Call::get(BALANCE).header("authorization", format!("{scheme} {}", pair.token));
        assert_eq!(world.send(call.header("x-session-id", &pair.session)).await.status, 200, "{scheme}");
    }
}

// ---- §4 and §8: refused tokens

#[tokio::test]
async fn a_token_lives_sixty_seconds_without_leeway() {
    let world = world().await;
    for mode in [Mode::Test, Mode::Live] {
        let pair = demo(&world, mode).buy(&world).await;
        let ask = || pair.balance().on(listener_of(mode));
        world.advance(59);
        assert_eq!(world.send(ask()).await.status, 200, "{mode:?} at 59 s");
        world.clock.advance(Duration::from_millis(999));
        assert_eq!(world.send(ask()).await.status, 200, "{mode:?} at 59.999 s");
        world.clock.advance(Duration::from_millis(1));
        world.send(ask()).await.expect("at 60 s", 401, &error(401, "Unauthorized"));
    }
}

#[tokio::test]
async fn tokens_of_other_kinds_are_refused() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let path = format!("/payment-requests/{}/checkout-session", world.text("/caibo/payment_request_id"));
    let checkout = world.send(Call::post(&path).header("x-api-key", world.text("/caibo/api_key_test"))).await;
    assert!(checkout.status.is_success(), "{}", checkout.text());
    let vectors: Value = serde_json::from_str(include_str!("../../../vectors/eighty-eight-pay.json")).unwrap();
    let named = |name: &str| {
        vectors["vectors"].as_array().unwrap().iter().find(|v| v["name"] == name).unwrap()["inputs"].clone()
    };
    let sample = named("88pay/published-sample");
    let browser_token = checkout.json()["token"].as_str().unwrap().to_owned();
    let table = [
        ("the key", account.key.clone()),
        ("panel login", world.log_in(ListenerMode::Test).await),
        ("browser token", browser_token),
        ("the vendor's sample", format!("{}.{}", sample["signing_input"].as_str().unwrap(), "MEUCIQDx")),
        ("signed by a stranger", named("88pay/session-token")["token"].as_str().unwrap().to_owned()),
        ("the session id", pair.session.clone()),
    ];
    for (label, token) in table {
        let answer = world.send(Pair { token, session: pair.session.clone() }.balance()).await;
        answer.expect(label, 401, &error(401, "Unauthorized"));
        assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER), "{label}");
    }
    // Nor does a session token open the panel.
    let panel = world.send(Call::get("/auth/whoami").header("authorization", format!("Bearer {}", pair.token))).await;
    assert_eq!(panel.status, 401);
}

#[tokio::test]
async fn headers_that_are_not_ours_are_refused_under_any_signature() {
    let bench = Bench::new().await;
    let key = bench.key(|_| {}).await;
    let pair = bench.buy(&key).await;
    let good = Jwt::read(&pair.token);
    let claims = good.claims.to_string();
    let kid = good.header["kid"].as_str().unwrap();
    let header = |more: &str| format!("{{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"{kid}\"{more}}}");
    bench.expect_good("control", &bench.sign(&header(""), &claims), &pair.session).await;
    bench.expect_good("members in another order", &bench.sign(&good.header.to_string(), &claims), &pair.session).await;

    let jwk = bench.jwk().await;
    let point = point(&jwk);
    let spki = [&SPKI_PREFIX[..], &point].concat();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(&spki));
    let hs256 = header("").replace("ES256", "HS256");
    let mut table = vec![
        ("alg none, no signature", format!("{}.{}.", base64(header("").replace("ES256", "none")), base64(&claims))),
        ("alg none", bench.sign(&header("").replace("ES256", "none"), &claims)),
        ("alg None", bench.sign(&header("").replace("ES256", "None"), &claims)),
        ("alg ES384", bench.sign(&header("").replace("ES256", "ES384"), &claims)),
        ("alg RS256", bench.sign(&header("").replace("ES256", "RS256"), &claims)),
        ("alg in lower case", bench.sign(&header("").replace("ES256", "es256"), &claims)),
        ("HS256 with an ES256 signature", bench.sign(&hs256, &claims)),
        ("HS256, key x and y", hs256_token(&hs256, &claims, &point[1..])),
        ("HS256, key the point", hs256_token(&hs256, &claims, &point)),
        ("HS256, key the SPKI", hs256_token(&hs256, &claims, &spki)),
        ("HS256, key the PEM", hs256_token(&hs256, &claims, pem.as_bytes())),
        ("HS256, key the JWK", hs256_token(&hs256, &claims, jwk.to_string().as_bytes())),
        ("HS256, empty key", hs256_token(&hs256, &claims, b"")),
        ("typ at+jwt", bench.sign(&header("").replace("\"JWT\"", "\"at+jwt\""), &claims)),
        ("no typ", bench.sign(&format!("{{\"alg\":\"ES256\",\"kid\":\"{kid}\"}}"), &claims)),
        ("no kid", bench.sign("{\"alg\":\"ES256\",\"typ\":\"JWT\"}", &claims)),
        ("unknown kid", bench.sign(&header("").replace(kid, "88p-00000000"), &claims)),
        ("kid of the panel", bench.sign(&header("").replace(kid, &bench.kid("panel")), &claims)),
        ("alg twice", bench.sign(&header(",\"alg\":\"ES256\""), &claims)),
        ("not an object", bench.sign("[]", &claims)),
    ];
    for more in ["jku", "x5u", "x5c", "jwk", "crit", "zip", "b64", "cty"] {
        let member = match more {
            "jku" | "x5u" => "\"https://keys.example/\"".to_owned(),
            "jwk" => jwk.to_string(),
            "b64" => "false".to_owned(),
            "x5c" | "crit" => "[\"exp\"]".to_owned(),
            _ => "\"DEF\"".to_owned(),
        };
        table.push((more, bench.sign(&header(&format!(",\"{more}\":{member}")), &claims)));
    }
    for (label, token) in table {
        bench.expect_refused(label, &token, &pair.session).await;
    }
}

#[tokio::test]
async fn claims_that_are_not_ours_are_refused_under_our_own_signature() {
    let bench = Bench::new().await;
    let key = bench.key(|_| {}).await;
    let live = bench.key(|record| record.mode = Mode::Live).await;
    let revoked = bench.key(|record| record.lifecycle.revoke(bench.clock.now()).unwrap()).await;
    let foreign = bench.key(|record| record.kind = tollgate::account::CredentialKind::CaiboKey).await;
    let pair = bench.buy(&key).await;
    let good = Jwt::read(&pair.token);
    let header = good.header.to_string();
    let with = |name: &str, value: Value| {
        let mut claims = good.claims.clone();
        claims[name] = value;
        claims.to_string()
    };
    let without = |name: &str| {
        let mut claims = good.claims.clone();
        claims.as_object_mut().unwrap().remove(name).unwrap();
        claims.to_string()
    };
    let raw = |name: &str, text: &str| with(name, json!("RAW")).replace("\"RAW\"", text);
    let and = |more: &str| format!("{}{more}}}", good.claims.to_string().strip_suffix('}').unwrap());

    let accepted = [
        ("control", good.claims.to_string()),
        ("iat 5 s ahead", with("iat", json!(T0 + 5))),
        ("nbf 5 s ahead", with("nbf", json!(T0 + 5))),
        ("one second left", with("exp", json!(T0 + 1))),
        ("an unknown claim", with("zone", json!("x"))),
    ];
    for (label, claims) in accepted {
        bench.expect_good(label, &bench.sign(&header, &claims), &pair.session).await;
    }
    let refused = [
        ("exp is now", with("exp", json!(T0))),
        ("exp as a string", with("exp", json!((T0 + 60).to_string()))),
        ("exp with a fraction", raw("exp", &format!("{}.0", T0 + 60))),
        ("exp with an exponent", raw("exp", "1.767225660e9")),
        ("exp null", with("exp", Value::Null)),
        ("exp negative", with("exp", json!(-1))),
        ("exp beyond every calendar", raw("exp", "99999999999999999999")),
        ("no exp", without("exp")),
        ("exp twice", and(&format!(",\"exp\":{}", T0 + 60))),
        ("exp twice, once escaped", and(&format!(",\"e\\u0078p\":{}", T0 + 60))),
        ("iat 6 s ahead", with("iat", json!(T0 + 6))),
        ("iat as a string", with("iat", json!(T0.to_string()))),
        ("no iat", without("iat")),
        ("nbf 6 s ahead", with("nbf", json!(T0 + 6))),
        ("nbf null", with("nbf", Value::Null)),
        ("aud of the panel", with("aud", json!("panel"))),
        ("aud a list", with("aud", json!(["88pay"]))),
        ("no aud", without("aud")),
        ("aud twice", and(",\"aud\":\"88pay\"")),
        ("iss of the other listener", with("iss", json!(LIVE))),
        ("iss with a slash", with("iss", json!(format!("{SANDBOX}/")))),
        ("no iss", without("iss")),
        ("env live", with("env", json!("live"))),
        ("no env", without("env")),
        ("jti of 15 bytes", with("jti", json!(base64([7; 15])))),
        ("no jti", without("jti")),
        ("sid of another session", with("sid", json!(sid("sess_0f8fad5b-d9cb-469f-a165-70867728950e")))),
        ("sid padded", with("sid", json!(format!("{}=", sid(&pair.session))))),
        ("sid in clear", with("sid", json!(pair.session))),
        ("no sid", without("sid")),
        ("merchant_id of another", with("merchant_id", json!("MCH-COL-TEST-ZZZZZ"))),
        ("merchant_id malformed", with("merchant_id", json!("x"))),
        ("no merchant_id", without("merchant_id")),
        ("cid of nobody", with("cid", json!("zzzzzzzzzzzz"))),
        ("cid of a live key", with("cid", json!(live.id().as_str()))),
        ("cid of a revoked key", with("cid", json!(revoked.id().as_str()))),
        ("cid of another dialect's key", with("cid", json!(foreign.id().as_str()))),
        ("cid malformed", with("cid", json!("x"))),
        ("no cid", without("cid")),
        ("cid twice", and(&format!(",\"cid\":\"{}\"", key.id()))),
        ("not an object", format!("[{}]", good.claims)),
        ("not JSON", "exp".to_owned()),
        ("text behind it", format!("{} x", good.claims)),
    ];
    for (label, claims) in refused {
        bench.expect_refused(label, &bench.sign(&header, &claims), &pair.session).await;
    }
}

#[tokio::test]
async fn a_token_has_one_encoding() {
    let bench = Bench::new().await;
    let key = bench.key(|_| {}).await;
    let (pair, other) = (bench.buy(&key).await, bench.buy(&key).await);
    let good = Jwt::read(&pair.token);
    let parts: Vec<_> = pair.token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let long = |len: usize| {
        let mut claims = good.claims.clone();
        claims["pad"] = json!("a".repeat(len));
        bench.sign(&good.header.to_string(), &claims.to_string())
    };
    let (longest, too_long, nine_kib) = (long(5700), long(5850), long(6700));
    assert!((8000..=8192).contains(&longest.len()) && too_long.len() > 8192 && nine_kib.len() > 9 * 1024);
    // One blank more or less, so that base64 has something to pad.
    let (spaced_header, spaced_claims) = (padded(good.header.to_string()), padded(good.claims.to_string()));
    let accepted = [
        ("control", pair.token.clone()),
        ("signed anew", bench.sign_text(&good.signed)),
        ("blanks", bench.sign(&spaced_header, &spaced_claims)),
        ("nearly 8 KiB", longest),
    ];
    for (label, token) in accepted {
        bench.expect_good(label, &token, &pair.session).await;
    }

    let signed = |bytes: &[u8]| format!("{}.{}", good.signed, base64(bytes));
    let (r, s) = good.signature.split_at(32);
    let mut flipped = good.signature.clone();
    flipped[63] ^= 1;
    let altered = good.claims.to_string().replace("\"exp\":17672256", "\"exp\":18672256");
    let other_payload = other.token.split('.').nth(1).unwrap();
    // A signature in which the two alphabets differ.
    let with_dash =
        (0..200).map(|_| bench.sign_text(&good.signed)).find(|token| token[good.signed.len()..].contains(['-', '_']));
    let (_, dashed) = with_dash.as_ref().unwrap().rsplit_once('.').unwrap();
    let refused = [
        ("altered payload", format!("{header}.{}.{signature}", base64(altered))),
        ("payload of another token", format!("{header}.{other_payload}.{signature}")),
        ("signature in DER", signed(&der(r, s))),
        ("signature of 63 bytes", signed(&good.signature[..63])),
        ("signature of 65 bytes", signed(&[&good.signature[..], &[0]].concat())),
        ("signature of zeros", signed(&[0; 64])),
        ("r is zero", signed(&[&[0; 32], s].concat())),
        ("s and r", signed(&[s, r].concat())),
        ("last bit flipped", signed(&flipped)),
        ("no signature", format!("{header}.{payload}.")),
        ("two parts", format!("{header}.{payload}")),
        ("one part", header.to_owned()),
        ("no payload", bench.sign_text(&format!("{header}."))),
        ("no header", bench.sign_text(&format!(".{payload}"))),
        ("four parts", bench.sign_text(&format!("{header}.{payload}.{payload}"))),
        ("a part behind", format!("{}.x", pair.token)),
        ("padded header", bench.sign_text(&format!("{}.{payload}", URL_SAFE.encode(spaced_header)))),
        ("padded payload", bench.sign_text(&format!("{header}.{}", URL_SAFE.encode(spaced_claims)))),
        ("padded signature", format!("{}==", pair.token)),
        ("standard alphabet", format!("{}.{}", good.signed, dashed.replace('-', "+").replace('_', "/"))),
        ("stray bits at the end", stray_bits(&pair.token)),
        ("more than 8 KiB", too_long),
        ("9 KiB", nine_kib),
    ];
    for (label, token) in refused {
        bench.expect_refused(label, &token, &pair.session).await;
    }
}

// ---- §5: states of merchant and key

#[tokio::test]
async fn the_merchants_state_counts_at_every_use() {
    let world = world().await;
    let (test, live) = (demo(&world, Mode::Test), demo(&world, Mode::Live));
    let (test_pair, live_pair) = (test.buy(&world).await, live.buy(&world).await);
    let inside = IpList::only(vec![Cidr::parse("203.0.113.0/24").unwrap(), Cidr::parse("2001:db8::/32").unwrap()]);
    let (anywhere, inside) = (IpList::unrestricted(), inside.unwrap());
    let (home, away) = ([203, 0, 113, 7], [198, 51, 100, 7]);
    let suspended = Some("Account suspended");
    let (unverified, address) = (Some("Account not verified"), Some("IP not allowed"));
    let table = [
        ("suspended", MerchantStatus::Suspended, &anywhere, home, suspended, suspended),
        ("suspended and elsewhere", MerchantStatus::Suspended, &inside, away, suspended, suspended),
        ("pending", MerchantStatus::PendingKyc, &anywhere, home, None, unverified),
        ("pending and elsewhere", MerchantStatus::PendingKyc, &inside, away, address, unverified),
        ("on the list", MerchantStatus::Active, &inside, home, None, None),
        ("elsewhere", MerchantStatus::Active, &inside, away, address, address),
        ("active again", MerchantStatus::Active, &anywhere, away, None, None),
    ];
    let mut bought = [1, 1];
    for (label, status, list, from, in_test, in_live) in table {
        world.set_merchant(status, list.clone()).await;
        let modes = [(&test, &test_pair, in_test), (&live, &live_pair, in_live)];
        for (index, (account, pair, message)) in modes.into_iter().enumerate() {
            let label = format!("{label}, {:?}", account.mode);
            let on = listener_of(account.mode);
            let token = world.send(account.ask().from(from)).await;
            let balance = world.send(pair.balance().on(on).from(from)).await;
            let charge = world.send(pair.charge(&json!({})).on(on).from(from)).await;
            if let Some(message) = message {
                token.expect(&label, 403, &error(403, message));
                balance.expect(&label, 403, &error(403, message));
                charge.expect(&label, 403, &error(403, message));
                assert_eq!(token.header("www-authenticate"), None, "{label}");
            } else {
                bought[index] += 1;
                let statuses = [token.status.as_u16(), balance.status.as_u16(), charge.status.as_u16()];
                assert_eq!(statuses, [200, 200, 400], "{label}");
            }
            // The caller is known: the windows are shown, and a refusal was not debited.
            expect_quota(&label, &token, (10, 10 - bought[index], T0 + 60));
            assert!(balance.header("x-ratelimit-limit").is_some(), "{label}");
        }
    }
    world.set_merchant(MerchantStatus::Active, inside).await;
    for (label, forwarded, status) in [("v6 on the list", "2001:db8::7", 200), ("v6 elsewhere", "2001:db9::7", 403)] {
        let call = test_pair.balance().from([10, 0, 0, 1]).header("x-forwarded-for", forwarded);
        assert_eq!(world.send(call).await.status.as_u16(), status, "{label}");
    }
}

#[tokio::test]
async fn a_keys_own_list_counts_beside_the_merchants() {
    let bench = Bench::new().await;
    let list = |entry| IpList::only(vec![Cidr::parse(entry).unwrap()]).unwrap();
    let key = bench.key(|record| record.ip_list = list("203.0.113.0/24")).await;
    let pair = Pair::of(&bench.ask(&key, [203, 0, 113, 7]).await);
    let denied = error(403, "IP not allowed");
    bench.ask(&key, [198, 51, 100, 7]).await.expect("token, elsewhere", 403, &denied);
    bench.balance(&pair, [198, 51, 100, 7]).await.expect("use, elsewhere", 403, &denied);
    assert_eq!(bench.balance(&pair, [203, 0, 113, 200]).await.status, 200);

    let mut merchant = bench.services.vault.merchant(&bench.merchant).await.unwrap().unwrap();
    merchant.ip_list = list("203.0.113.0/25");
    bench.services.vault.update_merchant(&merchant).await.unwrap();
    bench.services.records.forget_merchant(&bench.merchant);
    assert_eq!(bench.balance(&pair, [203, 0, 113, 7]).await.status, 200, "on both lists");
    bench.balance(&pair, [203, 0, 113, 200]).await.expect("on the key's only", 403, &denied);
}

#[tokio::test]
async fn a_key_opens_what_its_scopes_say() {
    let world = world().await;
    let table = [("balance:read", 200, 403), ("charges:write", 403, 200), (ALL_SCOPES, 200, 200), ("", 403, 403)];
    for (scopes, balance, charge_status) in table {
        let key = issue(&world, &world.merchant_id(), Mode::Test, scopes).await;
        let pair = Account { key, ..demo(&world, Mode::Test) }.buy(&world).await;
        let answers = [world.send(pair.balance()).await, world.send(pair.charge(&charge())).await];
        for (answer, status) in answers.iter().zip([balance, charge_status]) {
            assert_eq!(answer.status.as_u16(), status, "{scopes:?}: {}", answer.text());
            assert_eq!(answer.header("x-ratelimit-limit"), Some("60"), "{scopes:?}");
            if status == 403 {
                answer.expect(scopes, 403, &error(403, "Permission denied"));
            }
        }
    }
}

#[tokio::test]
async fn revoking_a_key_kills_its_tokens_at_once_and_no_others() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let key = issue(&world, &world.merchant_id(), Mode::Test, ALL_SCOPES).await;
    let revoked = Account { key, ..account.clone() };
    let (dies, lives) = (revoked.buy(&world).await, account.buy(&world).await);
    assert_eq!(world.send(dies.balance()).await.status, 200);
    revoke(&world, &revoked.key).await;
    for call in [dies.balance(), dies.charge(&charge())] {
        let answer = world.send(call).await;
        answer.expect("token of the revoked key", 401, &error(401, "Unauthorized"));
        assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER));
    }
    world.send(revoked.ask()).await.expect("the revoked key", 401, &error(401, NO_KEY));
    assert_eq!(world.send(lives.balance()).await.status, 200);
    assert_eq!(world.send(account.ask()).await.status, 200);
}

#[tokio::test]
async fn a_rotation_without_overlap_kills_key_and_tokens() {
    let world = world().await;
    let user = user(&world).await;
    let old = Account { key: issue_to(&world, &user).await, ..demo(&world, Mode::Test) };
    let pair = old.buy(&world).await;
    let new = Account { key: replace(&world, &user, 0).await, ..old.clone() };
    world.send(pair.balance()).await.expect("old token", 401, &error(401, "Unauthorized"));
    world.send(old.ask()).await.expect("old key", 401, &error(401, NO_KEY));
    let pair = new.buy(&world).await;
    assert_eq!(world.send(pair.balance()).await.status, 200);
}

#[tokio::test]
async fn a_retiring_key_works_until_its_deadline_and_its_tokens_run_out_normally() {
    let world = world().await;
    let user = user(&world).await;
    let old = Account { key: issue_to(&world, &user).await, ..demo(&world, Mode::Test) };
    let new = Account { key: replace(&world, &user, 86_400).await, ..old.clone() };
    world.advance(86_399);
    let pair = old.buy(&world).await;
    assert_eq!(world.send(new.ask()).await.status, 200, "both buy tokens meanwhile");
    world.advance(1);
    world.send(old.ask()).await.expect("at the deadline", 401, &error(401, NO_KEY));
    assert_eq!(world.send(new.ask()).await.status, 200, "the new one stays");
    world.advance(58);
    assert_eq!(world.send(pair.balance()).await.status, 200, "59 s after it was bought");
    world.advance(1);
    world.send(pair.balance()).await.expect("60 s after it was bought", 401, &error(401, "Unauthorized"));
}

#[tokio::test]
async fn a_key_with_an_expiry_works_until_then_and_its_tokens_run_out_normally() {
    let bench = Bench::new().await;
    let expires_at = bench.clock.now() + time::Duration::seconds(100);
    let key = bench.key(|record| record.lifecycle = record.lifecycle.clone().expiring_at(expires_at)).await;
    bench.clock.advance(Duration::from_secs(99));
    let pair = bench.buy(&key).await;
    bench.clock.advance(Duration::from_secs(1));
    bench.ask(&key, HOME).await.expect("at its expiry", 401, &error(401, NO_KEY));
    bench.clock.advance(Duration::from_secs(58));
    assert_eq!(bench.balance(&pair, HOME).await.status, 200);
    bench.clock.advance(Duration::from_secs(1));
    bench.balance(&pair, HOME).await.expect("token at 60 s", 401, &error(401, "Unauthorized"));
}

// ---- §6: limits

#[tokio::test]
async fn the_eleventh_token_in_a_minute_is_refused() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    for n in 1..=10 {
        let answer = world.send(account.ask()).await;
        assert_eq!(answer.status, 200, "call {n}");
        // The first grant leaves first, so the reset does not move.
        expect_quota(&format!("call {n}"), &answer, (10, 10 - n, T0 + 60));
        if n == 1 {
            world.advance(20);
        }
    }
    for (label, advance, wait) in [("at 20 s", 0, 40), ("at 21 s", 1, 39), ("at 59 s", 38, 1)] {
        world.advance(advance);
        let answer = world.send(account.ask()).await;
        expect_limited(label, &answer, wait);
        expect_quota(label, &answer, (10, 0, T0 + 60));
        assert_eq!(answer.header("cache-control"), None, "{label}");
    }
    world.clock.advance(Duration::from_millis(800));
    expect_limited("at 59.8 s", &world.send(account.ask()).await, 1);
    world.clock.advance(Duration::from_millis(200));
    let answer = world.send(account.ask()).await;
    assert_eq!(answer.status, 200, "one grant left the window, and refused calls were not counted");
    expect_quota("at 60 s", &answer, (10, 0, T0 + 80));
    expect_limited("at 60 s, again", &world.send(account.ask()).await, 20);
}

#[tokio::test]
async fn the_hundred_and_first_token_in_an_hour_is_refused() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    for minute in 0..10 {
        for n in 0..10 {
            assert_eq!(world.send(account.ask()).await.status, 200, "minute {minute}, call {n}");
        }
        if minute < 9 {
            world.advance(60);
        }
    }
    // Both windows are full now; the longest wait counts.
    let table = [("at 540 s", 0, 3060), ("at 600 s", 60, 3000), ("at 3599 s", 2999, 1)];
    for (label, advance, wait) in table {
        world.advance(advance);
        let answer = world.send(account.ask()).await;
        expect_limited(label, &answer, wait);
        expect_quota(label, &answer, (100, 0, T0 + 3600));
    }
    world.advance(1);
    let answer = world.send(account.ask()).await;
    assert_eq!(answer.status, 200);
    expect_quota("on a tie the longer window", &answer, (100, 9, T0 + 3660));
}

#[tokio::test]
async fn token_calls_are_counted_by_merchant_and_mode() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let key = issue(&world, &world.merchant_id(), Mode::Test, "").await;
    let second_key = Account { key, ..account.clone() };
    let other = second_merchant(&world).await;
    let key = issue(&world, &other, Mode::Test, ALL_SCOPES).await;
    let other = Account { key, id: other.in_mode(Mode::Test), mode: Mode::Test };
    let pair = account.buy(&world).await;
    for n in 0..9 {
        let account = if n % 2 == 0 { &second_key } else { &account };
        assert_eq!(world.send(account.ask().from(peer(n))).await.status, 200, "call {n}");
    }
    expect_limited("first key", &world.send(account.ask()).await, 60);
    expect_limited("second key", &world.send(second_key.ask().from(peer(200))).await, 60);
    expect_quota("the other mode", &world.send(demo(&world, Mode::Live).ask()).await, (10, 9, T0 + 60));
    expect_quota("another merchant", &world.send(other.ask()).await, (10, 9, T0 + 60));
    expect_quota("balance", &world.send(pair.balance()).await, (60, 59, T0 + 60));
    expect_quota("charges", &world.send(pair.charge(&charge())).await, (60, 59, T0 + 60));
}

#[tokio::test]
async fn refused_calls_never_debit_the_merchant() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let wrong = key_with_id(id_of(&account.key), Mode::Test);
    for _ in 0..12 {
        let table = [
            (Account { key: wrong.clone(), ..account.clone() }.ask(), 401),
            (Account { id: "MCH-COL-ZZZZZ".to_owned(), ..account.clone() }.ask(), 401),
            (account.ask().header("x-api-key", "x"), 400),
            (Call::get(BALANCE).header("authorization", format!("Bearer {}", pair.token)), 400),
        ];
        for (call, status) in table {
            assert_eq!(world.send(call).await.status.as_u16(), status);
        }
    }
    world.set_merchant(MerchantStatus::Suspended, IpList::unrestricted()).await;
    for _ in 0..12 {
        assert_eq!(world.send(account.ask()).await.status, 403);
        assert_eq!(world.send(pair.balance()).await.status, 403);
    }
    world.set_merchant(MerchantStatus::Active, IpList::unrestricted()).await;
    expect_quota("token", &world.send(account.ask()).await, (10, 8, T0 + 60));
    expect_quota("balance", &world.send(pair.balance()).await, (60, 59, T0 + 60));
}

#[tokio::test]
async fn charges_and_balance_have_windows_of_their_own() {
    for charges in [true, false] {
        let world = world().await;
        let account = demo(&world, Mode::Test);
        // A body that is refused costs as much as one that is taken, and writes nothing.
        let ask = |pair: &Pair| {
            if charges { pair.charge(&json!({})) } else { pair.balance() }
        };
        let ok = if charges { 400 } else { 200 };
        let label = if charges { "charges" } else { "balance" };
        let mut pair = account.buy(&world).await;
        for n in 1..=60 {
            let answer = world.send(ask(&pair)).await;
            assert_eq!(answer.status.as_u16(), ok, "{label} {n}");
            expect_quota(&format!("{label} {n}"), &answer, (60, 60 - n, T0 + 60));
        }
        let answer = world.send(ask(&pair)).await;
        expect_limited(label, &answer, 60);
        expect_quota(label, &answer, (60, 0, T0 + 60));
        let other = if charges { pair.balance() } else { pair.charge(&json!({})) };
        expect_quota("the other bucket", &world.send(other).await, (60, 59, T0 + 60));
        expect_quota("tokens", &world.send(account.ask()).await, (10, 8, T0 + 60));
        // Scope is asked before quota, and both before the body.
        let key = issue(&world, &world.merchant_id(), Mode::Test, "").await;
        let no_scope = Account { key, ..account.clone() }.buy(&world).await;
        world.send(ask(&no_scope)).await.expect(label, 403, &error(403, "Permission denied"));

        for _ in 1..=15 {
            world.advance(60);
            pair = account.buy(&world).await;
            for _ in 0..60 {
                assert_eq!(world.send(ask(&pair)).await.status.as_u16(), ok, "{label}");
            }
        }
        world.advance(60);
        pair = account.buy(&world).await;
        for _ in 0..40 {
            assert_eq!(world.send(ask(&pair)).await.status.as_u16(), ok, "{label}");
        }
        let answer = world.send(ask(&pair)).await;
        expect_limited("the 1001st in an hour", &answer, 3600 - 960);
        expect_quota(label, &answer, (1000, 0, T0 + 3600));
    }
}

#[tokio::test]
async fn failures_are_limited_by_address_and_valid_credentials_still_pass() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let stranger = [192, 0, 2, 1];
    for n in 0..30 {
        let call = if n % 2 == 0 { Call::post(TOKEN) } else { Call::get(BALANCE) };
        assert_eq!(world.send(call.from(stranger)).await.status, 401, "failure {n}");
    }
    let failing = [
        ("no key", Call::post(TOKEN)),
        ("wrong secret", Account { key: key_with_id(id_of(&account.key), Mode::Test), ..account.clone() }.ask()),
        ("other mode", demo(&world, Mode::Live).ask().on(ListenerMode::Test)),
        ("another merchant's id", Account { id: "MCH-COL-ZZZZZ".to_owned(), ..account.clone() }.ask()),
        ("no token", Call::get(BALANCE)),
        ("bad token", Pair { token: "x".to_owned(), session: pair.session.clone() }.balance()),
        ("bad session", Pair { token: pair.token.clone(), session: "x".to_owned() }.balance()),
        ("bad token, charge", Pair { token: "x".to_owned(), session: pair.session.clone() }.charge(&charge())),
    ];
    for (label, call) in failing {
        let answer = world.send(call.from(stranger)).await;
        expect_limited(label, &answer, 60);
        assert_eq!(answer.header("www-authenticate"), None, "{label}");
        assert_eq!(answer.header("x-ratelimit-limit"), None, "{label}: no subject is known");
        assert_eq!(answer.header("x-ratelimit-reset"), None, "{label}: no subject is known");
    }
    assert_eq!(world.send(account.ask().from(stranger)).await.status, 200);
    assert_eq!(world.send(pair.balance().from(stranger)).await.status, 200);
    assert_eq!(world.send(Call::post(TOKEN).from([192, 0, 2, 2])).await.status, 401, "another address");
    world.advance(59);
    expect_limited("at 59 s", &world.send(Call::post(TOKEN).from(stranger)).await, 1);
    world.advance(1);
    assert_eq!(world.send(Call::post(TOKEN).from(stranger)).await.status, 401, "at 60 s");

    let v6 = |address: &str| Call::post(TOKEN).from([10, 0, 0, 1]).header("x-forwarded-for", address);
    for n in 0..30 {
        assert_eq!(world.send(v6(&format!("2001:db8:1:2::{n:x}"))).await.status, 401, "failure {n}");
    }
    assert_eq!(world.send(v6("2001:db8:1:2:ffff::1")).await.status, 429, "the same /64");
    assert_eq!(world.send(v6("2001:db8:1:3::1")).await.status, 401, "the next /64");
}

// ---- §2.3: charges

#[tokio::test]
async fn a_charge_gives_a_page_and_a_reference() {
    let world = world().await;
    let mut seen = HashSet::new();
    for (mode, base) in [(Mode::Test, SANDBOX), (Mode::Live, LIVE)] {
        let pair = demo(&world, mode).buy(&world).await;
        let full = json!({
            "flow": "PAYIN", "method_code": "CASH", "method_category": "CASH", "amount": 50_000, "currency": "COP",
            "country": "COL", "description": "Café", "customer_id": "c-31",
            "notification_url": "https://shop.example/hook", "return_url": "https://shop.example/?ok=1",
        });
        let minimal =
            "{\"flow\":\"PAYIN\",\"method_code\":\"CARDS\",\"amount\":0.10,\"currency\":\"COP\",\"country\":\"COL\"}";
        let table = [
            (
                "full",
                pair.charge(&full),
                "50000",
                json!({ "customer_id": "c-31", "currency": "COP", "amount": 50_000 }),
            ),
            (
                "minimal",
                pair.sign(Call::post(CHARGES)).raw_json(minimal),
                "0.10",
                json!({ "currency": "COP", "amount": 0.1 }),
            ),
            (
                "no minor unit",
                pair.charge(&charge_with("currency", json!("JPY"))),
                "50000",
                json!({ "currency": "JPY", "amount": 50_000 }),
            ),
            (
                "three decimals",
                pair.sign(Call::post(CHARGES))
                    .raw_json(charge().to_string().replace("50000", "1.000").replace("COP", "KWD")),
                "1.000",
                json!({ "currency": "KWD", "amount": 1.0 }),
            ),
        ];
        for (left, (label, call, amount, mut data)) in (56..60).rev().zip(table) {
            let answer = world.send(call.on(listener_of(mode))).await;
            let (url, reference) = (member(&answer, "urlCheckout"), member(&answer, "reference"));
            data["urlCheckout"] = json!(url);
            data["reference"] = json!(reference);
            let body = json!({ "status": "Success", "code": 200, "message": "Method processed", "data": data });
            answer.expect(label, 200, &body);
            assert!(answer.text().contains(&format!("\"amount\":{amount}}}")), "{label}: {}", answer.text());
            assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
            assert_eq!(answer.header("idempotency-replayed"), None, "{label}");
            expect_quota(label, &answer, (60, left, T0 + 60));
            let page = url.strip_prefix(&format!("{base}/l/")).unwrap();
            assert!(page.len() == 16 && unbase64(page).len() == 12, "{label}: {url}");
            let number = reference.strip_prefix("chg_").unwrap();
            assert!(number.len() == 6 && number.bytes().all(|b| b.is_ascii_digit()), "{label}: {reference}");
            assert!(seen.insert(url) && seen.insert(reference), "{label}: neither repeats");
        }
    }
}

#[tokio::test]
async fn members_that_do_not_fit_are_refused() {
    let world = world().await;
    let mut table = Vec::new();
    for name in ["flow", "method_code", "amount", "currency", "country"] {
        let mut body = charge();
        body.as_object_mut().unwrap().remove(name).unwrap();
        table.push((name, "missing".to_owned(), body.to_string()));
    }
    let long = json!("x".repeat(256));
    let bad: [(&str, Vec<Value>); 10] = [
        ("flow", vec![json!("PAYOUT"), json!("payin"), json!("PAYIN "), json!(""), json!(1), Value::Null]),
        ("method_code", vec![json!(5), json!(["CARDS"]), Value::Null]),
        ("method_category", vec![json!(7), json!({}), Value::Null]),
        ("amount", vec![json!(0), json!(-1), json!("50000"), json!(1.234), json!(true), json!([1]), Value::Null]),
        ("currency", vec![json!("cop"), json!("XYZ"), json!("COPX"), json!(""), json!(170), Value::Null]),
        ("country", vec![json!("CO"), json!("col"), json!("XXX"), json!("COLO"), json!(""), json!(57), Value::Null]),
        ("description", vec![long.clone(), json!(1), json!([]), Value::Null]),
        ("customer_id", vec![long, json!(31), Value::Null]),
        ("notification_url", vec![json!("http://shop.example/"), json!("shop.example"), json!("/hook"), json!(1)]),
        ("return_url", vec![json!("ftp://shop.example/"), json!("https://"), json!("https:shop"), Value::Null]),
    ];
    for (name, values) in bad {
        table.extend(values.into_iter().map(|value| (name, value.to_string(), charge_with(name, value).to_string())));
    }
    for text in ["0.00", "-0", "1e3", "5E4", "+1", "01", "1.", ".5", "NaN", "1e999", "50000.123"] {
        table.push(("amount", text.to_owned(), charge().to_string().replace("50000", text)));
    }
    let yen = charge_with("currency", json!("JPY")).to_string().replace("50000", "1.0");
    table.push(("amount", "more decimals than the currency".to_owned(), yen));
    let mut till = Till::new(&world, Mode::Test);
    for (name, value, body) in table {
        let answer = till.charge(body).await;
        answer.expect(&format!("{name}: {value}"), 400, &error(400, "Invalid request"));
        assert!(answer.header("x-ratelimit-limit").is_some(), "{name}: {value}");
    }
    assert_eq!(till.charge(charge().to_string()).await.status, 200);
}

#[tokio::test]
async fn members_that_just_fit_are_taken() {
    let world = world().await;
    let text = json!("x".repeat(255));
    let table = [
        ("description", text.clone()),
        ("customer_id", text),
        ("description", json!("")),
        ("method_category", json!("CARD")),
        ("amount", json!(0.01)),
        ("amount", json!(9_999_999_999.99)),
        ("notification_url", json!("https://shop.example:8443/hook?x=1")),
        ("return_url", json!("https://shop.example")),
    ];
    let mut till = Till::new(&world, Mode::Test);
    for (name, value) in table {
        let answer = till.charge(charge_with(name, value.clone()).to_string()).await;
        assert_eq!(answer.status, 200, "{name}: {value}: {}", answer.text());
    }
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let good = charge().to_string();
    let and = |more: &str| format!("{}{more}}}", good.strip_suffix('}').unwrap());
    let nested = |depth: usize| and(&format!(",\"x\":{}{}", "[".repeat(depth - 1), "]".repeat(depth - 1)));
    let wide = |len: usize| format!("{good}{}", " ".repeat(len - good.len()));
    let json = "application/json";
    let invalid = "Invalid request";
    let media = "Unsupported media type";
    let table = vec![
        ("empty", Some(json), Vec::<u8>::new(), 400, invalid),
        ("an array", Some(json), format!("[{good}]").into(), 400, invalid),
        ("a string", Some(json), "\"x\"".into(), 400, invalid),
        ("null", Some(json), "null".into(), 400, invalid),
        ("half an object", Some(json), good[..good.len() - 1].into(), 400, invalid),
        ("text behind it", Some(json), format!("{good} x").into(), 400, invalid),
        ("two objects", Some(json), format!("{good}{good}").into(), 400, invalid),
        ("byte order mark", Some(json), format!("\u{feff}{good}").into(), 400, invalid),
        ("not UTF-8", Some(json), [and(",\"x\":\"").as_bytes(), b"\xff\"}"].concat(), 400, invalid),
        ("UTF-16", Some(json), good.encode_utf16().flat_map(u16::to_le_bytes).collect(), 400, invalid),
        ("a comment", Some(json), format!("{good}//").into(), 400, invalid),
        ("member twice", Some(json), and(",\"amount\":1").into(), 400, invalid),
        ("member twice, same value", Some(json), and(",\"flow\":\"PAYIN\"").into(), 400, invalid),
        ("member twice, once escaped", Some(json), and(",\"\\u0061mount\":1").into(), 400, invalid),
        ("member twice further in", Some(json), and(",\"x\":[{\"a\":1,\"a\":1}]").into(), 400, invalid),
        ("33 deep", Some(json), nested(33).into(), 400, invalid),
        ("10 000 deep", Some(json), nested(10_000).into(), 400, invalid),
        ("64 KiB and one byte", Some(json), wide(65_537).into(), 413, "Payload too large"),
        ("1 MiB", Some(json), wide(1 << 20).into(), 413, "Payload too large"),
        ("no type", None, good.clone().into(), 415, media),
        ("text", Some("text/plain"), good.clone().into(), 415, media),
        ("a form", Some("application/x-www-form-urlencoded"), good.clone().into(), 415, media),
        ("another JSON type", Some("application/problem+json"), good.clone().into(), 415, media),
        ("another charset", Some("application/json; charset=latin1"), good.clone().into(), 415, media),
        ("large and of another type", Some("text/plain"), wide(65_537).into(), 415, media),
        ("32 deep", Some(json), nested(32).into(), 200, ""),
        ("64 KiB", Some(json), wide(65_536).into(), 200, ""),
        ("charset", Some("Application/JSON; charset=UTF-8"), good.clone().into(), 200, ""),
    ];
    for (label, media_type, body, status, message) in table {
        let mut call = pair.sign(Call::post(CHARGES)).body(body);
        if let Some(media_type) = media_type {
            call = call.header("content-type", media_type);
        }
        let answer = world.send(call).await;
        assert_eq!(answer.status.as_u16(), status, "{label}: {}", answer.text());
        assert_eq!(answer.header("x-ratelimit-limit"), Some("60"), "{label}: the caller is known");
        if status != 200 {
            answer.expect(label, status, &error(status, message));
        }
    }
    let announced = pair.charge(&charge()).header("content-length", "65537");
    world.send(announced).await.expect("announced", 413, &error(413, "Payload too large"));
    let twice = pair.charge(&charge()).header("content-type", json);
    world.send(twice).await.expect("type twice", 415, &error(415, media));
}

#[tokio::test]
async fn a_method_the_merchant_lacks_is_refused_after_the_form() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    for method in ["PIX", "cards", "CARD", "CARDS ", "CARDS CASH"] {
        let answer = world.send(pair.charge(&charge_with("method_code", json!(method)))).await;
        answer.expect(method, 422, &error(422, "Method not available"));
        assert_eq!(answer.header("x-ratelimit-limit"), Some("60"), "{method}");
    }
    let mut body = charge_with("method_code", json!("PIX"));
    body["country"] = json!("XX");
    world.send(pair.charge(&body)).await.expect("both", 400, &error(400, "Invalid request"));
    assert_eq!(world.send(pair.charge(&charge())).await.status, 200);
}

#[tokio::test]
async fn a_repeated_charge_gets_the_first_answer_for_a_day() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let keyed = |pair: &Pair, body: &Value| pair.charge(body).header("idempotency-key", "order-1");
    let first = world.send(keyed(&pair, &charge())).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (200, None));

    let again = world.send(keyed(&pair, &charge())).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("content-type"), Some("application/json"));
    expect_quota("a repetition is a call", &again, (60, 58, T0 + 60));

    let other = world.send(keyed(&pair, &charge_with("amount", json!(1)))).await;
    other.expect("another body", 422, &error(422, "Idempotency key reused"));
    expect_quota("another body", &other, (60, 57, T0 + 60));

    let second = second_merchant(&world).await;
    let second =
        Account { key: issue(&world, &second, Mode::Test, ALL_SCOPES).await, id: second.to_string(), mode: Mode::Test };
    let (second, live) = (second.buy(&world).await, demo(&world, Mode::Live).buy(&world).await);
    let fresh = [
        ("no key", pair.charge(&charge())),
        ("another key", pair.charge(&charge()).header("idempotency-key", "ORDER-1")),
        ("another merchant", keyed(&second, &charge())),
        ("the other mode", keyed(&live, &charge()).live()),
    ];
    for (label, call) in fresh {
        let answer = world.send(call).await;
        assert_eq!((answer.status.as_u16(), answer.header("idempotency-replayed")), (200, None), "{label}");
        assert_ne!(member(&answer, "reference"), member(&first, "reference"), "{label}");
    }

    world.advance(86_399);
    let again = world.send(keyed(&account.buy(&world).await, &charge())).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &first.body));
    world.advance(1);
    let anew = world.send(keyed(&account.buy(&world).await, &charge())).await;
    assert_eq!((anew.status.as_u16(), anew.header("idempotency-replayed")), (200, None));
    assert_ne!(member(&anew, "reference"), member(&first, "reference"));
}

#[tokio::test]
async fn a_repetition_beside_the_first_call_makes_no_second_charge() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let keyed = |key: &str| pair.charge(&charge()).header("idempotency-key", key);
    let key = "slow".to_owned();
    let call =
        CallKey { merchant: world.merchant_id(), mode: Mode::Test, route: "POST /api/transactions/charges", key };
    let running = world.services.in_flight.enter(call).unwrap();
    let answer = world.send(keyed("slow")).await;
    answer.expect("the first still runs", 409, &error(409, "Request in progress"));
    assert!(answer.header("x-ratelimit-limit").is_some());
    drop(running);
    assert_eq!(world.send(keyed("slow")).await.status, 200);

    let (left, right) = tokio::join!(world.send(keyed("both")), world.send(keyed("both")));
    let references: HashSet<_> = [&left, &right]
        .into_iter()
        .filter(|answer| answer.status == 200)
        .map(|answer| member(answer, "reference"))
        .collect();
    assert_eq!(references.len(), 1, "{} {}", left.text(), right.text());
}

#[tokio::test]
async fn an_idempotency_key_is_visible_ascii() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    let (longest, too_long) = ("k".repeat(255), "k".repeat(256));
    let refused: [(&str, &[u8]); 6] = [
        ("empty", b""),
        ("256 characters", too_long.as_bytes()),
        ("blank inside", b"a b"),
        ("blank at the end", b"a "),
        ("tab", b"a\tb"),
        ("not ASCII", "schlüssel".as_bytes()),
    ];
    for (label, key) in refused {
        let answer = world.send(pair.charge(&charge()).header("idempotency-key", key)).await;
        answer.expect(label, 400, &error(400, "Invalid request"));
    }
    let twice = pair.charge(&charge()).header("idempotency-key", "a").header("idempotency-key", "a");
    world.send(twice).await.expect("twice", 400, &error(400, "Invalid request"));
    for key in [longest.as_str(), "!", "~"] {
        assert_eq!(world.send(pair.charge(&charge()).header("idempotency-key", key)).await.status, 200, "{key}");
    }
}

// ---- §2.4: balance

#[tokio::test]
async fn the_balance_is_the_callers_own() {
    let world = world().await;
    let other = second_merchant(&world).await;
    let key = issue(&world, &other, Mode::Test, "balance:read").await;
    let other = Account { key, id: other.in_mode(Mode::Test), mode: Mode::Test };
    let table = [
        ("test", demo(&world, Mode::Test), "COP", "1500000.00"),
        ("live", demo(&world, Mode::Live), "COP", "1500000.00"),
        ("another merchant", other, "PEN", "7.50"),
    ];
    for (label, account, currency, available) in table {
        let pair = account.buy(&world).await;
        let on = listener_of(account.mode);
        let answer = world.send(pair.balance().on(on)).await;
        let data = json!({ "currency": currency, "available": available });
        answer.expect(
            label,
            200,
            &json!({ "status": "Success", "code": 200, "message": "Balance retrieved", "data": data }),
        );
        assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
        expect_quota(label, &answer, (60, 59, T0 + 60));
        let head = world.send(pair.sign(Call::method("HEAD", BALANCE)).on(on)).await;
        assert_eq!(head.status, 200, "{label}: HEAD counts as GET");
        expect_quota(label, &head, (60, 58, T0 + 60));
    }
}

// ---- §3: what no caller reaches, and what does not answer

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_refused_before_the_credential() {
    let world = world().await;
    let account = demo(&world, Mode::Test);
    let pair = account.buy(&world).await;
    let problem = json!({ "type": "about:blank", "title": "Not Found", "status": 404, "code": "not_found", "detail": "Not found." });
    let absent = error(404, "Not found");
    let table = [
        ("GET", "/api/transactions/", &absent),
        ("POST", "/api/transactions/charges/", &absent),
        ("GET", "/api/transactions/charges/chg_000001", &absent),
        ("POST", "/api/transactions/Charges", &absent),
        // A trailing slash or another case is another path, and belongs to no dialect.
        ("GET", "/api/transactions", &problem),
        ("POST", "/api/auth/token/", &problem),
        ("POST", "/api/auth/Token", &problem),
        ("GET", "/api/balance/", &problem),
    ];
    for (method, path, body) in table {
        let answer = world.send(Call::method(method, path)).await;
        answer.expect(path, 404, body);
        let named = world.send(account.sign(pair.sign(Call::method(method, path)))).await;
        assert_eq!(named.comparable(), answer.comparable(), "{path}");
    }
    let table = [
        ("GET", TOKEN, "POST"),
        ("PUT", TOKEN, "POST"),
        ("OPTIONS", TOKEN, "POST"),
        ("GET", CHARGES, "POST"),
        ("DELETE", CHARGES, "POST"),
        ("POST", BALANCE, "GET,HEAD"),
        ("PATCH", BALANCE, "GET,HEAD"),
    ];
    for (method, path, allow) in table {
        let label = format!("{method} {path}");
        let answer = world.send(Call::method(method, path)).await;
        answer.expect(&label, 405, &error(405, "Method not allowed"));
        assert_eq!(answer.header("allow"), Some(allow), "{label}");
        let named = world.send(account.sign(pair.sign(Call::method(method, path)))).await;
        assert_eq!(named.comparable(), answer.comparable(), "{label}");
    }
    expect_quota("nothing was debited", &world.send(pair.balance()).await, (60, 59, T0 + 60));
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_said_and_nothing_passes() {
    let world = world().await;
    let pair = demo(&world, Mode::Test).buy(&world).await;
    world.services.close().await;
    let table = [
        ("a key that must be looked up", demo(&world, Mode::Live).ask(), None),
        ("a balance", pair.balance(), Some("60")),
        ("a charge", pair.charge(&charge()), Some("60")),
        ("a charge with a key", pair.charge(&charge()).header("idempotency-key", "k"), Some("60")),
    ];
    for (label, call, limit) in table {
        let answer = world.send(call).await;
        answer.expect(label, 503, &error(503, "Service unavailable"));
        assert_eq!(answer.header("retry-after"), Some("1"), "{label}");
        assert_eq!(answer.header("x-ratelimit-limit"), limit, "{label}");
        assert_eq!(answer.header("www-authenticate"), None, "{label}");
    }
    world.send(Call::post(TOKEN)).await.expect("no key", 401, &error(401, NO_KEY));
    world.send(pair.charge(&json!({}))).await.expect("a bad body", 400, &error(400, "Invalid request"));
}

// ---- callers

/// A key with a merchant id.
#[derive(Clone)]
struct Account {
    key: String,
    id: String,
    mode: Mode,
}

/// A token with a session id.
#[derive(Clone)]
struct Pair {
    token: String,
    session: String,
}

/// A caller that buys a new pair as often as its windows ask for it.
struct Till<'w> {
    world: &'w World,
    account: Account,
    pair: Option<Pair>,
    calls: usize,
}

impl Account {
    fn sign(&self, call: Call) -> Call {
        call.header("x-api-key", &self.key).header("x-merchant-id", &self.id)
    }

    fn ask(&self) -> Call {
        self.sign(Call::post(TOKEN)).on(listener_of(self.mode))
    }

    async fn buy(&self, world: &World) -> Pair {
        Pair::of(&world.send(self.ask()).await)
    }
}

impl Pair {
    #[track_caller]
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        Self { token: member(answer, "access_token"), session: member(answer, "session_id") }
    }

    fn sign(&self, call: Call) -> Call {
        call.header("authorization", format!("Bearer {}", self.token)).header("x-session-id", &self.session)
    }

    fn balance(&self) -> Call {
        self.sign(Call::get(BALANCE))
    }

    fn charge(&self, body: &Value) -> Call {
        self.sign(Call::post(CHARGES)).json(body)
    }
}

impl<'w> Till<'w> {
    fn new(world: &'w World, mode: Mode) -> Self {
        Self { world, account: demo(world, mode), pair: None, calls: 0 }
    }

    async fn charge(&mut self, body: String) -> Answer {
        if self.calls.is_multiple_of(60) {
            self.world.advance(60);
            self.pair = Some(self.account.buy(self.world).await);
        }
        self.calls += 1;
        let pair = self.pair.as_ref().unwrap();
        self.world.send(pair.sign(Call::post(CHARGES)).raw_json(body)).await
    }
}

fn demo(world: &World, mode: Mode) -> Account {
    Account {
        key: world.text(&format!("/88pay/api_key_{}", mode.as_str())),
        id: world.merchant_id().in_mode(mode),
        mode,
    }
}

fn listener_of(mode: Mode) -> ListenerMode {
    match mode {
        Mode::Live => ListenerMode::Live,
        Mode::Test => ListenerMode::Test,
    }
}

/// One address a row, so that the limit on failures stays out of the table.
fn peer(n: usize) -> [u8; 4] {
    [198, 51, 100, u8::try_from(n).unwrap()]
}

fn charge() -> Value {
    json!({ "flow": "PAYIN", "method_code": "CARDS", "amount": 50_000, "currency": "COP", "country": "COL" })
}

fn charge_with(name: &str, value: Value) -> Value {
    let mut body = charge();
    body[name] = value;
    body
}

// ---- records

async fn second_merchant(world: &World) -> MerchantId {
    let merchant = Merchant { currency: "PEN".to_owned(), ..merchant("PER", "9QX2ZD") };
    world.services.vault.insert_merchant(&merchant, "7.50").await.unwrap();
    merchant.id
}

fn merchant(country: &str, id: &str) -> Merchant {
    Merchant {
        id: MerchantId::new(country, id).unwrap(),
        name: "Other Shop".to_owned(),
        status: MerchantStatus::Active,
        ip_list: IpList::unrestricted(),
        domains: vec![],
        methods: vec!["CARDS".to_owned()],
        currency: "COP".to_owned(),
        created_at: OffsetDateTime::from_unix_timestamp(T0).unwrap(),
    }
}

async fn issue(world: &World, merchant: &MerchantId, mode: Mode, scopes: &str) -> String {
    issue_as(world, merchant.clone(), None, mode, scopes).await
}

/// A key in the one place that a user has, so that it can be replaced.
async fn issue_to(world: &World, user: &User) -> String {
    issue_as(world, user.merchant.clone(), Some(user.id), Mode::Test, ALL_SCOPES).await
}

async fn issue_as(world: &World, merchant: MerchantId, user: Option<UserId>, mode: Mode, scopes: &str) -> String {
    let scopes = Scopes::parse(scopes).unwrap();
    let new = NewCredential { merchant, user, client: None, mode, scopes };
    let key = world.services.issuer.issue(FAMILY, new, world.now()).await.unwrap();
    key.expose_secret().to_owned()
}

/// A new key in the place of the user's others, which retire.
async fn replace(world: &World, user: &User, overlap_s: u32) -> String {
    let (scopes, overlap) = (Scopes::parse(ALL_SCOPES).unwrap(), Overlap::new(overlap_s).unwrap());
    let issuer = &world.services.issuer;
    let key = issuer.replace(FAMILY, user, Mode::Test, scopes, overlap, world.now()).await.unwrap();
    key.expose_secret().to_owned()
}

async fn revoke(world: &World, key: &str) {
    let id = id_of(key);
    assert!(world.services.vault.revoke_credential(id, world.now()).await.unwrap());
    world.services.records.forget_credential(id);
}

async fn user(world: &World) -> User {
    let id = UserId::parse(&world.text("/panel/user_id")).unwrap();
    world.services.vault.user(id).await.unwrap().unwrap()
}

fn id_of(key: &str) -> KeyId {
    FAMILY.format.parse(key).unwrap().id()
}

/// A well-formed key with this id and a secret of our own.
fn key_with_id(id: KeyId, mode: Mode) -> String {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // The first random bytes that are asked for become the id, each the character at its place.
    let mut places = id.as_str().chars().map(|c| u8::try_from(ALPHABET.find(c).unwrap()).unwrap());
    let key = FAMILY.format.mint(mode, |bytes| {
        bytes.fill_with(|| places.next().unwrap_or(7));
        Ok::<_, Infallible>(())
    });
    let key = key.unwrap();
    assert_eq!(key.id(), id);
    key.expose_secret().to_owned()
}

// ---- what was answered

fn error(code: u16, message: &str) -> Value {
    json!({ "status": "Error", "code": code, "message": message })
}

/// A text member of `data`.
#[track_caller]
fn member(answer: &Answer, name: &str) -> String {
    answer.json()["data"][name].as_str().unwrap_or_else(|| panic!("{name} in {}", answer.text())).to_owned()
}

/// Limit, remaining and reset (Unix seconds) of the window that is shown.
#[track_caller]
fn expect_quota(label: &str, answer: &Answer, quota: (u64, u64, i64)) {
    let shown = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(|name| answer.header(name));
    let (limit, remaining, reset) = (quota.0.to_string(), quota.1.to_string(), quota.2.to_string());
    assert_eq!(shown, [Some(limit.as_str()), Some(&remaining), Some(&reset)], "{label}: {}", answer.text());
}

#[track_caller]
fn expect_no_quota(label: &str, answer: &Answer) {
    let shown = answer.headers.keys().find(|name| name.as_str().starts_with("x-ratelimit"));
    assert_eq!(shown, None, "{label}");
}

#[track_caller]
fn expect_limited(label: &str, answer: &Answer, wait: u64) {
    let body = json!({ "status": "Error", "code": 429, "message": TOO_MANY, "retry_after": wait });
    answer.expect(label, 429, &body);
    assert_eq!(answer.header("retry-after"), Some(wait.to_string().as_str()), "{label}");
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"), "{label}");
}

/// A body, and whether anyone looked at it.
fn watched(text: &'static str) -> (Body, Arc<AtomicBool>) {
    let read = Arc::new(AtomicBool::new(false));
    let seen = read.clone();
    let body = Full::new(Bytes::from(text)).map_frame(move |frame| {
        seen.store(true, Ordering::SeqCst);
        frame
    });
    (Body::new(body), read)
}

fn is_session_id(text: &str) -> bool {
    text.strip_prefix("sess_").and_then(|uuid| Some((uuid, Uuid::try_parse(uuid).ok()?))).is_some_and(|(text, uuid)| {
        let canonical = uuid.hyphenated().to_string() == text;
        canonical && uuid.get_version_num() == 4 && uuid.get_variant() == Variant::RFC4122
    })
}

// ---- tokens, taken apart and made up

/// A token of ours, taken apart; nothing is checked.
struct Jwt {
    header: Value,
    claims: Value,
    signature: Vec<u8>,
    /// What the signature covers.
    signed: String,
}

impl Jwt {
    #[track_caller]
    fn read(token: &str) -> Self {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let read = |part| serde_json::from_slice(&unbase64(part)).unwrap();
        Self { header: read(header), claims: read(claims), signature: unbase64(signature), signed: signed.to_owned() }
    }
}

/// A server whose key file the test can read: for records and tokens that no route makes.
struct Bench {
    services: Arc<Services>,
    clock: Clock,
    merchant: MerchantId,
    router: Router,
    peppers: Peppers,
    keys: toml::Table,
    failures: AtomicUsize,
    _dir: TempDir,
}

const HOME: [u8; 4] = [127, 0, 0, 1];

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(OffsetDateTime::from_unix_timestamp(T0).unwrap());
        let options = Options { clock: clock.clone(), rng: Rng::system(), limits_scale: 1, storage: Storage::Sqlite };
        let services = Arc::new(Services::open(dir.path(), options).await.unwrap());
        let merchant = merchant("COL", "7QX2Z");
        services.vault.insert_merchant(&merchant, "1.00").await.unwrap();
        let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
        let listener = Arc::new(services.listener(ListenerMode::Test, SANDBOX, proxies).unwrap());
        let path = dir.path().join(Services::KEYS);
        Self {
            router: router(&App { services: services.clone(), listener }, dialects::ALL),
            peppers: KeyFile::read(&path).unwrap().peppers(&path).unwrap(),
            keys: std::fs::read_to_string(&path).unwrap().parse().unwrap(),
            merchant: merchant.id,
            failures: AtomicUsize::new(0),
            services,
            clock,
            _dir: dir,
        }
    }

    /// Stores a key after a change to its record.
    async fn key(&self, change: impl FnOnce(&mut Credential)) -> ApiKey {
        let key = FAMILY.format.mint(Mode::Test, |bytes| self.services.rng.fill(bytes)).unwrap();
        let digest = self.peppers.digest(&key);
        let mut record = Credential {
            id: key.id(),
            kind: FAMILY.kind,
            merchant: self.merchant.clone(),
            user: None,
            client: None,
            mode: Mode::Test,
            pepper_version: digest.pepper_version(),
            digest: *digest.as_bytes(),
            scopes: Scopes::parse(ALL_SCOPES).unwrap(),
            ip_list: IpList::unrestricted(),
            lifecycle: Lifecycle::new(self.clock.now()),
            last_four: key.last_four().to_owned(),
        };
        change(&mut record);
        self.services.vault.insert_credential(&record).await.unwrap();
        key
    }

    async fn ask(&self, key: &ApiKey, from: [u8; 4]) -> Answer {
        let id = self.merchant.in_mode(Mode::Test);
        let request = Request::post(TOKEN).header("x-api-key", key.expose_secret()).header("x-merchant-id", id);
        self.send(request.body(Body::empty()).unwrap(), from).await
    }

    async fn buy(&self, key: &ApiKey) -> Pair {
        Pair::of(&self.ask(key, HOME).await)
    }

    async fn balance(&self, pair: &Pair, from: [u8; 4]) -> Answer {
        let request = Request::get(BALANCE).header("authorization", format!("Bearer {}", pair.token));
        self.send(request.header("x-session-id", &pair.session).body(Body::empty()).unwrap(), from).await
    }

    async fn jwk(&self) -> Value {
        let request = Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap();
        self.send(request, HOME).await.json()["keys"][0].clone()
    }

    async fn send(&self, mut request: Request<Body>, from: [u8; 4]) -> Answer {
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from((from, 40_000))));
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    async fn expect_good(&self, label: &str, token: &str, session: &str) {
        let pair = Pair { token: token.to_owned(), session: session.to_owned() };
        let answer = self.balance(&pair, HOME).await;
        assert_eq!(answer.status, 200, "{label}: {}", answer.text());
    }

    async fn expect_refused(&self, label: &str, token: &str, session: &str) {
        let pair = Pair { token: token.to_owned(), session: session.to_owned() };
        let answer = self.balance(&pair, peer(self.failures.fetch_add(1, Ordering::SeqCst))).await;
        answer.expect(label, 401, &error(401, "Unauthorized"));
        assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER), "{label}");
        expect_no_quota(label, &answer);
    }

    fn signing(&self, purpose: &str) -> &toml::Value {
        let entries = self.keys["signing"].as_array().unwrap();
        entries.iter().find(|entry| entry["purpose"].as_str() == Some(purpose)).unwrap()
    }

    fn kid(&self, purpose: &str) -> String {
        self.signing(purpose)["kid"].as_str().unwrap().to_owned()
    }

    /// Signs as the server does.
    fn sign(&self, header: &str, claims: &str) -> String {
        self.sign_text(&format!("{}.{}", base64(header), base64(claims)))
    }

    fn sign_text(&self, signed: &str) -> String {
        let pkcs8 = STANDARD.decode(self.signing("88pay")["secret"].as_str().unwrap()).unwrap();
        let random = self.services.rng.source();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &*random).unwrap();
        format!("{signed}.{}", base64(key.sign(&*random, signed.as_bytes()).unwrap()))
    }
}

fn hs256_token(header: &str, claims: &str, key: &[u8]) -> String {
    let signed = format!("{}.{}", base64(header), base64(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), signed.as_bytes());
    format!("{signed}.{}", base64(tag))
}

/// RFC 5480: the `SubjectPublicKeyInfo` of a P-256 key up to its point.
const SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The uncompressed point of a JWK.
fn point(jwk: &Value) -> Vec<u8> {
    let coordinate = |name: &str| unbase64(jwk[name].as_str().unwrap());
    [vec![4], coordinate("x"), coordinate("y")].concat()
}

/// RFC 3279 §2.2.3: `SEQUENCE { r INTEGER, s INTEGER }`.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let tagged = |tag: u8, value: &[u8]| [&[tag, u8::try_from(value.len()).unwrap()], value].concat();
    let integer = |half: &[u8]| {
        let start = half.iter().position(|byte| *byte != 0).unwrap();
        let sign: &[u8] = if half[start] < 0x80 { &[] } else { &[0] };
        tagged(2, &[sign, &half[start..]].concat())
    };
    tagged(0x30, &[integer(r), integer(s)].concat())
}

/// The same bytes with one of the bits set that base64 leaves over.
fn stray_bits(token: &str) -> String {
    let (text, last) = token.split_at(token.len() - 1);
    let next = match last {
        "A" => 'B',
        "Q" => 'R',
        "g" => 'h',
        "w" => 'x',
        other => panic!("64 bytes do not end in {other}"),
    };
    format!("{text}{next}")
}

/// JSON of a length that base64 has to pad.
fn padded(mut json: String) -> String {
    while json.len().is_multiple_of(3) {
        json.push(' ');
    }
    json
}

/// base64url of the SHA-256 of a session id.
fn sid(session: &str) -> String {
    base64(digest(&SHA256, session.as_bytes()))
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[track_caller]
fn unbase64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
