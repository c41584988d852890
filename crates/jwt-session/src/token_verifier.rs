use std::fmt;

use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use crate::claims::Checked;
use crate::compact::Compact;
use crate::header::{self, Header};
use crate::{
    Algorithm, Jwks, KeyError, KeyErrorKind, Kid, Profile, VerifiedToken, VerifyError, VerifyErrorKind, VerifyingKey,
};

/// The half of a [`KeyRing`](crate::KeyRing) that checks: for whoever takes tokens and issues none.
pub struct TokenVerifier {
    profile: Profile,
    algorithm: Algorithm,
    keys: Vec<NamedKey>,
}

struct NamedKey {
    key: VerifyingKey,
    /// The header that a ring writes for this key, in base64url; a token that starts with it needs no header parsed.
    header: String,
}

impl TokenVerifier {
    /// A verifier with one key.
    ///
    /// # Errors
    ///
    /// [`Kid`](KeyErrorKind::Kid) when a header cannot be written for it.
    pub fn new(profile: Profile, key: VerifyingKey) -> Result<Self, KeyError> {
        let algorithm = key.algorithm();
        Self { profile, algorithm, keys: Vec::new() }.with_key(key)
    }

    /// Adds a key of the same algorithm.
    ///
    /// # Errors
    ///
    /// [`Algorithm`](KeyErrorKind::Algorithm), [`DuplicateKid`](KeyErrorKind::DuplicateKid),
    /// [`TooMany`](KeyErrorKind::TooMany) above [`MAX_KEYS`], or [`Kid`](KeyErrorKind::Kid) as for [`new`](Self::new).
    pub fn with_key(mut self, key: VerifyingKey) -> Result<Self, KeyError> {
        if key.algorithm() != self.algorithm {
            return Err(KeyErrorKind::Algorithm.into());
        }
        if self.verifies_kid(key.kid().as_str()) {
            return Err(KeyErrorKind::DuplicateKid.into());
        }
        if self.keys.len() >= MAX_KEYS {
            return Err(KeyErrorKind::TooMany.into());
        }
        let header = header::encoded(self.algorithm, self.profile.typ, Some(key.kid())).ok_or(KeyErrorKind::Kid)?;
        self.keys.push(NamedKey { key, header });
        Ok(self)
    }

    /// Checks form, header, key, signature and claims of a token, in this order.
    ///
    /// `C` receives the claims that were given at issue, without those that this crate and the profile add.
    ///
    /// # Errors
    ///
    /// Before the signature: [`TooLong`](VerifyErrorKind::TooLong), [`Malformed`](VerifyErrorKind::Malformed),
    /// [`ForbiddenHeader`](VerifyErrorKind::ForbiddenHeader), [`WrongAlgorithm`](VerifyErrorKind::WrongAlgorithm),
    /// [`WrongType`](VerifyErrorKind::WrongType), [`UnknownKey`](VerifyErrorKind::UnknownKey). Then
    /// [`Signature`](VerifyErrorKind::Signature). After it: [`Malformed`](VerifyErrorKind::Malformed),
    /// [`WrongIssuer`](VerifyErrorKind::WrongIssuer), [`WrongAudience`](VerifyErrorKind::WrongAudience),
    /// [`WrongExactClaim`](VerifyErrorKind::WrongExactClaim), [`Claims`](VerifyErrorKind::Claims),
    /// [`NotYetValid`](VerifyErrorKind::NotYetValid), [`Expired`](VerifyErrorKind::Expired).
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<VerifiedToken<C>, VerifyError> {
        let compact = Compact::split(token)?;
        let (payload, signature) = (compact.payload()?, compact.signature()?);
        let key = self.key_for(&compact)?;
        key.verify(compact.signing_input(), &signature)?;
        let checked = Checked::read(&payload, &self.profile, now)?;
        Ok(VerifiedToken::new(checked, key.kid().clone())?)
    }

    /// The public keys, for publication; empty for HS256.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        Jwks::of(self.keys.iter().filter_map(|named| named.key.to_jwk()))
    }

    /// The names of all keys, in the order they were added.
    pub fn kids(&self) -> impl Iterator<Item = &Kid> {
        self.keys.iter().map(|named| named.key.kid())
    }

    /// Whether a key of this name verifies here; with [`danger::unverified_kid`](crate::danger::unverified_kid) it finds
    /// the verifier that a token belongs to.
    #[must_use]
    pub fn verifies_kid(&self, kid: &str) -> bool {
        self.key(kid).is_some()
    }

    /// The one algorithm of all keys.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What the tokens have in common.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The key that the header names, if the header is one that this verifier takes.
    fn key_for(&self, compact: &Compact<'_>) -> Result<&VerifyingKey, VerifyErrorKind> {
        if let Some(named) = self.keys.iter().find(|named| named.header == compact.header_text()) {
            return Ok(&named.key);
        }
        let header = compact.header()?;
        let header = Header::parse(&header)?;
        header.require_algorithm(self.algorithm)?;
        header.require_type(self.profile.typ)?;
        header.kid().and_then(|kid| self.key(kid)).ok_or(VerifyErrorKind::UnknownKey)
    }

    fn key(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.iter().map(|named| &named.key).find(|key| key.kid().as_str() == kid)
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenVerifier(***)")
    }
}

/// The largest number of keys in a ring or verifier.
pub const MAX_KEYS: usize = 8;
