//! The OAuth client inside claims.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{ClaimsError, ClaimsErrorKind};

/// Longest client id in the claims of a checkout token, in bytes.
pub const MAX_CLAIM_CLIENT: usize = 255;

/// 1 to [`MAX_CLAIM_CLIENT`] bytes without control characters: a client may have been made elsewhere, under any name.
/// It names no path and opens nothing, so it needs no narrower alphabet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimClient(Box<str>);

impl ClaimClient {
    pub(crate) fn parse(text: &str) -> Result<Self, ClaimsError> {
        if text.is_empty() || text.len() > MAX_CLAIM_CLIENT {
            return Err(ClaimsErrorKind::Length.into());
        }
        if text.chars().any(char::is_control) {
            return Err(ClaimsErrorKind::Alphabet.into());
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for ClaimClient {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClaimClient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ClaimClientVisitor)
    }
}

/// Checks the borrowed text before it allocates.
struct ClaimClientVisitor;

impl de::Visitor<'_> for ClaimClientVisitor {
    type Value = ClaimClient;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a client id")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ClaimClient, E> {
        ClaimClient::parse(text).map_err(E::custom)
    }
}
