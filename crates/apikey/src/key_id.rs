use std::fmt;
use std::str::FromStr;

use crate::base62;
use crate::error::{MintError, ParseError, ParseErrorKind};

/// Characters of a [`KeyId`].
pub const ID_LEN: usize = 12;

/// The public name of a credential: [`ID_LEN`] base62 characters, safe to log and to index by.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId([u8; ID_LEN]);

impl KeyId {
    /// Reads an id, byte for byte.
    ///
    /// # Errors
    ///
    /// [`Length`](ParseErrorKind::Length) unless there are [`ID_LEN`] bytes,
    /// [`Character`](ParseErrorKind::Character) for a byte outside `0-9A-Za-z`.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let bytes = text.as_bytes().try_into().map_err(|_| ParseErrorKind::Length)?;
        Self::from_bytes(bytes).ok_or_else(|| ParseErrorKind::Character.into())
    }

    /// Draws an id; for credentials that have an id and no key text, as uploaded public keys.
    ///
    /// `fill` writes bytes from a cryptographic random source into the whole slice.
    ///
    /// # Errors
    ///
    /// [`Randomness`](crate::MintErrorKind::Randomness) with the error of `fill`,
    /// [`Unusable`](crate::MintErrorKind::Unusable) when its bytes are.
    pub fn mint<E>(fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, MintError<E>> {
        let mut id = [0; ID_LEN];
        base62::draw(&mut id, fill)?;
        Ok(Self(id))
    }

    pub(crate) fn from_bytes(bytes: [u8; ID_LEN]) -> Option<Self> {
        base62::is_base62(&bytes).then_some(Self(bytes))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Every constructor has checked that the bytes are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for KeyId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.as_str())
    }
}
