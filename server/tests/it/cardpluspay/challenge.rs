//! The challenge, its signature, and its one use.

use std::time::Duration;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;
use tollgate::account::MerchantStatus;
use tollgate::auth::ListenerMode;
use tollgate_apikey::{Lifecycle, Mode, Overlap};
use tollgate_challenge_signature::{Challenge, PublicKey};
use tollgate_client_address::IpList;

use super::{
    ALL_SCOPES, Account, BALANCE, CHALLENGE, FAMILY, INVALID, ORDERS, Pair, REQUIRED, ROUTES, UNAUTHORIZED, demo,
    error, expect_signature, issue, revoke, rsa_key, second_merchant, signing, text_of, vector_key,
};
use crate::world::{Call, T0, World, world};

#[tokio::test]
async fn a_challenge_is_given_to_every_key_for_five_minutes() {
    let world = world().await;
    let (plain, signing) = (demo(&world), signing(&world).await);
    let no_scope = plain.with_key(issue(&world, &plain.id, Mode::Test, "").await);
    let live = plain.with_key(issue(&world, &plain.id, Mode::Live, "").await);
    let table = [
        ("signing off", &plain, ListenerMode::Test, Body::empty()),
        ("signing off, any listener", &plain, ListenerMode::Any, Body::from("{}")),
        ("signing on", &signing, ListenerMode::Test, Body::empty()),
        ("no scope", &no_scope, ListenerMode::Test, Body::from("{\"a\":")),
        ("live", &live, ListenerMode::Live, Body::from(vec![b'x'; 70_000])),
        ("live, any listener", &live, ListenerMode::Any, Body::from("{}")),
    ];
    world.clock.advance(Duration::from_millis(900));
    for (label, account, listener, body) in table {
        let answer = world.send(account.key(Call::post(CHALLENGE)).on(listener).body(body)).await;
        let text = text_of(&answer, "challenge");
        let data = json!({
            "challenge": text, "expires_at": "2026-01-01T00:05:00Z", "expires_in": 300, "algorithm": "RSA-SHA256",
        });
        answer.expect(label, 200, &json!({ "success": true, "message": "Challenge issued", "data": data }));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
        let challenge = Challenge::parse(&text).unwrap();
        let key_id = FAMILY.format.parse(&account.key).unwrap().id();
        assert_eq!((challenge.account(), challenge.key_id()), (account.id.as_str(), key_id.as_str()), "{label}");
        assert_eq!(challenge.expires_at().unix_timestamp(), T0 + 300, "{label}");
    }
    let (one, two) = (plain.challenge(&world).await, plain.challenge(&world).await);
    assert_ne!(one, two);
    let ignored = signing.key(Call::post(CHALLENGE)).header("x-api-challenge", "a").header("x-api-challenge", "b");
    assert_eq!(world.send(ignored.header("x-api-signature", "x")).await.status, 200, "it reads the key only");
}

#[tokio::test]
async fn a_signed_call_passes_once() {
    let world = world().await;
    let account = signing(&world).await;
    for (method, path, ok) in [("GET", BALANCE, 200), ("GET", ORDERS, 200), ("POST", ORDERS, 415)] {
        let pair = account.pair(&world).await;
        let ask = || pair.sign(account.key(Call::method(method, path)));
        let first = world.send(ask()).await;
        assert_eq!(first.status.as_u16(), ok, "{method} {path}: {}", first.text());
        for _ in 0..2 {
            expect_signature("again", &world.send(ask()).await, INVALID);
        }
        // Used at one route is used at every other.
        expect_signature("elsewhere", &world.send(pair.sign(account.key(Call::get(BALANCE)))).await, INVALID);
    }
}

#[tokio::test]
async fn both_headers_must_come_once_signing_is_on() {
    let world = world().await;
    let account = signing(&world).await;
    let pair = account.pair(&world).await;
    for (method, path) in ROUTES.into_iter().skip(1) {
        let call = || account.key(Call::method(method, path));
        let table = [
            ("neither", call()),
            ("no signature", call().header("x-api-challenge", &pair.challenge)),
            ("no challenge", call().header("x-api-signature", &pair.signature)),
            ("no challenge, bad signature", call().header("x-api-signature", "x")),
        ];
        for (label, call) in table {
            expect_signature(label, &world.send(call).await, REQUIRED);
        }
    }
    assert_eq!(world.send(pair.sign(account.key(Call::get(BALANCE)))).await.status, 200, "nothing was used up");
    let new = account.with_key(issue(&world, &account.id, Mode::Test, ALL_SCOPES).await);
    expect_signature("a new key has no grace", &world.send(new.key(Call::get(BALANCE))).await, REQUIRED);
    let live = account.with_key(issue(&world, &account.id, Mode::Live, ALL_SCOPES).await);
    assert_eq!(world.send(live.key(Call::get(BALANCE)).live()).await.status, 200, "set by mode");
}

