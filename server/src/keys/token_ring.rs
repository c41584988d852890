//! One kind of token: the keys, and the tokens that passed a moment ago.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use quick_cache::sync::Cache;
use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use tollgate_jwt_session::{KeyRing, PairedSession, SessionId, VerifiedToken, VerifyError};

/// A key ring that remembers what it verified, so that a token seen before costs a digest and no signature check.
///
/// What is remembered is the proof, under the SHA-256 of the very text; its dates are judged each time. It lives and dies
/// with the ring: other keys, another issuer or another mode are another ring, which has seen nothing. Tokens that do not
/// pass are not remembered. Whether the token was revoked, and how its credential and its merchant stand, is asked by the
/// caller, every time.
pub struct TokenRing {
    keys: KeyRing,
    seen: Cache<[u8; SHA256_OUTPUT_LEN], Arc<dyn Any + Send + Sync>>,
}

impl TokenRing {
    /// Tokens remembered; the least used make room.
    const SEEN: usize = 8192;

    pub(super) fn new(keys: KeyRing) -> Self {
        Self { keys, seen: Cache::new(Self::SEEN) }
    }

    /// The keys, to issue tokens with and to publish.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Checks a token, as [`KeyRing::verify`] does.
    ///
    /// # Errors
    ///
    /// As for [`KeyRing::verify`].
    pub fn verify<C>(&self, token: &str, now: OffsetDateTime) -> Result<Arc<VerifiedToken<C>>, VerifyError>
    where
        C: DeserializeOwned + Send + Sync + 'static,
    {
        let digest = digest(&[token]);
        if let Some(seen) = self.seen::<VerifiedToken<C>>(&digest) {
            seen.check_life(now)?;
            return Ok(seen);
        }
        let verified = Arc::new(self.keys.verify(token, now)?);
        self.seen.insert(digest, verified.clone());
        Ok(verified)
    }

    /// Checks a token and that it was issued together with this session id.
    ///
    /// # Errors
    ///
    /// As for [`KeyRing::verify`] and [`VerifiedToken::pair`].
    pub fn verify_pair<C>(
        &self,
        token: &str,
        session: &SessionId,
        now: OffsetDateTime,
    ) -> Result<Arc<PairedSession<C>>, VerifyError>
    where
        C: DeserializeOwned + Send + Sync + 'static,
    {
        // No token holds the byte between the two, so that no other pair has this digest.
        let digest = digest(&[token, "\0", session.expose_secret()]);
        if let Some(seen) = self.seen::<PairedSession<C>>(&digest) {
            seen.check_life(now)?;
            return Ok(seen);
        }
        let paired = Arc::new(self.keys.verify(token, now)?.pair(session)?);
        self.seen.insert(digest, paired.clone());
        Ok(paired)
    }

    /// What was remembered as the same type; as another it was not seen.
    fn seen<P: Send + Sync + 'static>(&self, digest: &[u8; SHA256_OUTPUT_LEN]) -> Option<Arc<P>> {
        self.seen.get(digest)?.downcast().ok()
    }
}

impl fmt::Debug for TokenRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenRing(redacted)")
    }
}

fn digest(parts: &[&str]) -> [u8; SHA256_OUTPUT_LEN] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part.as_bytes());
    }
    let mut digest = [0; SHA256_OUTPUT_LEN];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::{Duration, OffsetDateTime};
    use tollgate_jwt_session::{Profile, SigningKey, TokenType, VerifyErrorKind};

    use super::*;
    use crate::rng::Rng;

    fn ring(secret: u8) -> TokenRing {
        let profile = Profile::new("https://api.example.test", "88pay", TokenType::JWT, Duration::seconds(60)).unwrap();
        TokenRing::new(KeyRing::new(profile, SigningKey::hs256("one", &[secret; 32]).unwrap()).unwrap())
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_767_225_600 + seconds).unwrap()
    }

    #[test]
    fn a_token_seen_before_still_ends() {
        let (ring, rng) = (ring(1), Rng::system());
        let token = ring.keys().issue(&json!({"sub": "a"}), at(0), |bytes| rng.fill(bytes)).unwrap();
        let text = token.expose_secret();
        let first = ring.verify::<Value>(text, at(0)).unwrap();
        let again = ring.verify::<Value>(text, at(59)).unwrap();
        assert!(Arc::ptr_eq(&first, &again), "the second time no signature was checked");
        assert_eq!(ring.verify::<Value>(text, at(60)).unwrap_err().kind(), VerifyErrorKind::Expired);
        assert_eq!(ring.verify::<Value>(text, at(-6)).unwrap_err().kind(), VerifyErrorKind::NotYetValid);
    }

    #[test]
    fn what_was_seen_vouches_for_no_other_text_pair_type_or_ring() {
        let (ring, rng) = (ring(1), Rng::system());
        let issue = || ring.keys().issue_session(&json!({}), at(0), |bytes| rng.fill(bytes)).unwrap();
        let ((token, session), (_, other)) = (issue(), issue());
        let text = token.expose_secret();
        ring.verify_pair::<Value>(text, &session, at(0)).unwrap();
        assert_eq!(ring.verify_pair::<Value>(text, &other, at(0)).unwrap_err().kind(), VerifyErrorKind::WrongSession);
        assert!(ring.verify_pair::<Vec<u8>>(text, &session, at(0)).is_err(), "claims of another type");
        assert!(super::tests::ring(2).verify_pair::<Value>(text, &session, at(0)).is_err());
        for index in 0..text.len() {
            let mut altered = text.as_bytes().to_vec();
            altered[index] ^= 1;
            let altered = String::from_utf8(altered).unwrap();
            assert!(ring.verify_pair::<Value>(&altered, &session, at(0)).is_err(), "byte {index}");
        }
    }
}
