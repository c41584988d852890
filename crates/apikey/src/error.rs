use std::error::Error;
use std::fmt;

/// Why a text is not a key, a key id, a public id or a mode.
///
/// The text of the error never holds the input.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct ParseError {
    kind: ParseErrorKind,
}

/// The ways in which a credential text can be wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A byte outside the alphabet of its part.
    #[error("character outside the alphabet")]
    Character,
    /// The checksum does not fit the rest: most likely a typing error.
    #[error("checksum does not fit")]
    Checksum,
    /// Too short to hold its fixed parts, or longer than any such text can be.
    #[error("impossible length")]
    Length,
    /// Neither `live` nor `test`.
    #[error("not a mode")]
    Mode,
    /// What stands before the fixed parts is not a prefix of the table.
    #[error("unknown prefix")]
    Prefix,
    /// The text begins or ends with a quotation mark.
    #[error("surrounded by quotation marks")]
    Quoted,
    /// The text begins or ends with white space or a byte order mark.
    #[error("surrounded by white space")]
    Whitespace,
}

/// Why no key or id was made; `E` is the error of the caller's random source.
#[derive(Debug)]
pub struct MintError<E> {
    cause: MintCause<E>,
}

/// The ways in which minting can fail.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MintErrorKind {
    /// The table has no prefix for the wanted mode.
    #[error("no prefix for this mode")]
    NoPrefix,
    /// The random source said that it failed.
    #[error("random source failed")]
    Randomness,
    /// The random source gave too few usable bytes in [`MAX_FILLS`](crate::MAX_FILLS) calls: it is broken.
    #[error("random source gave no usable bytes")]
    Unusable,
}

/// Why a pepper, or a set of peppers, was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct PepperError {
    kind: PepperErrorKind,
}

/// The ways in which a pepper can be refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PepperErrorKind {
    /// Two peppers with one version.
    #[error("pepper version is taken")]
    DuplicateVersion,
    /// More than [`MAX_PEPPER_LEN`](crate::MAX_PEPPER_LEN) bytes.
    #[error("pepper is too long")]
    TooLong,
    /// More than [`MAX_PEPPERS`](crate::MAX_PEPPERS) peppers.
    #[error("too many peppers")]
    TooMany,
    /// Fewer than [`MIN_PEPPER_LEN`](crate::MIN_PEPPER_LEN) bytes.
    #[error("pepper is too short")]
    TooShort,
}

/// Why a credential cannot be used or changed in its present state.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct LifecycleError {
    kind: LifecycleErrorKind,
}

/// The ways in which a lifecycle refuses.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LifecycleErrorKind {
    /// The expiry or the retiring deadline has passed.
    #[error("credential has expired")]
    Expired,
    /// The stored instants contradict each other.
    #[error("stored instants contradict each other")]
    Inconsistent,
    /// More than [`MAX_OVERLAP_SECONDS`](crate::MAX_OVERLAP_SECONDS) seconds.
    #[error("overlap is too long")]
    OverlapTooLong,
    /// Revoked, or retired without an overlap.
    #[error("credential is revoked")]
    Revoked,
}

/// Why a text is not a scope or a set of scopes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct ScopeError {
    kind: ScopeErrorKind,
}

/// The ways in which a scope can be refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeErrorKind {
    /// A byte outside the `scope-token` set of RFC 6749 §3.3.
    #[error("character outside the scope alphabet")]
    Character,
    /// A scope of no characters, as between two blanks.
    #[error("empty scope")]
    Empty,
    /// A scope of more than [`MAX_SCOPE_LEN`](crate::MAX_SCOPE_LEN) bytes,
    /// or a list of more than [`MAX_SCOPES_LEN`](crate::MAX_SCOPES_LEN).
    #[error("scope is too long")]
    TooLong,
    /// More than [`MAX_SCOPES`](crate::MAX_SCOPES) scopes.
    #[error("too many scopes")]
    TooMany,
}

impl ParseError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ParseErrorKind {
        self.kind
    }
}

impl PepperError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> PepperErrorKind {
        self.kind
    }
}

impl LifecycleError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> LifecycleErrorKind {
        self.kind
    }
}

impl ScopeError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> ScopeErrorKind {
        self.kind
    }
}

impl<E> MintError<E> {
    pub(crate) const fn no_prefix() -> Self {
        Self { cause: MintCause::NoPrefix }
    }

    pub(crate) const fn randomness(source: E) -> Self {
        Self { cause: MintCause::Randomness(source) }
    }

    pub(crate) const fn unusable() -> Self {
        Self { cause: MintCause::Unusable }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> MintErrorKind {
        match self.cause {
            MintCause::NoPrefix => MintErrorKind::NoPrefix,
            MintCause::Randomness(_) => MintErrorKind::Randomness,
            MintCause::Unusable => MintErrorKind::Unusable,
        }
    }

    /// The error of the random source, if that is what failed.
    #[must_use]
    pub fn into_randomness(self) -> Option<E> {
        match self.cause {
            MintCause::Randomness(source) => Some(source),
            MintCause::NoPrefix | MintCause::Unusable => None,
        }
    }
}

impl<E> fmt::Display for MintError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

impl<E: Error + 'static> Error for MintError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            MintCause::Randomness(source) => Some(source),
            MintCause::NoPrefix | MintCause::Unusable => None,
        }
    }
}

impl From<ParseErrorKind> for ParseError {
    fn from(kind: ParseErrorKind) -> Self {
        Self { kind }
    }
}

impl From<PepperErrorKind> for PepperError {
    fn from(kind: PepperErrorKind) -> Self {
        Self { kind }
    }
}

impl From<LifecycleErrorKind> for LifecycleError {
    fn from(kind: LifecycleErrorKind) -> Self {
        Self { kind }
    }
}

impl From<ScopeErrorKind> for ScopeError {
    fn from(kind: ScopeErrorKind) -> Self {
        Self { kind }
    }
}

#[derive(Debug)]
enum MintCause<E> {
    NoPrefix,
    Randomness(E),
    Unusable,
}
