use std::fmt;

use crate::{ProfileError, ProfileErrorKind};

/// The `typ` header member that tells token kinds apart (RFC 8725 §3.11); compared byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenType(&'static str);

impl TokenType {
    /// `at+jwt`, an OAuth access token (RFC 9068 §2.1).
    pub const AT_JWT: Self = Self("at+jwt");
    /// `checkout+jwt`, a browser token for one checkout.
    pub const CHECKOUT_JWT: Self = Self("checkout+jwt");
    /// `JWT`, the general type (RFC 7519 §5.1).
    pub const JWT: Self = Self("JWT");

    /// A further type: 1 to 32 characters out of `A-Z a-z 0-9 + - .`.
    ///
    /// # Errors
    ///
    /// [`TokenType`](ProfileErrorKind::TokenType) for any other text.
    pub fn from_static(text: &'static str) -> Result<Self, ProfileError> {
        let fits = (1..=MAX_TOKEN_TYPE_LEN).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if fits { Ok(Self(text)) } else { Err(ProfileErrorKind::TokenType.into()) }
    }

    /// The text of the member.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for TokenType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

const MAX_TOKEN_TYPE_LEN: usize = 32;
