//! People who log in to the control panel.

use std::fmt;

use super::{MerchantId, PasswordHash};

/// The numeric id of a user, 1 to 2^53 − 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserId(i64);

/// An e-mail address as it is compared: at most 254 bytes, ASCII letters in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

/// A user's record.
#[derive(Debug, Clone)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// The merchant it belongs to.
    pub merchant: MerchantId,
    /// The address it logs in with.
    pub email: EmailAddress,
    /// What its password is checked against.
    pub password_hash: PasswordHash,
    /// Raised by password change, disabling and second-factor reset; ends every login token made before.
    pub generation: i64,
    /// A disabled user cannot log in.
    pub disabled: bool,
    /// Whether its e-mail and password open the Basic-authenticated routes.
    pub api_basic: bool,
    /// What it may do in the control panel.
    pub role: Role,
}

/// What a user may do in the control panel, from most to least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Everything, users too.
    Owner,
    /// Keys, secrets and settings.
    Developer,
    /// Looks, changes nothing.
    ReadOnly,
}

impl UserId {
    /// An id from storage.
    #[must_use]
    pub fn from_stored(id: i64) -> Self {
        Self(id)
    }

    /// Reads the one decimal spelling: digits only, no leading zero, below 2^53.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        crate::payments::parse_id(text).map(Self)
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Role {
    /// The word the database keeps.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Developer => "developer",
            Self::Owner => "owner",
            Self::ReadOnly => "read_only",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(text: &str) -> Option<Self> {
        [Self::Owner, Self::Developer, Self::ReadOnly].into_iter().find(|role| role.as_str() == text)
    }
}

impl EmailAddress {
    /// The longest address, in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
    pub const MAX_LEN: usize = 254;

    /// Folds ASCII case; `None` when the text is empty, too long or holds control characters.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The folded text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