#[tokio::test]
async fn what_is_there_is_checked_also_while_signing_is_off() {
    let world = world().await;
    let account = demo(&world);
    let call = || account.key(Call::get(BALANCE));
    assert_eq!(world.send(call()).await.status, 200);
    let pair = account.pair(&world).await;
    expect_signature("no key is registered", &world.send(pair.sign(call())).await, INVALID);
    register(&world, &account, Mode::Test, account.signer.public_key(), Lifecycle::new(world.now())).await;
    let table = [
        ("one header", call().header("x-api-challenge", &pair.challenge), REQUIRED),
        ("the other", call().header("x-api-signature", ""), REQUIRED),
        ("both empty", call().header("x-api-challenge", "").header("x-api-signature", ""), INVALID),
        ("wrong", call().header("x-api-challenge", &pair.challenge).header("x-api-signature", "x"), INVALID),
    ];
    for (label, call, text) in table {
        expect_signature(label, &world.send(call).await, text);
    }
    assert_eq!(world.send(pair.sign(call())).await.status, 200, "tried out before it is switched on");
    expect_signature("used", &world.send(pair.sign(call())).await, INVALID);
    assert_eq!(world.send(call()).await.status, 200);
}

#[tokio::test]
async fn every_wrong_pair_gets_the_same_bytes_and_uses_nothing_up() {
    let world = world().await;
    let account = signing(&world).await;
    let same_account = account.with_key(issue(&world, &account.id, Mode::Test, ALL_SCOPES).await);
    let other_mode = account.with_key(issue(&world, &account.id, Mode::Live, ALL_SCOPES).await);
    let other_account = demo(&world);
    let good = account.pair(&world).await;
    let (challenge, signature) = (good.challenge.as_str(), good.signature.as_str());
    let other = account.pair(&world).await;
    let raw = STANDARD.decode(signature).unwrap();
    let replaced = |at: usize, c: char| {
        let mut text: Vec<char> = challenge.chars().collect();
        text[at] = if text[at] == c { 'B' } else { c };
        text.into_iter().collect::<String>()
    };
    let pair = |challenge: &str, signature: &str| Pair { challenge: challenge.into(), signature: signature.into() };
    let siblings = same_account.pair(&world).await;
    let flipped = |at: usize| {
        let mut bytes = raw.clone();
        bytes[at] ^= 1;
        STANDARD.encode(bytes)
    };
    let table = vec![
        ("both empty", pair("", "")),
        ("empty challenge", pair("", signature)),
        ("empty signature", pair(challenge, "")),
        ("challenge of another key of the account", siblings.clone()),
        ("challenge of the other mode", other_mode.pair_on(&world, ListenerMode::Live).await),
        ("challenge of another account", other_account.pair(&world).await),
        ("signature of another challenge", pair(challenge, &other.signature)),
        ("challenge of another signature", pair(&other.challenge, signature)),
        ("first byte of the challenge", pair(&replaced(17, 'C'), signature)),
        ("account altered", pair(&replaced(25, 'X'), signature)),
        ("expiry altered", pair(&replaced(62, 'z'), signature)),
        ("tag altered", pair(&replaced(120, 'C'), signature)),
        ("no prefix", pair(challenge.trim_start_matches("cpp-challenge-v1."), signature)),
        ("prefix twice", pair(&format!("cpp-challenge-v1.{challenge}"), signature)),
        ("prefix of another version", pair(&challenge.replace("v1", "v2"), signature)),
        ("padded challenge", pair(&format!("{challenge}="), signature)),
        ("blank after the challenge", pair(&format!("{challenge} "), signature)),
        ("quoted challenge", pair(&format!("\"{challenge}\""), signature)),
        ("challenge beyond 256", pair(&format!("{challenge}{}", "A".repeat(256 - challenge.len() + 1)), signature)),
        ("very long challenge", pair(&challenge.repeat(20), signature)),
        ("very long signature", pair(challenge, &signature.repeat(5))),
        ("challenge beyond every bound", pair(&challenge.repeat(30), signature)),
        ("signature beyond every bound", pair(challenge, &"A".repeat(2000))),
        ("one bit of the signature", pair(challenge, &flipped(100))),
        ("last bit of the signature", pair(challenge, &flipped(raw.len() - 1))),
        ("one byte less", pair(challenge, &STANDARD.encode(&raw[1..]))),
        ("one byte more", pair(challenge, &STANDARD.encode([&[0], &raw[..]].concat()))),
        ("URL-safe base64", pair(challenge, &url_safe(signature))),
        ("no padding", pair(challenge, signature.trim_end_matches('='))),
        ("more padding", pair(challenge, &format!("{signature}="))),
        ("blank inside", pair(challenge, &format!("{} {}", &signature[..76], &signature[76..]))),
        ("tab after", pair(challenge, &format!("{signature}\t"))),
        ("quoted signature", pair(challenge, &format!("\"{signature}\""))),
        ("hex", pair(challenge, &"0123456789abcdef".repeat(32))),
        ("the challenge itself", pair(challenge, challenge)),
    ];
    let reference = world.send(pair("x", "x").sign(account.key(Call::get(BALANCE)))).await;
    expect_signature("reference", &reference, INVALID);
    for (label, pair) in &table {
        // The failures are more than an address may have of bad keys: the key is good here, so none is throttled.
        let answer = world.send(pair.sign(account.key(Call::get(BALANCE)))).await;
        assert_eq!(answer.comparable(), reference.comparable(), "{label}");
    }
    let bytes = account.key(Call::get(BALANCE)).header("x-api-challenge", b"\xff").header("x-api-signature", b"\xfe");
    assert_eq!(world.send(bytes).await.comparable(), reference.comparable(), "not ASCII");
    assert_eq!(world.send(good.sign(account.key(Call::get(BALANCE)))).await.status, 200, "still usable");
    assert_eq!(world.send(other.sign(account.key(Call::get(BALANCE)))).await.status, 200, "still usable");
    let own = world.send(siblings.sign(same_account.key(Call::get(BALANCE)))).await;
    assert_eq!(own.status, 200, "the key it was made for may use it");
}

