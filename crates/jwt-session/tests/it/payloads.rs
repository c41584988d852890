//! One labelled row per payload that must not pass, each under a right signature.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::Duration;
use tollgate_jwt_session::{KeyRing, MAX_DEPTH, SigningKey, TokenType, VerifyErrorKind};

use crate::support::{HEADER, ISSUER, SECRET, T0, accepts, at, b64, forge, hs_ring, payload, profile, refuses};

#[test]
fn refuses_claims_that_do_not_fit() {
    let ring = hs_ring();
    let rows = [
        ("iss absent", json!({"iss": null}), VerifyErrorKind::WrongIssuer),
        ("iss with slash", json!({"iss": "https://api.example.test/"}), VerifyErrorKind::WrongIssuer),
        ("iss array", json!({"iss": [ISSUER]}), VerifyErrorKind::WrongIssuer),
        ("aud absent", json!({"aud": null}), VerifyErrorKind::WrongAudience),
        ("aud other", json!({"aud": "panel"}), VerifyErrorKind::WrongAudience),
        ("aud prefix", json!({"aud": "pled"}), VerifyErrorKind::WrongAudience),
        ("aud array of one", json!({"aud": ["pledg"]}), VerifyErrorKind::WrongAudience),
        ("env absent", json!({"env": null}), VerifyErrorKind::WrongExactClaim),
        ("env other", json!({"env": "live"}), VerifyErrorKind::WrongExactClaim),
        ("env array", json!({"env": ["test"]}), VerifyErrorKind::WrongExactClaim),
        ("exp absent", json!({"exp": null}), VerifyErrorKind::Claims),
        ("exp string", json!({"exp": "1767226200"}), VerifyErrorKind::Claims),
        ("exp float", json!({"exp": 1_767_226_200.0}), VerifyErrorKind::Claims),
        ("exp negative", json!({"exp": -1}), VerifyErrorKind::Claims),
        ("exp array", json!({"exp": [1_767_226_200]}), VerifyErrorKind::Claims),
        ("exp true", json!({"exp": true}), VerifyErrorKind::Claims),
        ("exp after the year 9999", json!({"exp": 253_402_300_800_u64}), VerifyErrorKind::Claims),
        ("exp largest integer", json!({"exp": u64::MAX}), VerifyErrorKind::Claims),
        ("exp now", json!({"exp": T0}), VerifyErrorKind::Expired),
        ("iat absent", json!({"iat": null}), VerifyErrorKind::Claims),
        ("iat string", json!({"iat": "1767225600"}), VerifyErrorKind::Claims),
        ("iat six ahead", json!({"iat": T0 + 6}), VerifyErrorKind::NotYetValid),
        ("nbf six ahead", json!({"nbf": T0 + 6}), VerifyErrorKind::NotYetValid),
        ("nbf float", json!({"nbf": 1.5}), VerifyErrorKind::Claims),
        ("nbf string", json!({"nbf": "0"}), VerifyErrorKind::Claims),
        ("jti absent", json!({"jti": null}), VerifyErrorKind::Claims),
        ("jti number", json!({"jti": 7}), VerifyErrorKind::Claims),
        ("jti of 15 bytes", json!({"jti": b64([1; 15])}), VerifyErrorKind::Claims),
        ("jti not canonical", json!({"jti": "AQEBAQEBAQEBAQEBAQEBAR"}), VerifyErrorKind::Claims),
        ("sid number", json!({"sid": 7}), VerifyErrorKind::Claims),
        ("sid of 31 bytes", json!({"sid": b64([1; 31])}), VerifyErrorKind::Claims),
    ];
    for (label, changes, kind) in rows {
        refuses(ring.verifier(), &forge(HEADER, &payload(changes), &SECRET), T0, kind, label);
    }
}

