//! A plain secret on its way in or out.

use std::fmt;

use zeroize::Zeroizing;

/// The text of a secret: wiped on drop, never printed.
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes a text; what it was copied from is the caller's to wipe.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text; each call is a place to look at when it is asked who sees secrets.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl From<Zeroizing<String>> for SecretText {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(redacted)")
    }
}
