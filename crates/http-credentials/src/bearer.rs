use std::fmt;

/// The token of an `Authorization: Bearer` header (RFC 6750 §2.1).
///
/// One to [`MAX_AUTHORIZATION_VALUE`](crate::MAX_AUTHORIZATION_VALUE) bytes of `A-Z a-z 0-9 - . _ ~ + / =`.
pub struct BearerToken<'h>(&'h str);

impl<'h> BearerToken<'h> {
    /// Takes a value whose length and characters were checked.
    pub(crate) fn new(checked: &'h str) -> Self {
        Self(checked)
    }

    /// The token as it was sent.
    #[must_use]
    pub fn expose_secret(&self) -> &'h str {
        self.0
    }
}

impl fmt::Debug for BearerToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(redacted)")
    }
}
