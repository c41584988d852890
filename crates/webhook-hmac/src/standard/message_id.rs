use std::fmt;

use crate::error::{HeaderError, HeaderErrorKind};

/// The id of an event, the same for each attempt to deliver it: 1 to 128 characters out of `A-Za-z0-9_-`.
///
/// The full stop is left out because it parts the signed members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId<'a>(&'a str);

impl<'a> MessageId<'a> {
    /// The longest id, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// Reads an id.
    ///
    /// # Errors
    ///
    /// [`MessageId`](HeaderErrorKind::MessageId).
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let is_id = (1..=Self::MAX_BYTES).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if is_id { Ok(Self(text)) } else { Err(HeaderErrorKind::MessageId.into()) }
    }

    /// The text.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for MessageId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
