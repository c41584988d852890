//! What cannot be constructed or issued in the first place.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;

use serde_json::{Value, json};
use time::Duration;
use tollgate_jwt_session::{
    IssueErrorKind, Jwk, KeyErrorKind, KeyRing, Kid, MAX_DEPTH, MAX_EXACT_CLAIMS, MAX_KEYS, MAX_KID_LEN, MAX_NAME_LEN,
    MAX_SECRET_LEN, Profile, ProfileErrorKind, SigningKey, TokenType, VerifyingKey,
};

use crate::support::{SECRET, T0, at, b64, count_up, es_key, es_ring, hs_ring, rng};

#[test]
fn refuses_keys_out_of_bounds() {
    let kind = |result: Result<SigningKey, _>| Result::<_, tollgate_jwt_session::KeyError>::err(result).unwrap().kind();
    for kid in ["", "a b", "a/b", "ä", "a\0", &"k".repeat(MAX_KID_LEN + 1)] {
        assert_eq!(kind(SigningKey::hs256(kid, &SECRET)), KeyErrorKind::Kid, "{kid:?}");
        assert_eq!(Kid::parse(kid).unwrap_err().kind(), KeyErrorKind::Kid, "{kid:?}");
    }
    assert!(SigningKey::hs256(&"k".repeat(MAX_KID_LEN), &[0; MAX_SECRET_LEN]).is_ok());
    for length in [0, 31, MAX_SECRET_LEN + 1] {
        assert_eq!(kind(SigningKey::hs256("k", &vec![1; length])), KeyErrorKind::Secret, "{length} bytes");
        let error = VerifyingKey::hs256("k", &vec![1; length]).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::Secret, "{length} bytes");
    }
    let pkcs8 = SigningKey::generate_es256_pkcs8(&*rng()).unwrap();
    let mut altered = pkcs8.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    for (label, der) in [("empty", &[][..]), ("cut", &pkcs8[..pkcs8.len() - 1]), ("public half altered", &altered)] {
        assert_eq!(kind(SigningKey::es256("k", der, rng())), KeyErrorKind::PrivateKey, "{label}");
    }
    for (label, point) in
        [("empty", vec![]), ("compressed", vec![2; 33]), ("hybrid", vec![6; 65]), ("long", vec![4; 66])]
    {
        let error = VerifyingKey::es256_from_public("k", &point).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::PublicKey, "{label}");
    }
    let off_curve = VerifyingKey::es256_from_public("k", &[4; 65]).unwrap();
    assert!(off_curve.verify(b"message", &[1; 64]).is_err());
}

#[test]
fn refuses_jwks_of_another_kind() {
    let sound = serde_json::to_value(&es_ring().jwks().keys()[0]).unwrap();
    let refused = |changes: Value| {
        let mut jwk = sound.clone();
        for (name, value) in changes.as_object().unwrap() {
            jwk[name] = value.clone();
        }
        let jwk: Jwk = serde_json::from_value(jwk).unwrap();
        VerifyingKey::from_jwk(&jwk).err().map(|error| error.kind())
    };
    assert_eq!(refused(json!({})), None);
    for (label, changes, kind) in [
        ("use enc", json!({"use": "enc"}), KeyErrorKind::Jwk),
        ("alg ES384", json!({"alg": "ES384"}), KeyErrorKind::Jwk),
        ("alg HS256", json!({"alg": "HS256"}), KeyErrorKind::Jwk),
        ("crv P-384", json!({"crv": "P-384"}), KeyErrorKind::Jwk),
        ("kty oct", json!({"kty": "oct", "k": "AAAA"}), KeyErrorKind::Jwk),
        ("key_ops", json!({"key_ops": ["sign"]}), KeyErrorKind::Jwk),
        ("kid null", json!({"kid": null}), KeyErrorKind::Jwk),
        ("kid a path", json!({"kid": "../k"}), KeyErrorKind::Kid),
        ("x short", json!({"x": b64([1; 31])}), KeyErrorKind::PublicKey),
        ("x padded", json!({"x": format!("{}=", b64([1; 32]))}), KeyErrorKind::PublicKey),
        ("y not base64url", json!({"y": "+".repeat(43)}), KeyErrorKind::PublicKey),
    ] {
        assert_eq!(refused(changes), Some(kind), "{label}");
    }
}

