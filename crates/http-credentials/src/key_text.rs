use std::fmt;

use http::HeaderValue;

use crate::error::ShapeError;

/// The text of a credential that fills a header of its own.
///
/// One to [`MAX_KEY_TEXT`] bytes of visible ASCII.
pub struct KeyText<'h>(&'h str);

impl<'h> KeyText<'h> {
    /// Reads the value of a header as it stands.
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ShapeErrorKind::Malformed) as for [`key_text`].
    pub fn parse(value: &'h HeaderValue) -> Result<Self, ShapeError> {
        key_text(value).map(Self)
    }

    /// The text as it was sent.
    #[must_use]
    pub fn expose_secret(&self) -> &'h str {
        self.0
    }
}

impl fmt::Debug for KeyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(redacted)")
    }
}

/// The value of a key header as text: one to [`MAX_KEY_TEXT`] bytes of visible ASCII (`0x21` to `0x7e`).
///
/// Nothing is trimmed, unquoted or folded: a key with a blank or a quote around it is another text.
///
/// # Errors
///
/// [`Malformed`](crate::ShapeErrorKind::Malformed) for an empty or longer value and for any other byte.
pub fn key_text(value: &HeaderValue) -> Result<&str, ShapeError> {
    let bytes = value.as_bytes();
    if bytes.is_empty() || bytes.len() > MAX_KEY_TEXT || !bytes.iter().all(u8::is_ascii_graphic) {
        return Err(ShapeError::malformed());
    }
    std::str::from_utf8(bytes).map_err(|_| ShapeError::malformed())
}

/// The longest key text in bytes.
pub const MAX_KEY_TEXT: usize = 256;
