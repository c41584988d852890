//! Fuzz bodies for `tollgate-jwt-session`.

use std::hint::black_box;
use std::sync::LazyLock;

use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tollgate_jwt_session::request::{self, RequestKey, RequestKeys};
use tollgate_jwt_session::{Jwk, Kid, Profile, SessionId, TokenType, TokenVerifier, VerifyingKey, danger};

/// A text as a token at every door: what a check accepts must be what was signed, and no text may stop the process.
pub fn jwt_compact(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let now = moment(T0 + 10);
    for ring in [&*HS256, &*ES256] {
        if let Ok(token) = ring.verify::<Value>(text, now) {
            // Only the key's owner makes such a text, so it is canonical and alive, and its header names a key of the ring.
            assert_eq!(text.matches('.').count(), 2);
            assert!(token.issued_at() <= now + Duration::seconds(5) && now < token.expires_at());
            assert!(ring.verifies_kid(token.kid().as_str()));
            assert_eq!(danger::unverified_kid(text).expect("a verified token has a kid"), *token.kid());
            assert!(token.claims().get("exp").is_none());
        }
    }
    if let Ok(request) = REQUESTS.verify::<Value>(text, now) {
        let unverified: Value = danger::unverified_claims(text).expect("a verified request has claims");
        assert_eq!(*request.claims(), unverified);
    }
    if let Ok(claims) = danger::unverified_claims::<Value>(text) {
        assert!(claims.is_object());
    }
    black_box(danger::unverified_kid(text).is_ok());

    // Under a right signature the strict reader of the payload sees foreign JSON too.
    if let Ok(claims) = serde_json::from_str::<Value>(text)
        && let Ok(signed) = request::sign(&claims, None, &SECRET)
    {
        let request = REQUESTS.verify::<Value>(&signed, now);
        assert!(request.is_err() || serde_json::from_slice::<Value>(request.expect("checked").payload()).is_ok());
    }
}

/// Names and session ids that are accepted print back byte for byte.
pub fn prints_back(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(session) = SessionId::parse(text) {
        assert_eq!(session.expose_secret(), text);
    }
    if let Ok(kid) = Kid::parse(text) {
        assert_eq!(kid.as_str(), text);
    }
}

/// A sound token with one byte changed verifies under no ring.
pub fn one_byte_changed(data: &[u8]) {
    let [high, low, byte, ..] = *data else { return };
    for (ring, token) in [(&*HS256, TOKENS[0]), (&*ES256, TOKENS[1])] {
        let now = moment(T0 + 10);
        assert!(ring.verify::<Value>(token, now).is_ok());
        let mut bytes = token.as_bytes().to_vec();
        let place = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
        if bytes[place] == byte {
            continue;
        }
        bytes[place] = byte;
        if let Ok(text) = std::str::from_utf8(&bytes) {
            assert!(ring.verify::<Value>(text, now).is_err());
        }
    }
}

fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).expect("a time of this century")
}

fn verifier(audience: &str, key: VerifyingKey) -> TokenVerifier {
    let profile = Profile::new("https://api.example.test", audience, TokenType::JWT, Duration::MINUTE)
        .and_then(|profile| profile.with_exact_claim("env", "test"))
        .expect("a sound profile");
    TokenVerifier::new(profile, key).expect("a verifier of one key")
}

static HS256: LazyLock<TokenVerifier> =
    LazyLock::new(|| verifier("pledg", VerifyingKey::hs256("plg-test-1", &SECRET).expect("a sound key")));

static ES256: LazyLock<TokenVerifier> = LazyLock::new(|| {
    let jwk: Jwk = serde_json::from_str(PUBLIC_KEY).expect("a JWK");
    verifier("88pay", VerifyingKey::from_jwk(&jwk).expect("a public key"))
});

static REQUESTS: LazyLock<RequestKeys> = LazyLock::new(|| {
    let keys = [&SECRET[..], b"Test0Request0Secret0With0Enough0Entropy0123"];
    RequestKeys::new(keys.map(|secret| RequestKey::new(secret).expect("a secret"))).expect("two keys")
});

const T0: i64 = 1_767_225_600;
const SECRET: [u8; 32] = *b" !\"#$%&'()*+,-./0123456789:;<=>?";
const PUBLIC_KEY: &str = r#"{"kty": "EC", "crv": "P-256", "kid": "88p-test-1", "use": "sig", "alg": "ES256", "x": "hKEb7igem9SypZxXunrSis-ScUzWTeUW76mnOceR0pM", "y": "2DbrUjvKkeEc9CzN7_abWpIAGGt45IMmr6VNaRCLrxw"}"#;
/// From `vectors/`: a token under [`SECRET`] and one under [`PUBLIC_KEY`].
const TOKENS: [&str; 2] = [
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6InBsZy10ZXN0LTEifQ.eyJpc3MiOiJodHRwczovL2FwaS5leGFtcGxlLnRlc3QiLCJzdWIiOiJjbGllbnRfdGVzdF9VdjJXeDRZejZBYjgzdWpiR20iLCJhdWQiOiJwbGVkZyIsImVudiI6InRlc3QiLCJjaWQiOiJWYjFObTNRdzVFcjciLCJpYXQiOjE3NjcyMjU2MDAsImV4cCI6MTc2NzIyNjIwMCwianRpIjoiRUJFU0V4UVZGaGNZR1JvYkhCMGVIdyIsIm1lcmNoYW50cyI6WyJtZXJfMGI1NGMxZjItNmEwZS00YzU1LTlhM2UtMGQ2ZDFmNGY3YTExIl19.zIPrWcsmeSjwyLbBE6zIcOTd8rsrOF41bOMP2UxrANc",
    "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Ijg4cC10ZXN0LTEifQ.eyJpc3MiOiJodHRwczovL2FwaS5leGFtcGxlLnRlc3QiLCJhdWQiOiI4OHBheSIsIm1lcmNoYW50X2lkIjoiTUNILUNPTC1URVNULTdRWDJaIiwiZW52IjoidGVzdCIsImNpZCI6Inp6enp6enp6enp6eiIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI1NjYwLCJqdGkiOiJBQUVDQXdRRkJnY0lDUW9MREEwT0R3Iiwic2lkIjoicU9QYlZpTHh5UDNHdHc5Tlc5NTlBRGNtS3NjcGVDM21zeS1sWEdEbS11OCJ9.G2WoztXSFlM6UrK8HaWgWYtZMTETM0r_vwlYPQuRQMmNtOitjI2t-Iut7KdLxD2kGkA45O8D5OsLLO8IDGBVEw",
];
