//! An identifier inside claims.

use core::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{ClaimsError, ClaimsErrorKind};

/// Longest identifier in the claims of a checkout token, in bytes.
pub const MAX_CLAIM_ID: usize = 64;

/// 1 to [`MAX_CLAIM_ID`] bytes of `[A-Za-z0-9_-]`; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClaimId(Arc<str>);

impl ClaimId {
    pub(crate) fn parse(text: &str) -> Result<Self, ClaimsError> {
        if text.is_empty() || text.len() > MAX_CLAIM_ID {
            return Err(ClaimsErrorKind::Length.into());
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
            return Err(ClaimsErrorKind::Alphabet.into());
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for ClaimId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ClaimId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ClaimIdVisitor)
    }
}

/// Checks the borrowed text before it allocates.
struct ClaimIdVisitor;

impl de::Visitor<'_> for ClaimIdVisitor {
    type Value = ClaimId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identifier")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ClaimId, E> {
        ClaimId::parse(text).map_err(E::custom)
    }
}
