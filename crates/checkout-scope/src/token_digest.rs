//! The stored form of a token.

use core::{fmt, hash};

use subtle::ConstantTimeEq as _;

/// What storage knows of a token: a keyed digest of 32 bytes and the version of its pepper.
///
/// It is a look-up key, not a secret. Finding a row or a hash-map entry by it takes a time that depends on how many
/// leading bytes agree, and that is harmless: who sends a token cannot compute its digest without the pepper, so
/// they can neither choose nor learn the bytes that are compared, and a near miss says nothing about the token next
/// to it. Equality here is constant time all the same.
#[derive(Clone, Copy, Eq)]
pub struct TokenDigest {
    bytes: [u8; 32],
    pepper_version: u32,
}

impl TokenDigest {
    /// Takes a digest back from storage, to find the cached grant of a token that was revoked there.
    #[must_use]
    pub const fn restore(bytes: [u8; 32], pepper_version: u32) -> Self {
        Self { bytes, pepper_version }
    }

    /// The 32 digest bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The version of the pepper that made it.
    #[must_use]
    pub const fn pepper_version(&self) -> u32 {
        self.pepper_version
    }
}

impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        (self.bytes.ct_eq(&other.bytes) & self.pepper_version.ct_eq(&other.pepper_version)).into()
    }
}

impl hash::Hash for TokenDigest {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.bytes.hash(state);
        self.pepper_version.hash(state);
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenDigest").field("pepper_version", &self.pepper_version).finish_non_exhaustive()
    }
}
