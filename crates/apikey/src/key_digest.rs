use std::fmt;

use subtle::{Choice, ConstantTimeEq};

/// Bytes of a stored digest.
pub const DIGEST_LEN: usize = 32;

/// The stored form of a key: HMAC-SHA256 of its whole text, and the version of the pepper that keyed it.
///
/// It cannot be compared with `==`; [`Peppers::verify`](crate::Peppers::verify) compares in constant time.
#[derive(Clone)]
pub struct KeyDigest {
    pepper_version: u32,
    bytes: [u8; DIGEST_LEN],
}

impl KeyDigest {
    /// Puts a digest together from its stored columns.
    #[must_use]
    pub const fn from_parts(pepper_version: u32, bytes: [u8; DIGEST_LEN]) -> Self {
        Self { pepper_version, bytes }
    }

    /// The version of the pepper that keyed it.
    #[must_use]
    pub const fn pepper_version(&self) -> u32 {
        self.pepper_version
    }

    /// The bytes to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; DIGEST_LEN] {
        &self.bytes
    }

    pub(crate) fn ct_eq(&self, other: &[u8; DIGEST_LEN]) -> Choice {
        self.bytes.ct_eq(other)
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest([redacted])")
    }
}