#[tokio::test]
async fn a_challenge_is_dead_at_three_hundred_seconds() {
    let world = world().await;
    let account = signing(&world).await;
    let pairs = [account.pair(&world).await, account.pair(&world).await, account.pair(&world).await];
    let [first, second, third] = pairs.each_ref().map(|pair| pair.sign(account.key(Call::get(BALANCE))));
    world.advance(299);
    assert_eq!(world.send(first).await.status, 200, "at 299 s");
    world.clock.advance(Duration::from_millis(999));
    assert_eq!(world.send(second).await.status, 200, "at 299.999 s");
    world.clock.advance(Duration::from_millis(1));
    expect_signature("at 300 s", &world.send(third).await, INVALID);
    let used = pairs[0].sign(account.key(Call::get(BALANCE)));
    world.services.ledger.sweep(world.now()).await.unwrap();
    expect_signature("used, and swept", &world.send(used).await, INVALID);
}

#[tokio::test]
async fn a_right_signature_is_used_up_whatever_comes_after() {
    let world = world().await;
    let account = demo(&world);
    register(&world, &account, Mode::Test, account.signer.public_key(), Lifecycle::new(world.now())).await;
    let reader = account.with_key(issue(&world, &account.id, Mode::Test, "orders:read").await);
    let busy = account.with_key(issue(&world, &account.id, Mode::Test, ALL_SCOPES).await);
    for _ in 0..120 {
        assert_eq!(world.send(busy.key(Call::get(BALANCE))).await.status, 200);
    }
    let order = |account: &Account, body: &str| account.key(Call::post(ORDERS)).raw_json(body.to_owned());
    let table = [
        ("scope", &reader, reader.key(Call::get(BALANCE)), 403),
        ("quota", &busy, busy.key(Call::get(BALANCE)), 429),
        ("body", &account, order(&account, "{"), 400),
        ("members", &account, order(&account, "{}"), 422),
    ];
    for (label, account, call, status) in table {
        let pair = account.pair(&world).await;
        assert_eq!(world.send(pair.sign(call)).await.status.as_u16(), status, "{label}");
        expect_signature(label, &world.send(pair.sign(account.key(Call::get(BALANCE)))).await, INVALID);
    }
    // What comes before the signature does not use it up.
    let pair = account.pair(&world).await;
    world.set_merchant(MerchantStatus::Suspended, IpList::unrestricted()).await;
    assert_eq!(world.send(pair.sign(account.key(Call::get(BALANCE)))).await.status, 403);
    world.set_merchant(MerchantStatus::Active, IpList::unrestricted()).await;
    assert_eq!(world.send(pair.sign(account.key(Call::get(BALANCE)))).await.status, 200);
}

