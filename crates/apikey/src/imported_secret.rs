use std::fmt;

use zeroize::Zeroizing;

/// The fewest bytes of an imported secret; 16 random bytes are 128 bits, and no text says whether it was random.
pub const MIN_IMPORTED_LEN: usize = 16;

/// The most bytes of an imported secret.
pub const MAX_IMPORTED_LEN: usize = 1024;

/// A secret that another system made: any text of [`MIN_IMPORTED_LEN`] to [`MAX_IMPORTED_LEN`] bytes without control
/// characters.
///
/// It has no checksum, no id and no mode, so the record it belongs to must be named beside it. It lives on the heap and
/// is wiped on drop.
pub struct ImportedSecret(Zeroizing<String>);

/// What the comparison of an imported secret with a stored digest gave.
#[derive(Debug)]
#[must_use]
pub enum ImportedVerification {
    /// The secret is the stored one.
    Match,
    /// The secret is the stored one, under an earlier pepper: store this digest in place of the old.
    MatchOldPepper(crate::KeyDigest),
    /// Another secret, an absent record or an unknown pepper; which of them is not told.
    NoMatch,
}

impl ImportedSecret {
    /// Takes a text as it is: nothing is trimmed, folded or normalised; `None` when it does not fit.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = (MIN_IMPORTED_LEN..=MAX_IMPORTED_LEN).contains(&text.len()) && !text.chars().any(char::is_control);
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The whole text: never stored or logged.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ImportedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ImportedSecret([redacted])")
    }
}