#[test]
fn refuses_rings_that_mix_or_overflow() {
    let hs = |kid: &str| SigningKey::hs256(kid, &SECRET).unwrap();
    let kind = |result: Result<KeyRing, tollgate_jwt_session::KeyError>| result.unwrap_err().kind();
    assert_eq!(kind(hs_ring().with_next(es_key("other"))), KeyErrorKind::Algorithm);
    assert_eq!(kind(es_ring().with_previous(hs("other").verifying_key())), KeyErrorKind::Algorithm);
    assert_eq!(kind(hs_ring().with_next(hs("plg-1"))), KeyErrorKind::DuplicateKid);
    assert_eq!(kind(hs_ring().with_previous(hs("plg-1").verifying_key())), KeyErrorKind::DuplicateKid);
    let full = (1..MAX_KEYS).try_fold(hs_ring(), |ring, next| ring.with_next(hs(&format!("n-{next}")))).unwrap();
    assert_eq!(full.kids().count(), MAX_KEYS);
    assert_eq!(kind(full.with_next(hs("one-more"))), KeyErrorKind::TooMany);
}

#[test]
fn refuses_profiles_out_of_bounds() {
    let long = "x".repeat(MAX_NAME_LEN + 1);
    let make = |issuer: &str, audience: &str, lifetime| Profile::new(issuer, audience, TokenType::JWT, lifetime);
    let minute = Duration::MINUTE;
    for (label, result, kind) in [
        ("no issuer", make("", "a", minute), ProfileErrorKind::Issuer),
        ("long issuer", make(&long, "a", minute), ProfileErrorKind::Issuer),
        ("no audience", make("i", "", minute), ProfileErrorKind::Audience),
        ("long audience", make("i", &long, minute), ProfileErrorKind::Audience),
        ("59 s", make("i", "a", Duration::seconds(59)), ProfileErrorKind::Lifetime),
        ("3601 s", make("i", "a", Duration::seconds(3601)), ProfileErrorKind::Lifetime),
        ("60.5 s", make("i", "a", Duration::milliseconds(60_500)), ProfileErrorKind::Lifetime),
        ("negative", make("i", "a", -minute), ProfileErrorKind::Lifetime),
    ] {
        assert_eq!(result.unwrap_err().kind(), kind, "{label}");
    }
    for leeway in [Duration::seconds(6), Duration::seconds(-1), Duration::milliseconds(1500), Duration::nanoseconds(-1)]
    {
        let error = make("i", "a", minute).unwrap().with_leeway(leeway).unwrap_err();
        assert_eq!(error.kind(), ProfileErrorKind::Leeway, "{leeway}");
    }
    for name in ["", "iss", "aud", "iat", "nbf", "exp", "jti", "sid", "env", "$serde_json::private::Number", &long] {
        let profile = make("i", "a", minute).unwrap().with_exact_claim("env", "test").unwrap();
        assert_eq!(profile.with_exact_claim(name, "v").unwrap_err().kind(), ProfileErrorKind::ExactClaim, "{name}");
    }
    let full = (0..MAX_EXACT_CLAIMS)
        .try_fold(make("i", "a", minute).unwrap(), |profile, n| profile.with_exact_claim(&format!("c{n}"), ""))
        .unwrap();
    assert_eq!(full.clone().with_exact_claim("more", "").unwrap_err().kind(), ProfileErrorKind::ExactClaim);
    let error = make("i", "a", minute).unwrap().with_exact_claim("c", &long).unwrap_err();
    assert_eq!(error.kind(), ProfileErrorKind::ExactClaim);
    for text in ["", "a b", "a/b", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] {
        assert_eq!(TokenType::from_static(text).unwrap_err().kind(), ProfileErrorKind::TokenType, "{text}");
    }
}

