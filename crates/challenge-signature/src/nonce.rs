//! The part of a challenge that makes it single-use.

/// The 16 bytes that no other challenge has, which the first-use store remembers. Not a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nonce([u8; NONCE_LEN]);

impl Nonce {
    /// The nonce with these bytes; a store's own tests need it. It proves nothing: only an
    /// [`Answered`](crate::Answered) challenge can be redeemed.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; NONCE_LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes a store keys its records by.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; NONCE_LEN] {
        &self.0
    }
}

/// Bytes of a nonce.
pub const NONCE_LEN: usize = 16;
