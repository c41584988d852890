use std::error::Error;
use std::fmt;

/// Why a key, a key set or a key ring was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct KeyError {
    kind: KeyErrorKind,
}

impl KeyError {
    /// The reason.
    #[must_use]
    pub fn kind(&self) -> KeyErrorKind {
        self.kind
    }
}

impl From<KeyErrorKind> for KeyError {
    fn from(kind: KeyErrorKind) -> Self {
        Self { kind }
    }
}

/// The reasons of a [`KeyError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum KeyErrorKind {
    /// The ring holds keys of another algorithm.
    #[error("key algorithm differs from the ring's")]
    Algorithm,
    /// Two keys have one name.
    #[error("key name is already taken")]
    DuplicateKid,
    /// The JWK is not an ES256 public key for signatures, or has no name.
    #[error("jwk is not a named ES256 signature key")]
    Jwk,
    /// The key name has a wrong length or a character outside `A-Z a-z 0-9 . _ -`.
    #[error("key name is malformed")]
    Kid,
    /// The private key is not PKCS#8 of a P-256 key, or its public half does not fit.
    #[error("private key is refused")]
    PrivateKey,
    /// The public key is not an uncompressed P-256 point.
    #[error("public key is refused")]
    PublicKey,
    /// The source of randomness failed.
    #[error("randomness is unavailable")]
    Randomness,
    /// The secret is too short or too long.
    #[error("secret has a refused length")]
    Secret,
    /// There are no keys, or more than the bound.
    #[error("number of keys is refused")]
    TooMany,
}

/// Why a [`Profile`](crate::Profile) was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ProfileError {
    kind: ProfileErrorKind,
}

impl ProfileError {
    /// The reason.
    #[must_use]
    pub fn kind(&self) -> ProfileErrorKind {
        self.kind
    }
}

impl From<ProfileErrorKind> for ProfileError {
    fn from(kind: ProfileErrorKind) -> Self {
        Self { kind }
    }
}

/// The reasons of a [`ProfileError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileErrorKind {
    /// The audience is empty or too long.
    #[error("audience has a refused length")]
    Audience,
    /// An exact claim has a reserved, repeated, empty or overlong name, an overlong value, or is one too many.
    #[error("exact claim is refused")]
    ExactClaim,
    /// The issuer is empty or too long.
    #[error("issuer has a refused length")]
    Issuer,
    /// The leeway is negative, above the bound or not in whole seconds.
    #[error("leeway is out of bounds")]
    Leeway,
    /// The lifetime is out of bounds or not in whole seconds.
    #[error("lifetime is out of bounds")]
    Lifetime,
    /// The token type has a wrong length or character.
    #[error("token type is malformed")]
    TokenType,
}

/// Why a token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct VerifyError {
    kind: VerifyErrorKind,
}

impl VerifyError {
    /// The reason, for logs; a client gets one and the same answer for all of them.
    #[must_use]
    pub fn kind(&self) -> VerifyErrorKind {
        self.kind
    }
}

impl From<VerifyErrorKind> for VerifyError {
    fn from(kind: VerifyErrorKind) -> Self {
        Self { kind }
    }
}

/// The reasons of a [`VerifyError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// A claim is missing or has a wrong type or form, or the payload does not fit the caller's type.
    #[error("claims are refused")]
    Claims,
    /// The token is at or past its `exp` plus leeway.
    #[error("token has expired")]
    Expired,
    /// The header has a member other than `alg`, `typ` and `kid`.
    #[error("header member is forbidden")]
    ForbiddenHeader,
    /// Not three non-empty canonical base64url parts, or a part is not one strict JSON object.
    #[error("token is malformed")]
    Malformed,
    /// `iat` or `nbf` is more than [`MAX_CLOCK_SKEW`](crate::MAX_CLOCK_SKEW) ahead.
    #[error("token is not yet valid")]
    NotYetValid,
    /// The signature does not fit the key.
    #[error("signature does not match")]
    Signature,
    /// The token is longer than [`MAX_TOKEN_LEN`](crate::MAX_TOKEN_LEN).
    #[error("token is too long")]
    TooLong,
    /// `kid` is absent, ill-formed or names no key of the ring.
    #[error("key is unknown")]
    UnknownKey,
    /// `alg` is not the algorithm of the keys.
    #[error("algorithm is refused")]
    WrongAlgorithm,
    /// `aud` is not the one string of the profile.
    #[error("audience is refused")]
    WrongAudience,
    /// An exact claim is absent or has another value.
    #[error("exact claim does not match")]
    WrongExactClaim,
    /// `iss` is not the issuer of the profile.
    #[error("issuer is refused")]
    WrongIssuer,
    /// The session id is ill-formed, is not the one the token was issued with, or the token has none.
    #[error("session does not match")]
    WrongSession,
    /// `typ` is not the type of the profile.
    #[error("token type is refused")]
    WrongType,
}

/// Why a token was not issued; `E` is the error of the caller's source of randomness.
pub struct IssueError<E> {
    cause: Cause<E>,
}

enum Cause<E> {
    Kind(IssueErrorKind),
    Randomness(E),
}

impl<E> IssueError<E> {
    pub(crate) fn randomness(error: E) -> Self {
        Self { cause: Cause::Randomness(error) }
    }

    /// The reason.
    #[must_use]
    pub fn kind(&self) -> IssueErrorKind {
        match self.cause {
            Cause::Kind(kind) => kind,
            Cause::Randomness(_) => IssueErrorKind::Randomness,
        }
    }

    /// The error of the caller's source of randomness, if that is the cause.
    #[must_use]
    pub fn into_randomness(self) -> Option<E> {
        match self.cause {
            Cause::Kind(_) => None,
            Cause::Randomness(error) => Some(error),
        }
    }
}

impl<E> From<IssueErrorKind> for IssueError<E> {
    fn from(kind: IssueErrorKind) -> Self {
        Self { cause: Cause::Kind(kind) }
    }
}

impl<E> fmt::Debug for IssueError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssueError").field("kind", &self.kind()).finish()
    }
}

impl<E> fmt::Display for IssueError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl<E: Error + 'static> Error for IssueError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Kind(_) => None,
            Cause::Randomness(error) => Some(error),
        }
    }
}

/// The reasons of an [`IssueError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum IssueErrorKind {
    /// The claims are not one strict JSON object, or hold a name that this crate writes itself.
    #[error("claims cannot be issued")]
    Claims,
    /// `now` or the end of life lies outside the years 1970 to 9999.
    #[error("time is out of bounds")]
    Clock,
    /// The key name or the secret is refused.
    #[error("key is refused")]
    Key,
    /// The lifetime is out of bounds or not in whole seconds.
    #[error("lifetime is out of bounds")]
    Lifetime,
    /// A source of randomness failed: the caller's, or that of the signing key.
    #[error("randomness is unavailable")]
    Randomness,
    /// The token would be longer than [`MAX_TOKEN_LEN`](crate::MAX_TOKEN_LEN).
    #[error("token would be too long")]
    TooLong,
}
