use http::HeaderValue;

use crate::basic::BasicToken;
use crate::bearer::BearerToken;
use crate::error::ShapeError;

/// An `Authorization` header of the form `<scheme> <value>`.
#[derive(Debug)]
#[must_use]
#[non_exhaustive]
pub enum Authorization<'h> {
    /// `Basic`, not decoded yet: who decodes says which of the two readings applies.
    Basic(BasicToken<'h>),
    /// `Bearer`.
    Bearer(BearerToken<'h>),
    /// A well-formed header of another scheme.
    Other,
}

impl<'h> Authorization<'h> {
    /// Reads a header value: the scheme in any case, exactly one blank, the value.
    ///
    /// The value consists of `A-Z a-z 0-9 - . _ ~ + / =` (the characters of RFC 9110 `token68`) whatever the scheme;
    /// schemes with parameters, such as `Digest`, are therefore malformed.
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ShapeErrorKind::Malformed) for any other form, for a scheme longer than [`MAX_SCHEME`],
    /// for a value longer than [`MAX_AUTHORIZATION_VALUE`], and for a Basic value longer than
    /// [`MAX_BASIC_TOKEN`](crate::MAX_BASIC_TOKEN).
    pub fn parse(value: &'h HeaderValue) -> Result<Self, ShapeError> {
        let bytes = value.as_bytes();
        if bytes.len() > MAX_SCHEME + 1 + MAX_AUTHORIZATION_VALUE {
            return Err(ShapeError::malformed());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ShapeError::malformed())?;
        let (scheme, value) = text.split_once(' ').ok_or_else(ShapeError::malformed)?;
        if !is_scheme(scheme) || !is_value(value) {
            return Err(ShapeError::malformed());
        }
        if scheme.eq_ignore_ascii_case("basic") {
            BasicToken::new(value).map(Self::Basic)
        } else if scheme.eq_ignore_ascii_case("bearer") {
            Ok(Self::Bearer(BearerToken::new(value)))
        } else {
            Ok(Self::Other)
        }
    }
}

/// A `token` of RFC 9110 §5.6.2.
fn is_scheme(text: &str) -> bool {
    (1..=MAX_SCHEME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_value(text: &str) -> bool {
    // To the end, without a branch for each byte: tokens are long and nearly always well-formed.
    (1..=MAX_AUTHORIZATION_VALUE).contains(&text.len())
        && text.bytes().fold(true, |all, byte| all & IS_TOKEN68[usize::from(byte)])
}

/// Whether a byte may be in a value.
const IS_TOKEN68: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let fits = (byte as u8).is_ascii_alphanumeric()
            || matches!(byte as u8, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
        table[byte] = fits;
        byte += 1;
    }
    table
};

/// The longest scheme name in bytes.
pub const MAX_SCHEME: usize = 32;

/// The longest value after scheme and blank, in bytes.
pub const MAX_AUTHORIZATION_VALUE: usize = 8 * 1024;
