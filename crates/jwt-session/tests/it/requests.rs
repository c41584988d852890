//! Requests that merchants sign.

use std::convert::Infallible;

use serde_json::{Value, json};
use tollgate_jwt_session::request::{self, MAX_REQUEST_KEYS, RequestKey, RequestKeys};
use tollgate_jwt_session::{IssueErrorKind, KeyErrorKind, MAX_SECRET_LEN, MAX_TOKEN_LEN, VerifyErrorKind};

use crate::support::{T0, at, forge};

#[test]
fn refuses_requests_that_are_not_the_merchants() {
    let secret = b"Test0Request0Secret0With0Enough0Entropy0123";
    let keys = RequestKeys::new([
        RequestKey::new(secret).and_then(|key| key.with_kid("active")).unwrap(),
        RequestKey::new(b"retiring secret").and_then(|key| key.with_kid("retiring")).unwrap(),
        RequestKey::new(b"nameless secret").unwrap(),
    ])
    .unwrap();
    let kind = |header: &str, payload: &str, secret: &[u8]| {
        keys.verify::<Value>(&forge(header, payload, secret), at(T0)).err().map(|error| error.kind())
    };
    let data = r#"{"data":{"merchantUid":"mer_1"}}"#;
    let plain = r#"{"alg":"HS256","typ":"JWT"}"#;
    assert_eq!(kind(plain, data, secret), None);
    assert_eq!(kind(r#"{"alg":"HS256"}"#, data, secret), None);
    assert_eq!(kind(plain, data, b"retiring secret"), None);
    assert_eq!(kind(plain, data, b"nameless secret"), None);
    assert_eq!(kind(r#"{"alg":"HS256","kid":"active"}"#, data, secret), None);
    let named = |kid: &str| format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
    for (label, header, secret, expected) in [
        ("other secret", plain.into(), &b"other"[..], VerifyErrorKind::Signature),
        ("empty secret", plain.into(), b"", VerifyErrorKind::Signature),
        ("kid of the other secret", named("retiring"), secret, VerifyErrorKind::Signature),
        ("kid on a nameless secret", named("active"), b"nameless secret", VerifyErrorKind::Signature),
        ("kid unknown", named("x"), secret, VerifyErrorKind::UnknownKey),
        ("alg none", r#"{"alg":"none"}"#.into(), secret, VerifyErrorKind::WrongAlgorithm),
        ("alg HS512", r#"{"alg":"HS512"}"#.into(), secret, VerifyErrorKind::WrongAlgorithm),
        ("alg ES256", r#"{"alg":"ES256"}"#.into(), secret, VerifyErrorKind::WrongAlgorithm),
        ("typ at+jwt", r#"{"alg":"HS256","typ":"at+jwt"}"#.into(), secret, VerifyErrorKind::WrongType),
        ("crit", r#"{"alg":"HS256","crit":["b64"]}"#.into(), secret, VerifyErrorKind::ForbiddenHeader),
    ] {
        assert_eq!(kind(&header, data, secret), Some(expected), "{label}");
    }
    for (payload, expected) in [
        (r#"{"exp":1767225595}"#, VerifyErrorKind::Expired),
        (r#"{"exp":0}"#, VerifyErrorKind::Expired),
        (r#"{"exp":"1767229200"}"#, VerifyErrorKind::Claims),
        (r#"{"exp":null}"#, VerifyErrorKind::Claims),
        (r#"{"exp":1767229200.0}"#, VerifyErrorKind::Claims),
        (r#"{"iat":1767225606}"#, VerifyErrorKind::NotYetValid),
        (r#"{"iat":null}"#, VerifyErrorKind::Claims),
        (r#"{"nbf":1767225606}"#, VerifyErrorKind::NotYetValid),
        (r#"{"nbf":0.0}"#, VerifyErrorKind::Claims),
        (r#"{"data":{},"data":{}}"#, VerifyErrorKind::Malformed),
        (r#"{"data":{"a":1,"a":2}}"#, VerifyErrorKind::Malformed),
        ("[]", VerifyErrorKind::Malformed),
    ] {
        assert_eq!(kind(plain, payload, secret), Some(expected), "{payload}");
    }
    for (label, payload) in [("exp 4 s past", r#"{"exp":1767225596}"#), ("iat 5 s ahead", r#"{"iat":1767225605}"#)] {
        assert_eq!(kind(plain, payload, secret), None, "{label}");
    }
    let too_long = keys.verify::<Value>(&"A".repeat(MAX_TOKEN_LEN + 1), at(T0)).unwrap_err();
    assert_eq!(too_long.kind(), VerifyErrorKind::TooLong);
}

#[test]
fn refuses_request_keys_out_of_bounds() {
    for secret in [&[][..], &[1; MAX_SECRET_LEN + 1]] {
        assert_eq!(RequestKey::new(secret).unwrap_err().kind(), KeyErrorKind::Secret);
    }
    let key = || RequestKey::new(b"s").unwrap();
    assert_eq!(key().with_kid("a b").unwrap_err().kind(), KeyErrorKind::Kid);
    assert_eq!(RequestKeys::new([]).unwrap_err().kind(), KeyErrorKind::TooMany);
    let too_many = std::iter::repeat_with(key).take(MAX_REQUEST_KEYS + 1);
    assert_eq!(RequestKeys::new(too_many).unwrap_err().kind(), KeyErrorKind::TooMany);
    assert!(RequestKeys::new(std::iter::repeat_with(key).take(MAX_REQUEST_KEYS)).is_ok());
    let named = || key().with_kid("a").unwrap();
    assert_eq!(RequestKeys::new([named(), key(), named()]).unwrap_err().kind(), KeyErrorKind::DuplicateKid);
    for (kid, secret) in [(Some("a b"), &b"s"[..]), (None, b"")] {
        assert_eq!(request::sign(&json!({}), kid, secret).unwrap_err().kind(), IssueErrorKind::Key);
    }
    let error: tollgate_jwt_session::IssueError<Infallible> = request::sign(&json!([]), None, b"s").unwrap_err();
    assert_eq!(error.kind(), IssueErrorKind::Claims);
    let error = request::sign(&json!({"x": "x".repeat(7000)}), None, b"s").unwrap_err();
    assert_eq!(error.kind(), IssueErrorKind::TooLong);
}
