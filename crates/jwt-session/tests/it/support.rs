//! Keys, profiles and token surgery that the tests share.

use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tollgate_jwt_session::{
    Algorithm, Jwk, KeyRing, Profile, SigningKey, TokenType, TokenVerifier, VerifyErrorKind, VerifyingKey,
};

pub(crate) const T0: i64 = 1_767_225_600;
pub(crate) const ISSUER: &str = "https://api.example.test";
pub(crate) const SECRET: [u8; 32] = [7; 32];

#[expect(
    clippy::disallowed_methods,
    reason = "ring's trait is sealed: this is the only source of nonces a test can name"
)]
pub(crate) fn rng() -> Arc<dyn SecureRandom + Send + Sync> {
    Arc::new(SystemRandom::new())
}

pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

/// A generator of known bytes, so that expected texts can be written down.
pub(crate) fn count_up() -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
    let mut next = 0_u8;
    move |bytes| {
        for byte in bytes {
            *byte = next;
            next = next.wrapping_add(1);
        }
        Ok(())
    }
}

pub(crate) fn profile(audience: &str, typ: TokenType, lifetime: i64) -> Profile {
    Profile::new(ISSUER, audience, typ, Duration::seconds(lifetime)).unwrap()
}

pub(crate) fn hs_ring() -> KeyRing {
    let profile = profile("pledg", TokenType::JWT, 600).with_exact_claim("env", "test").unwrap();
    KeyRing::new(profile, SigningKey::hs256("plg-1", &SECRET).unwrap()).unwrap()
}

pub(crate) fn es_key(kid: &str) -> SigningKey {
    let pkcs8 = SigningKey::generate_es256_pkcs8(&*rng()).unwrap();
    SigningKey::es256(kid, &pkcs8, rng()).unwrap()
}

pub(crate) fn es_ring() -> KeyRing {
    let profile = profile("88pay", TokenType::JWT, 60).with_exact_claim("env", "test").unwrap();
    KeyRing::new(profile, es_key("88p-1")).unwrap()
}

/// What a receiver builds out of a published key.
pub(crate) fn verifier_of(profile: Profile, jwk: &Value) -> TokenVerifier {
    let jwk: Jwk = serde_json::from_value(jwk.clone()).unwrap();
    let key = VerifyingKey::from_jwk(&jwk).unwrap();
    assert_eq!(key.algorithm(), Algorithm::Es256);
    TokenVerifier::new(profile, key).unwrap()
}

pub(crate) fn verifier_of_secret(profile: Profile, kid: &str, secret_hex: &Value) -> TokenVerifier {
    TokenVerifier::new(profile, VerifyingKey::hs256(kid, &unhex(secret_hex)).unwrap()).unwrap()
}

pub(crate) fn unhex(text: &Value) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|start| u8::from_str_radix(&text[start..start + 2], 16).unwrap()).collect()
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// A token with a right MAC over any header and payload text.
pub(crate) fn forge(header: &str, payload: &str, secret: &[u8]) -> String {
    let input = format!("{}.{}", b64(header), b64(payload));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    let tag = ring::hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", b64(tag))
}

pub(crate) const HEADER: &str = r#"{"alg":"HS256","typ":"JWT","kid":"plg-1"}"#;

/// A payload that [`hs_ring`] accepts at [`T0`], with some members replaced; `null` in `changes` takes one out.
pub(crate) fn payload(changes: Value) -> String {
    let mut members = json!({
        "iss": ISSUER, "aud": "pledg", "env": "test", "iat": T0, "exp": T0 + 600,
        "jti": b64([1; 16]), "sub": "client",
    });
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (name, value) in changes {
        match value {
            Value::Null => members.as_object_mut().unwrap().remove(&name),
            value => members.as_object_mut().unwrap().insert(name, value),
        };
    }
    members.to_string()
}

#[track_caller]
pub(crate) fn accepts(ring: &TokenVerifier, token: &str, now: i64) -> Value {
    ring.verify::<Value>(token, at(now)).expect("a sound token").into_claims()
}

#[track_caller]
pub(crate) fn refuses(ring: &TokenVerifier, token: &str, now: i64, kind: VerifyErrorKind, label: &str) {
    match ring.verify::<Value>(token, at(now)) {
        Ok(_) => panic!("accepted: {label}"),
        Err(error) => assert_eq!(error.kind(), kind, "{label}"),
    }
}
