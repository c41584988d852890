//! The only module that calls the cryptographic back end.

use std::fmt;
use std::hint::black_box;

use ring::hmac;

use crate::api_key::ApiKey;
use crate::error::{PepperError, PepperErrorKind};
use crate::imported_secret::ImportedSecret;
use crate::key_digest::{DIGEST_LEN, KeyDigest};

/// Bytes a pepper must have: the output size of its HMAC (RFC 2104 §3).
pub const MIN_PEPPER_LEN: usize = 32;

/// Bytes a pepper may have.
pub const MAX_PEPPER_LEN: usize = 128;

/// The secret key of the stored digests, with the version that the digests name it by.
///
/// It is held as a prepared HMAC-SHA256 key. The back end has no way to wipe one, so drop overwrites it with the key
/// of a public constant; copies that moves left behind are out of reach.
pub struct Pepper {
    version: u32,
    key: hmac::Key,
}

impl Pepper {
    /// Prepares a pepper from its random bytes.
    ///
    /// # Errors
    ///
    /// [`TooShort`](PepperErrorKind::TooShort) under [`MIN_PEPPER_LEN`] bytes,
    /// [`TooLong`](PepperErrorKind::TooLong) over [`MAX_PEPPER_LEN`].
    pub fn new(version: u32, bytes: &[u8]) -> Result<Self, PepperError> {
        if bytes.len() < MIN_PEPPER_LEN {
            return Err(PepperErrorKind::TooShort.into());
        }
        if bytes.len() > MAX_PEPPER_LEN {
            return Err(PepperErrorKind::TooLong.into());
        }
        Ok(Self { version, key: hmac::Key::new(hmac::HMAC_SHA256, bytes) })
    }

    /// The version that digests under this pepper carry.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// HMAC-SHA256 over the whole text of the key.
    pub(crate) fn digest(&self, key: &ApiKey) -> KeyDigest {
        self.named(hmac::sign(&self.key, key.expose_secret().as_bytes()))
    }

    /// HMAC-SHA256 over `imported:` and the text. No key text has a colon, so no digest of a key is one of these.
    pub(crate) fn digest_imported(&self, secret: &ImportedSecret) -> KeyDigest {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"imported:");
        context.update(secret.expose_secret().as_bytes());
        self.named(context.sign())
    }

    fn named(&self, tag: hmac::Tag) -> KeyDigest {
        let mut bytes = [0; DIGEST_LEN];
        for (to, from) in bytes.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        KeyDigest::from_parts(self.version, bytes)
    }
}

impl Drop for Pepper {
    fn drop(&mut self) {
        self.key = hmac::Key::new(hmac::HMAC_SHA256, &[0; MIN_PEPPER_LEN]);
        black_box(&self.key);
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper([redacted])")
    }
}