#[tokio::test]
async fn public_keys_count_by_their_state_and_mode() {
    let world = world().await;
    let now = world.now();
    let stranger = vector_key();
    let mut revoked = Lifecycle::new(now);
    revoked.revoke(now).unwrap();
    let mut retiring = Lifecycle::new(now);
    retiring.retire(now, Overlap::new(100).unwrap()).unwrap();
    let active = || Lifecycle::new(now);
    let own = demo(&world).signer.public_key().clone();
    let table = [
        ("none", vec![], 401, 401),
        ("active", vec![(&own, Mode::Test, active())], 200, 200),
        ("retiring until then", vec![(&own, Mode::Test, retiring)], 200, 401),
        ("expiring then", vec![(&own, Mode::Test, active().expiring_at(now + time::Duration::seconds(100)))], 200, 401),
        ("revoked", vec![(&own, Mode::Test, revoked)], 401, 401),
        ("of the other mode", vec![(&own, Mode::Live, active())], 401, 401),
        ("of somebody else", vec![(&stranger, Mode::Test, active())], 401, 401),
        ("second of two", vec![(&stranger, Mode::Test, active()), (&own, Mode::Test, active())], 200, 200),
    ];
    for (n, (label, keys, before, after)) in table.into_iter().enumerate() {
        let world = self::world().await;
        let id = second_merchant(&world, &format!("KEYS{n}")).await;
        let account = Account { key: issue(&world, &id, Mode::Test, ALL_SCOPES).await, id, ..demo(&world) };
        require(&world, &account).await;
        for (key, mode, lifecycle) in keys {
            register(&world, &account, mode, key, lifecycle).await;
        }
        for (advance, status) in [(99, before), (1, after)] {
            world.advance(advance);
            let pair = account.pair(&world).await;
            let answer = world.send(pair.sign(account.key(Call::get(BALANCE)))).await;
            assert_eq!(answer.status.as_u16(), status, "{label}, after {advance} s");
            if status == 401 {
                expect_signature(label, &answer, INVALID);
            }
        }
    }
}

#[tokio::test]
async fn revoking_the_api_key_makes_its_challenges_useless() {
    let world = world().await;
    let account = signing(&world).await;
    let revoked = account.with_key(issue(&world, &account.id, Mode::Test, ALL_SCOPES).await);
    let pair = revoked.pair(&world).await;
    revoke(&world, &revoked.key).await;
    let answer = world.send(pair.sign(revoked.key(Call::get(BALANCE)))).await;
    answer.expect("the key fails first", 401, &error(UNAUTHORIZED));
    expect_signature("its sibling", &world.send(pair.sign(account.key(Call::get(BALANCE)))).await, INVALID);
}

async fn require(world: &World, account: &Account) {
    world.services.vault.set_setting(&account.id, Mode::Test, "request_signing_required", "true").await.unwrap();
    world.services.records.forget_request_signing(&account.id, Mode::Test);
}

async fn register(world: &World, account: &Account, mode: Mode, key: &PublicKey, lifecycle: Lifecycle) {
    world.services.vault.insert_rsa_key(&rsa_key(&world.services, &account.id, mode, key, lifecycle)).await.unwrap();
    world.services.records.forget_request_signing(&account.id, mode);
}

fn url_safe(signature: &str) -> String {
    let text = URL_SAFE.encode(STANDARD.decode(signature).unwrap());
    // A signature without either of the two characters is the same in both alphabets.
    if text == signature { text.replacen('A', "-", 1) } else { text }
}