#[test]
fn refuses_date_spellings_that_other_parsers_take() {
    let ring = hs_ring();
    let sound = payload(json!({}));
    let exp = format!(r#""exp":{}"#, T0 + 600);
    assert!(sound.contains(&exp));
    for (spelling, kind) in [
        ("null", VerifyErrorKind::Claims),
        ("1767226200.0", VerifyErrorKind::Claims),
        ("1767226200e0", VerifyErrorKind::Claims),
        ("1.7672262e9", VerifyErrorKind::Claims),
        ("-0", VerifyErrorKind::Claims),
        ("18446744073709551616", VerifyErrorKind::Claims),
        ("1e400", VerifyErrorKind::Malformed),
        ("01767226200", VerifyErrorKind::Malformed),
        ("+1767226200", VerifyErrorKind::Malformed),
        ("0x69560000", VerifyErrorKind::Malformed),
        ("NaN", VerifyErrorKind::Malformed),
        ("", VerifyErrorKind::Malformed),
    ] {
        let token = forge(HEADER, &sound.replace(&exp, &format!(r#""exp":{spelling}"#)), &SECRET);
        refuses(ring.verifier(), &token, T0, kind, spelling);
    }
}

#[test]
fn refuses_payloads_that_are_not_one_strict_object() {
    let ring = hs_ring();
    let sound = payload(json!({}));
    let with = |extra: &str| sound.replacen('{', &format!("{{{extra},"), 1);
    let nested = |depth: usize| with(&format!(r#""x":{}1{}"#, "[".repeat(depth - 1), "]".repeat(depth - 1)));
    accepts(ring.verifier(), &forge(HEADER, &nested(MAX_DEPTH), &SECRET), T0);
    accepts(ring.verifier(), &forge(HEADER, &format!(" {sound}\n"), &SECRET), T0);
    let rows = [
        ("member twice", with(r#""exp":99999999999"#)),
        ("member twice by escape", with(r#""e\u0078p":99999999999"#)),
        ("the caller's member twice", with(r#""sub":"other""#)),
        ("member twice inside", with(r#""x":{"a":1,"a":1}"#)),
        ("member twice inside an array", with(r#""x":[[{"a":1,"a":1}]]"#)),
        ("one level too deep", nested(MAX_DEPTH + 1)),
        ("hundreds of levels too deep", nested(2000)),
        ("array", format!("[{sound}]")),
        ("string", "\"claims\"".to_owned()),
        ("two objects", format!("{sound}{sound}")),
        ("trailing comma", sound.replace('}', ",}")),
        ("comment", format!("/* */{sound}")),
        ("cut short", sound.replace('}', "")),
        ("name private to the JSON reader", with(r#""x":{"$serde_json::private::RawValue":"{\"a\":1,\"a\":1}"}"#)),
        ("lone surrogate", with(r#""x":"\ud800""#)),
        ("control character in a string", with("\"x\":\"\u{1}\"")),
    ];
    for (label, payload) in rows {
        refuses(ring.verifier(), &forge(HEADER, &payload, &SECRET), T0, VerifyErrorKind::Malformed, label);
    }
}

#[test]
fn refuses_bytes_that_are_not_utf8() {
    let mut payload = payload(json!({"sub": "X"})).into_bytes();
    let place = payload.iter().rposition(|&byte| byte == b'X').unwrap();
    payload[place] = 0xff;
    let input = format!("{}.{}", b64(HEADER), b64(&payload));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &SECRET);
    let token = format!("{input}.{}", b64(ring::hmac::sign(&key, input.as_bytes())));
    refuses(hs_ring().verifier(), &token, T0, VerifyErrorKind::Malformed, "0xff in a string");
}

#[test]
fn refuses_a_payload_that_does_not_fit_the_callers_type() {
    let ring = hs_ring();
    let token = forge(HEADER, &payload(json!({})), &SECRET);
    let error = ring.verify::<BTreeMap<String, u64>>(&token, at(T0)).unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::Claims);
}

#[test]
fn leeway_and_skew_end_where_they_say() {
    let strict = hs_ring();
    let profile = profile("pledg", TokenType::JWT, 600)
        .with_exact_claim("env", "test")
        .and_then(|profile| profile.with_leeway(Duration::seconds(3)))
        .unwrap();
    let lenient = KeyRing::new(profile, SigningKey::hs256("plg-1", &SECRET).unwrap()).unwrap();
    let token = forge(HEADER, &payload(json!({"nbf": T0})), &SECRET);
    for (now, by_strict, by_lenient) in [
        (T0 - 6, Some(VerifyErrorKind::NotYetValid), Some(VerifyErrorKind::NotYetValid)),
        (T0 - 5, None, None),
        (T0 + 599, None, None),
        (T0 + 600, Some(VerifyErrorKind::Expired), None),
        (T0 + 602, Some(VerifyErrorKind::Expired), None),
        (T0 + 603, Some(VerifyErrorKind::Expired), Some(VerifyErrorKind::Expired)),
    ] {
        for (ring, expected) in [(&strict, by_strict), (&lenient, by_lenient)] {
            let kind = ring.verify::<Value>(&token, at(now)).err().map(|error| error.kind());
            assert_eq!(kind, expected, "at T0 + {}", now - T0);
            let kept = ring.verify::<Value>(&token, at(T0)).unwrap();
            let kind = kept.check_life(at(now)).err().map(|error| error.kind());
            assert_eq!(kind, expected, "kept since T0, at T0 + {}", now - T0);
        }
    }
    let late = at(T0 + 599) + Duration::nanoseconds(999_999_999);
    assert!(strict.verify::<Value>(&token, late).is_ok(), "a part of a second is rounded down");
}
