use std::fmt;
use std::str::FromStr;

use crate::error::{ScopeError, ScopeErrorKind};

/// Bytes a scope may have.
pub const MAX_SCOPE_LEN: usize = 64;

/// The name of one permission: a `scope-token` of RFC 6749 §3.3, at most [`MAX_SCOPE_LEN`] bytes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Scope(Box<str>);

impl Scope {
    /// Reads a scope, byte for byte.
    ///
    /// # Errors
    ///
    /// [`Empty`](ScopeErrorKind::Empty), [`TooLong`](ScopeErrorKind::TooLong),
    /// [`Character`](ScopeErrorKind::Character) for a blank, a control, `"`, `\` or anything outside ASCII.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.is_empty() {
            return Err(ScopeErrorKind::Empty.into());
        }
        if text.len() > MAX_SCOPE_LEN {
            return Err(ScopeErrorKind::TooLong.into());
        }
        if !text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)) {
            return Err(ScopeErrorKind::Character.into());
        }
        Ok(Self(text.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
