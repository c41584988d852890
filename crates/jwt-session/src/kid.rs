use std::fmt;
use std::sync::Arc;

use crate::{KeyError, KeyErrorKind};

/// The name of a key: 1 to [`MAX_KID_LEN`] characters out of `A-Z a-z 0-9 . _ -`.
///
/// It is only ever compared with the names of a [`KeyRing`](crate::KeyRing): never a path, an address or a query.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kid(Arc<str>);

impl Kid {
    /// Checks length and characters.
    ///
    /// # Errors
    ///
    /// [`Kid`](KeyErrorKind::Kid) for any other text.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if is_kid(text) { Ok(Self(text.into())) } else { Err(KeyErrorKind::Kid.into()) }
    }

    /// The name as it stands in the `kid` member.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_kid(text: &str) -> bool {
    (1..=MAX_KID_LEN).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// The longest key name, in characters.
pub const MAX_KID_LEN: usize = 64;
