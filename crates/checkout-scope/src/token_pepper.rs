//! The key that token digests are made with.

use core::fmt;

use ring::hmac;

use crate::{
    error::{PepperError, PepperErrorKind},
    token_digest::TokenDigest,
};

/// Fewest bytes of a pepper: the output length of SHA-256, below which HMAC loses strength (RFC 2104 §3).
pub const MIN_PEPPER: usize = 32;

/// Most bytes of a pepper.
pub const MAX_PEPPER: usize = 1024;

/// Most bytes of a pepper's label.
pub const MAX_LABEL: usize = 64;

/// The server's key for token digests, with the version that is stored beside each digest and a label for the use.
///
/// The label keeps digests of different uses apart, such as those of two token kinds under one key. As a token
/// always has the same length, label and token cannot run into each other.
pub struct TokenPepper {
    version: u32,
    label: &'static str,
    key: hmac::Key,
}

impl TokenPepper {
    /// Takes key bytes from a CSPRNG.
    ///
    /// # Errors
    ///
    /// [`TooShort`](PepperErrorKind::TooShort) below [`MIN_PEPPER`] bytes, [`TooLong`](PepperErrorKind::TooLong)
    /// above [`MAX_PEPPER`], [`Label`](PepperErrorKind::Label) unless the label is 1 to [`MAX_LABEL`] visible ASCII
    /// characters.
    pub fn new(version: u32, label: &'static str, bytes: &[u8]) -> Result<Self, PepperError> {
        if label.is_empty() || label.len() > MAX_LABEL || !label.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(PepperErrorKind::Label.into());
        }
        if bytes.len() < MIN_PEPPER {
            return Err(PepperErrorKind::TooShort.into());
        }
        if bytes.len() > MAX_PEPPER {
            return Err(PepperErrorKind::TooLong.into());
        }
        Ok(Self { version, label, key: hmac::Key::new(hmac::HMAC_SHA256, bytes) })
    }

    /// The version that its digests carry.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    pub(crate) fn digest(&self, token: &str) -> TokenDigest {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(self.label.as_bytes());
        context.update(token.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        TokenDigest::restore(bytes, self.version)
    }
}

impl fmt::Debug for TokenPepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenPepper(secret)")
    }
}
