use std::fmt;

use time::OffsetDateTime;
use zeroize::Zeroizing;

/// A token fresh from [`KeyRing::issue`](crate::KeyRing::issue), to be handed to the client; secret.
#[must_use]
pub struct IssuedToken {
    pub(crate) text: Zeroizing<String>,
    pub(crate) issued_at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) token_id: String,
}

impl IssuedToken {
    /// The compact text, three base64url parts joined by dots.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.text
    }

    /// The `iat` claim, whole seconds in UTC.
    #[must_use]
    pub fn issued_at(&self) -> OffsetDateTime {
        self.issued_at
    }

    /// The `exp` claim, whole seconds in UTC; the token is dead from then on.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// The `jti` claim, 22 characters of base64url; not secret.
    #[must_use]
    pub fn token_id(&self) -> &str {
        &self.token_id
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IssuedToken(***)")
    }
}
