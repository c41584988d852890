//! Buying tokens with a key.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, Full};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use tollgate::account::KeyFamily;
use tollgate::auth::ListenerMode;
use tollgate_apikey::Mode;
use uuid::{Uuid, Variant};

use super::{
    ALL_SCOPES, Account, BALANCE, CHARGES, FAMILY, Jwt, NO_KEY, TOKEN, charge, demo, error, expect_no_quota,
    expect_quota, id_of, issue, issue_to, key_with_id, member, peer, point, replace, revoke, second_merchant, sid,
    unbase64, user,
};
use crate::world::{Call, LIVE, SANDBOX, T0, world};

const APIKEY: &str = "ApiKey realm=\"88pay\"";

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
    let vectors: Value = serde_json::from_str(include_str!("../../../../vectors/eighty-eight-pay.json")).unwrap();
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
