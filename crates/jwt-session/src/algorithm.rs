use std::fmt;

/// The closed set of signature algorithms; a property of a key, never of a message (RFC 8725 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, 64 raw signature bytes (RFC 7518 §3.4).
    Es256,
    /// HMAC with SHA-256, 32 tag bytes (RFC 7518 §3.2).
    Hs256,
}

impl Algorithm {
    /// The name in the `alg` member: `ES256` or `HS256`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
        }
    }

    /// Reads an `alg` member; every other name, `none` and other spellings included, is no algorithm of ours.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name.parse().ok()? {
            jsonwebtoken::Algorithm::ES256 => Some(Self::Es256),
            jsonwebtoken::Algorithm::HS256 => Some(Self::Hs256),
            _ => None,
        }
    }

    pub(crate) fn jose(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
