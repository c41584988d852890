//! Pairing of a token with its session id, rotation of keys, and the published key set.

use serde_json::{Value, json};
use time::Duration;
use tollgate_jwt_session::{
    Jwks, KeyRing, SESSION_ID_LEN, SessionId, SigningKey, TokenType, VerifyErrorKind, VerifyingKey,
};

use crate::support::{SECRET, T0, accepts, at, count_up, es_key, es_ring, hs_ring, profile, refuses};

type Der = zeroize::Zeroizing<Vec<u8>>;

#[test]
fn pairs_a_token_with_its_own_session_only() {
    // The cross-pair matrix over merchants and environments: only the diagonal passes.
    let mut fill = count_up();
    let rings = ["live", "test"].map(|env| {
        let profile = profile("88pay", TokenType::JWT, 60).with_exact_claim("env", env).unwrap();
        KeyRing::new(profile, es_key(&format!("88p-{env}"))).unwrap()
    });
    let mut issued = Vec::new();
    for ring in &rings {
        for merchant in ["MCH-COL-AAAAA", "MCH-COL-BBBBB"] {
            let (token, session) = ring.issue_session(&json!({"merchant_id": merchant}), at(T0), &mut fill).unwrap();
            issued.push((ring, token, session));
        }
    }
    for (row, (ring, token, _)) in issued.iter().enumerate() {
        for (column, (_, _, session)) in issued.iter().enumerate() {
            let verified = ring.verify::<Value>(token.expose_secret(), at(T0)).unwrap();
            let paired = verified.pair(session);
            assert_eq!(paired.is_ok(), row == column, "token {row} with session {column}");
            if let Err(error) = paired {
                assert_eq!(error.kind(), VerifyErrorKind::WrongSession);
            }
        }
    }
}

#[test]
fn never_pairs_a_token_without_a_session() {
    let ring = es_ring();
    let token = ring.issue(&json!({}), at(T0), count_up()).unwrap();
    let session = SessionId::mint(count_up()).unwrap();
    let verified = ring.verify::<Value>(token.expose_secret(), at(T0)).unwrap();
    assert_eq!(verified.pair(&session).unwrap_err().kind(), VerifyErrorKind::WrongSession);
}

#[test]
fn a_kept_pair_ends_with_its_token() {
    let ring = es_ring();
    let (token, session) = ring.issue_session(&json!({}), at(T0), count_up()).unwrap();
    let pair = ring.verify::<Value>(token.expose_secret(), at(T0)).unwrap().pair(&session).unwrap();
    assert!(pair.check_life(at(T0 + 59)).is_ok());
    assert_eq!(pair.check_life(at(T0 + 60)).unwrap_err().kind(), VerifyErrorKind::Expired);
    assert_eq!(pair.check_life(at(T0 - 6)).unwrap_err().kind(), VerifyErrorKind::NotYetValid);
}

