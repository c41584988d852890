//! The opaque checkout token.

use core::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{
    error::{ParseError, ParseErrorKind},
    token_digest::TokenDigest,
    token_pepper::TokenPepper,
};

/// Random bytes in a token: 256 bits, so that nobody finds one by trying.
pub const TOKEN_BYTES: usize = 32;

/// Length of a token in characters: [`TOKEN_BYTES`] in base64url without padding.
pub const TOKEN_LENGTH: usize = 43;

/// An opaque checkout token: 43 characters of base64url that say nothing about what they permit.
///
/// The text is the secret. It is wiped on drop, and printed by nothing but
/// [`expose_secret`](Self::expose_secret); storage gets its [digest](Self::digest).
pub struct CheckoutToken {
    text: Zeroizing<String>,
}

impl CheckoutToken {
    /// Reads a token in its one canonical spelling: nothing is trimmed, padded or folded.
    ///
    /// ```
    /// use tollgate_checkout_scope::CheckoutToken;
    ///
    /// let token = CheckoutToken::parse("AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw")?;
    /// assert_eq!(format!("{token:?}"), "CheckoutToken(secret)");
    /// # Ok::<(), tollgate_checkout_scope::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Length`](ParseErrorKind::Length) unless it is [`TOKEN_LENGTH`] bytes long,
    /// [`Alphabet`](ParseErrorKind::Alphabet) for a byte outside base64url, and
    /// [`NotCanonical`](ParseErrorKind::NotCanonical) when the last character carries stray bits (RFC 4648 §3.5).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() != TOKEN_LENGTH {
            return Err(ParseErrorKind::Length.into());
        }
        if !text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')) {
            return Err(ParseErrorKind::Alphabet.into());
        }
        if !text.ends_with(LAST_CHARACTERS) {
            return Err(ParseErrorKind::NotCanonical.into());
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()) })
    }

    /// The secret text, for the one answer that hands it out. Each call is worth an audit.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.text
    }

    /// The form that is stored and looked up: HMAC-SHA256 under the pepper, over its label and the token text.
    #[must_use]
    pub fn digest(&self, pepper: &TokenPepper) -> TokenDigest {
        pepper.digest(&self.text)
    }

    pub(crate) fn from_random(random: &[u8; TOKEN_BYTES]) -> Self {
        Self { text: Zeroizing::new(URL_SAFE_NO_PAD.encode(random)) }
    }
}

impl fmt::Debug for CheckoutToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckoutToken(secret)")
    }
}

/// The characters whose two lowest bits are zero. 43 characters hold 258 bits; the last two belong to no byte.
const LAST_CHARACTERS: [char; 16] = ['A', 'E', 'I', 'M', 'Q', 'U', 'Y', 'c', 'g', 'k', 'o', 's', 'w', '0', '4', '8'];
