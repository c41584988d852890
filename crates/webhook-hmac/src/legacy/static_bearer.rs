//! A fixed secret in `Authorization: Bearer …`, as the Alternative dialect sends it (Alternative §7 in
//! `docs/formats.md`).
//!
//! It shows that the sender knew the secret once. It proves neither body nor time, and whoever sees one delivery can
//! send any other.

use std::borrow::Borrow;
use std::fmt;

use ring::digest;
use subtle::{Choice, ConstantTimeEq as _};
use zeroize::Zeroizing;

use crate::error::{ConfigError, SecretError, SecretErrorKind, VerifyError, VerifyErrorKind};
use crate::keys;

/// The authentication scheme with the blank behind it.
const SCHEME: &str = "Bearer ";

/// A static secret: 32 to 256 characters out of `A-Za-z0-9-._~+/=`.
pub struct StaticSecret {
    authorization: Zeroizing<String>,
}

impl StaticSecret {
    /// The shortest secret, in characters.
    pub const MIN_BYTES: usize = 32;
    /// The longest secret, in characters.
    pub const MAX_BYTES: usize = 256;

    /// Reads a secret, byte for byte.
    ///
    /// # Errors
    ///
    /// [`Length`](SecretErrorKind::Length) or [`Alphabet`](SecretErrorKind::Alphabet).
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        if !(Self::MIN_BYTES..=Self::MAX_BYTES).contains(&text.len()) {
            return Err(SecretErrorKind::Length.into());
        }
        if !text.bytes().all(is_token68) {
            return Err(SecretErrorKind::Alphabet.into());
        }
        let mut authorization = Zeroizing::new(String::with_capacity(SCHEME.len() + text.len()));
        authorization.push_str(SCHEME);
        authorization.push_str(text);
        Ok(Self { authorization })
    }

    /// The secret itself.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.authorization.strip_prefix(SCHEME).unwrap_or_default()
    }

    /// The value of the `Authorization` header that a sender writes.
    #[must_use]
    pub fn expose_authorization(&self) -> &str {
        &self.authorization
    }
}

impl fmt::Debug for StaticSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StaticSecret(..)")
    }
}

/// Compares what came with every live secret.
pub struct StaticVerifier {
    digests: Vec<[u8; 32]>,
}

impl StaticVerifier {
    /// Takes 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) live secrets.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn new(secrets: impl IntoIterator<Item = impl Borrow<StaticSecret>>) -> Result<Self, ConfigError> {
        Ok(Self { digests: keys::collect(secrets, |secret| Ok(sha256(secret.borrow().expose_secret())))? })
    }

    /// Checks the value of the one `Authorization` header; the scheme may be in any case.
    ///
    /// The comparison takes equally long for every value of a given length, whatever the secrets are.
    ///
    /// # Errors
    ///
    /// [`Malformed`](VerifyErrorKind::Malformed) without `Bearer`, one blank and a value of the right alphabet and
    /// length; [`NoMatch`](VerifyErrorKind::NoMatch).
    pub fn verify(&self, authorization: &str) -> Result<KnowsSecret, VerifyError> {
        let (scheme, presented) = authorization.split_at_checked(SCHEME.len()).ok_or(VerifyErrorKind::Malformed)?;
        let is_secret = (StaticSecret::MIN_BYTES..=StaticSecret::MAX_BYTES).contains(&presented.len())
            && presented.bytes().all(is_token68);
        if !scheme.eq_ignore_ascii_case(SCHEME) || !is_secret {
            return Err(VerifyErrorKind::Malformed.into());
        }
        let presented = sha256(presented);
        let hit = self.digests.iter().fold(Choice::from(0), |hit, digest| hit | digest.ct_eq(&presented));
        if bool::from(hit) { Ok(KnowsSecret(())) } else { Err(VerifyErrorKind::NoMatch.into()) }
    }
}

impl fmt::Debug for StaticVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticVerifier").field("secrets", &self.digests.len()).finish()
    }
}

/// The sender knows a live secret; it is no statement about the body or the time.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct KnowsSecret(());

/// The alphabet of a bearer value (RFC 6750 §2.1), with the padding anywhere.
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

fn sha256(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    bytes
}