#[test]
fn mints_lower_case_uuid_v4_ids() {
    let session = SessionId::mint(count_up()).unwrap();
    assert_eq!(session.expose_secret(), "sess_00010203-0405-4607-8809-0a0b0c0d0e0f");
    let ones = SessionId::mint(|bytes| {
        bytes.fill(0xff);
        Ok::<_, ()>(())
    });
    assert_eq!(ones.unwrap().expose_secret(), "sess_ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(session.expose_secret().len(), SESSION_ID_LEN);
    assert_eq!(SessionId::mint(|_| Err("broken")).unwrap_err(), "broken");
}

#[test]
fn refuses_session_ids_in_any_other_spelling() {
    let sound = "sess_0f8fad5b-d9cb-469f-a165-70867728950e";
    assert_eq!(SessionId::parse(sound).unwrap().expose_secret(), sound);
    for (label, text) in [
        ("empty", ""),
        ("prefix only", "sess_"),
        ("no prefix", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("upper-case prefix", "SESS_0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("upper-case digit", "sess_0F8fad5b-d9cb-469f-a165-70867728950e"),
        ("leading blank", " sess_0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("trailing blank", "sess_0f8fad5b-d9cb-469f-a165-70867728950e "),
        ("trailing line end", "sess_0f8fad5b-d9cb-469f-a165-70867728950e\n"),
        ("one digit short", "sess_0f8fad5b-d9cb-469f-a165-70867728950"),
        ("one digit long", "sess_0f8fad5b-d9cb-469f-a165-70867728950e0"),
        ("version 1", "sess_0f8fad5b-d9cb-169f-a165-70867728950e"),
        ("variant c", "sess_0f8fad5b-d9cb-469f-c165-70867728950e"),
        ("no dashes", "sess_0f8fad5bd9cb469fa16570867728950e0000"),
        ("dash elsewhere", "sess_0f8fad5-bd9cb-469f-a165-70867728950e"),
        ("braces", "sess_{f8fad5b-d9cb-469f-a165-70867728950}"),
        ("letter past f", "sess_0g8fad5b-d9cb-469f-a165-70867728950e"),
        ("two-byte character", "sess_0f8fad5b-d9cb-469f-a165-7086772895é"),
    ] {
        assert_eq!(SessionId::parse(text).unwrap_err().kind(), VerifyErrorKind::WrongSession, "{label}");
    }
}

#[test]
fn rotates_without_a_gap() {
    let [old, new] = ["k-1", "k-2"]
        .map(|kid| SigningKey::generate_es256_pkcs8(&*crate::support::rng()).map(|der| (kid, der)).unwrap());
    let key = |(kid, der): &(&str, Der)| SigningKey::es256(kid, der, crate::support::rng()).unwrap();
    let profile = || profile("88pay", TokenType::JWT, 60);
    let before = KeyRing::new(profile(), key(&old)).unwrap();
    let announced = KeyRing::new(profile(), key(&old)).and_then(|ring| ring.with_next(key(&new))).unwrap();
    let switched =
        KeyRing::new(profile(), key(&new)).and_then(|ring| ring.with_previous(key(&old).verifying_key())).unwrap();
    let after = KeyRing::new(profile(), key(&new)).unwrap();

    let issue = |ring: &KeyRing| ring.issue(&json!({}), at(T0), count_up()).unwrap();
    let (by_old, by_announced, by_new) = (issue(&before), issue(&announced), issue(&switched));
    for ring in [&before, &announced, &switched] {
        accepts(ring.verifier(), by_old.expose_secret(), T0);
        accepts(ring.verifier(), by_announced.expose_secret(), T0);
    }
    for ring in [&announced, &switched, &after] {
        accepts(ring.verifier(), by_new.expose_secret(), T0);
    }
    refuses(before.verifier(), by_new.expose_secret(), T0, VerifyErrorKind::UnknownKey, "not announced");
    refuses(after.verifier(), by_old.expose_secret(), T0, VerifyErrorKind::UnknownKey, "withdrawn");

    let kids = |ring: &KeyRing| ring.kids().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        (kids(&announced), kids(&switched)),
        (vec!["k-1".into(), "k-2".into()], vec!["k-2".into(), "k-1".into()])
    );
    assert!(announced.verifies_kid("k-2") && !before.verifies_kid("k-2"));
    assert_eq!(announced.jwks().keys().len(), 2, "the coming key is published");
}

#[test]
fn publishes_es256_public_keys_with_exactly_their_members() {
    let ring = es_ring();
    let printed = serde_json::to_value(ring.jwks()).unwrap();
    assert_eq!(printed.as_object().unwrap().keys().collect::<Vec<_>>(), ["keys"]);
    let key = printed["keys"][0].as_object().unwrap();
    let mut members: Vec<_> = key.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    for (name, value) in [("kty", "EC"), ("crv", "P-256"), ("kid", "88p-1"), ("use", "sig"), ("alg", "ES256")] {
        assert_eq!(key[name], value);
    }
    let read_back = VerifyingKey::from_jwk(&serde_json::from_value(printed["keys"][0].clone()).unwrap()).unwrap();
    let token = ring.issue(&json!({}), at(T0), count_up()).unwrap();
    let (input, signature) = token.expose_secret().rsplit_once('.').unwrap();
    read_back.verify(input.as_bytes(), &crate::support::unb64(signature)).unwrap();
}

#[test]
fn never_publishes_a_mac_key() {
    assert_eq!(serde_json::to_string(&hs_ring().jwks()).unwrap(), r#"{"keys":[]}"#);
    assert!(SigningKey::hs256("k", &SECRET).unwrap().verifying_key().to_jwk().is_none());
    let es = es_ring();
    let merged = Jwks::merge([hs_ring().jwks(), es.jwks(), es.jwks()]);
    assert_eq!(merged, es.jwks(), "a set that stands twice is printed once");
}

#[test]
fn issues_for_another_life_on_request() {
    let ring = hs_ring();
    let token = ring.issue_for(&json!({}), Duration::seconds(60), at(T0), count_up()).unwrap();
    assert_eq!((token.issued_at(), token.expires_at()), (at(T0), at(T0 + 60)));
    assert_eq!(token.token_id(), "AAECAwQFBgcICQoLDA0ODw");
    accepts(ring.verifier(), token.expose_secret(), T0 + 59);
    refuses(ring.verifier(), token.expose_secret(), T0 + 60, VerifyErrorKind::Expired, "at its end");
}