#[test]
fn refuses_to_issue_what_it_would_not_read() {
    let ring = hs_ring();
    let issue = |claims: &Value| ring.issue(claims, at(T0), count_up()).err().map(|error| error.kind());
    assert_eq!(issue(&json!({})), None);
    let mut deep = json!(1);
    for _ in 0..MAX_DEPTH {
        deep = json!([deep]);
    }
    for (label, claims, kind) in [
        ("array", json!([1]), IssueErrorKind::Claims),
        ("null", json!(null), IssueErrorKind::Claims),
        ("too deep", json!({ "x": deep }), IssueErrorKind::Claims),
        ("too long for JSON", json!({"x": "x".repeat(9000)}), IssueErrorKind::TooLong),
        ("too long as a token", json!({"x": "x".repeat(6200)}), IssueErrorKind::TooLong),
    ] {
        assert_eq!(issue(&claims), Some(kind), "{label}");
    }
    for name in ["iss", "aud", "iat", "nbf", "exp", "jti", "sid", "env"] {
        let claims = BTreeMap::from([(name, "x")]);
        let error = ring.issue(&claims, at(T0), count_up()).unwrap_err();
        assert_eq!(error.kind(), IssueErrorKind::Claims, "{name}");
    }
    let unprintable = BTreeMap::from([((1, 2), 3)]);
    assert_eq!(ring.issue(&unprintable, at(T0), count_up()).unwrap_err().kind(), IssueErrorKind::Claims);
    for lifetime in [Duration::ZERO, Duration::seconds(59), Duration::seconds(3601), Duration::milliseconds(60_001)] {
        let error = ring.issue_for(&json!({}), lifetime, at(T0), count_up()).unwrap_err();
        assert_eq!(error.kind(), IssueErrorKind::Lifetime, "{lifetime}");
    }
    for now in [-1, 253_402_300_799] {
        assert_eq!(ring.issue(&json!({}), at(now), count_up()).unwrap_err().kind(), IssueErrorKind::Clock, "{now}");
    }
}

#[test]
fn refuses_claims_that_print_a_member_twice() {
    struct Twice;
    impl serde::Serialize for Twice {
        fn serialize<S: serde::Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeMap as _;
            let mut map = writer.serialize_map(None)?;
            map.serialize_entry("a", &1)?;
            map.serialize_entry("a", &2)?;
            map.end()
        }
    }
    assert_eq!(hs_ring().issue(&Twice, at(T0), count_up()).unwrap_err().kind(), IssueErrorKind::Claims);
}

#[test]
fn passes_the_randomness_error_through() {
    #[derive(Debug, PartialEq)]
    struct Broken(u8);
    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no entropy")
        }
    }
    impl std::error::Error for Broken {}

    let error = hs_ring().issue(&json!({}), at(T0), |_| Err(Broken(1))).unwrap_err();
    assert_eq!(error.kind(), IssueErrorKind::Randomness);
    assert_eq!(error.to_string(), "randomness is unavailable");
    assert_eq!(error.source().unwrap().to_string(), "no entropy");
    assert_eq!(error.into_randomness(), Some(Broken(1)));
    let error = hs_ring().issue_session(&json!({}), at(T0), |_| Err(Broken(2))).unwrap_err();
    assert_eq!(error.into_randomness(), Some(Broken(2)));
    let error = hs_ring().issue(&json!([]), at(T0), |_| Err(Broken(3))).unwrap_err();
    assert!(error.source().is_none());
    assert_eq!(error.into_randomness(), None, "claims are checked before randomness is drawn");
}
