use std::fmt;

use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use crate::{
    Algorithm, Jwks, KeyError, KeyErrorKind, Kid, Profile, SigningKey, TokenVerifier, VerifiedToken, VerifyError,
    VerifyingKey,
};
use crate::{header, issue};

/// The keys of one kind of token: one signs, all verify, and all have one algorithm.
///
/// To rotate, build a ring with the coming key as `next`, and a day later one where it signs and the old one is
/// `previous` until the last of its tokens is dead.
pub struct KeyRing {
    pub(crate) current: SigningKey,
    /// The header that the current key writes, already in base64url.
    pub(crate) header: String,
    /// What every payload begins with.
    pub(crate) opening: String,
    verifier: TokenVerifier,
}

impl KeyRing {
    /// A ring of one key.
    ///
    /// # Errors
    ///
    /// [`Kid`](KeyErrorKind::Kid) when a header cannot be written for it.
    pub fn new(profile: Profile, current: SigningKey) -> Result<Self, KeyError> {
        let header = header::encoded(current.algorithm(), profile.typ, Some(current.kid())).ok_or(KeyErrorKind::Kid)?;
        let opening = issue::opening(&profile);
        let verifier = TokenVerifier::new(profile, current.verifying_key())?;
        Ok(Self { current, header, opening, verifier })
    }

    /// Adds a key that is published and accepted but does not sign yet.
    ///
    /// # Errors
    ///
    /// As for [`TokenVerifier::with_key`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the ring takes the key over, so that nobody signs with it early"
    )]
    pub fn with_next(self, next: SigningKey) -> Result<Self, KeyError> {
        self.with_key(next.verifying_key())
    }

    /// Adds a key that no longer signs but still verifies, and stays published.
    ///
    /// # Errors
    ///
    /// As for [`TokenVerifier::with_key`].
    pub fn with_previous(self, previous: VerifyingKey) -> Result<Self, KeyError> {
        self.with_key(previous)
    }

    fn with_key(self, key: VerifyingKey) -> Result<Self, KeyError> {
        Ok(Self { verifier: self.verifier.with_key(key)?, ..self })
    }

    /// Checks a token against every key of the ring's and the profile.
    ///
    /// # Errors
    ///
    /// As for [`TokenVerifier::verify`].
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<VerifiedToken<C>, VerifyError> {
        self.verifier.verify(token, now)
    }

    /// The half that checks.
    #[must_use]
    pub fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }

    /// The public keys of the ring, for publication; empty for HS256.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        self.verifier.jwks()
    }

    /// The names of all keys, the signing one first.
    pub fn kids(&self) -> impl Iterator<Item = &Kid> {
        self.verifier.kids()
    }

    /// Whether a key of this name verifies here; see [`TokenVerifier::verifies_kid`].
    #[must_use]
    pub fn verifies_kid(&self, kid: &str) -> bool {
        self.verifier.verifies_kid(kid)
    }

    /// The one algorithm of all keys.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.verifier.algorithm()
    }

    /// What the tokens of this ring have in common.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        self.verifier.profile()
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(***)")
    }
}
