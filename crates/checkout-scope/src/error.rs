//! The errors of this crate: opaque values with a kind, without any input in their text.

use thiserror::Error;

/// Declares an error that is nothing but its kind.
macro_rules! opaque_error {
    ($(#[$about:meta])* $name:ident has $kind:ident) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
        #[error("{kind}")]
        pub struct $name {
            kind: $kind,
        }

        impl $name {
            /// Says which rule was broken, for a log or a metric.
            #[must_use]
            pub const fn kind(self) -> $kind {
                self.kind
            }
        }

        impl From<$kind> for $name {
            fn from(kind: $kind) -> Self {
                Self { kind }
            }
        }
    };
}

opaque_error! {
    /// A raw request path that two readers could understand differently.
    AmbiguousPath has AmbiguousPathKind
}

/// Why a raw path is ambiguous.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AmbiguousPathKind {
    /// It holds a `\`.
    #[error("the path holds a backslash")]
    Backslash,
    /// A `%` is not followed by two hexadecimal digits.
    #[error("the path holds a broken escape")]
    BrokenEscape,
    /// A segment is `.` or `..`.
    #[error("the path holds a dot segment")]
    DotSegment,
    /// It holds `//`.
    #[error("the path holds an empty segment")]
    DoubleSlash,
    /// It holds `%00`, `%2e`, `%2f` or `%5c`, in either case.
    #[error("the path escapes a delimiter")]
    EscapedDelimiter,
    /// It holds a byte that no path has: a control, a blank, `?`, `#`, or anything outside ASCII.
    #[error("the path holds a byte that no path has")]
    ForeignByte,
    /// It does not start with `/`.
    #[error("the path does not start with a slash")]
    NotAbsolute,
    /// It holds a `;`.
    #[error("the path holds a semicolon")]
    Semicolon,
    /// It is longer than [`MAX_PATH`](crate::MAX_PATH) bytes.
    #[error("the path is too long")]
    TooLong,
}

opaque_error! {
    /// An identifier that cannot stand in the claims of a checkout token.
    ClaimsError has ClaimsErrorKind
}

/// Why an identifier cannot stand in the claims.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimsErrorKind {
    /// It holds a byte outside `[A-Za-z0-9_-]`.
    #[error("an identifier has a character outside the allowed set")]
    Alphabet,
    /// It is empty or longer than [`MAX_CLAIM_ID`](crate::MAX_CLAIM_ID) bytes.
    #[error("an identifier has the wrong length")]
    Length,
}

opaque_error! {
    /// A request that a grant does not permit.
    Denied has DeniedKind
}

/// Why a request is denied.
///
/// [`NotAllowed`](Self::NotAllowed) and [`OtherObject`](Self::OtherObject) have one text on purpose: a client that
/// could tell them apart would learn which routes take an object of its own.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeniedKind {
    /// The raw path is ambiguous; nothing else was looked at.
    #[error("the path is ambiguous")]
    AmbiguousPath,
    /// The grant is not live any more.
    #[error("the grant has expired")]
    Expired,
    /// No entry of the allow-list has this method and path.
    #[error("the grant does not permit this request")]
    NotAllowed,
    /// An entry has this method and path, yet the path names an object that the grant is not bound to.
    #[error("the grant does not permit this request")]
    OtherObject,
}

opaque_error! {
    /// A text that is not a checkout token.
    ParseError has ParseErrorKind
}

/// Why a text is not a checkout token.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// It holds a byte outside the base64url alphabet.
    #[error("the token has a character outside the base64url alphabet")]
    Alphabet,
    /// It is not [`TOKEN_LENGTH`](crate::TOKEN_LENGTH) bytes long.
    #[error("the token has the wrong length")]
    Length,
    /// The last character has bits that belong to no byte, so it is a second spelling of another token.
    #[error("the token is not in canonical form")]
    NotCanonical,
}

opaque_error! {
    /// A pepper that must not be used.
    PepperError has PepperErrorKind
}

/// Why a pepper must not be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PepperErrorKind {
    /// The label is empty, longer than [`MAX_LABEL`](crate::MAX_LABEL) bytes, or not visible ASCII.
    #[error("the pepper label is not 1 to 64 visible ascii characters")]
    Label,
    /// It has more than [`MAX_PEPPER`](crate::MAX_PEPPER) bytes.
    #[error("the pepper is too long")]
    TooLong,
    /// It has fewer than [`MIN_PEPPER`](crate::MIN_PEPPER) bytes.
    #[error("the pepper is too short")]
    TooShort,
}

/// An allow-list entry that cannot be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("allow-list entry {entry}: {kind}")]
pub struct TemplateError {
    kind: TemplateErrorKind,
    entry: usize,
}

impl TemplateError {
    pub(crate) const fn new(kind: TemplateErrorKind, entry: usize) -> Self {
        Self { kind, entry }
    }

    /// Says which rule was broken.
    #[must_use]
    pub const fn kind(self) -> TemplateErrorKind {
        self.kind
    }

    /// Index of the entry, from 0, in the order given to [`AllowList::compile`](crate::AllowList::compile).
    #[must_use]
    pub const fn entry(self) -> usize {
        self.entry
    }
}

/// Why an allow-list entry cannot be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateErrorKind {
    /// A segment holds a byte outside `[A-Za-z0-9._~-]`.
    #[error("a segment has a character outside the allowed set")]
    Alphabet,
    /// A segment is `.` or `..`.
    #[error("a segment is a dot segment")]
    DotSegment,
    /// An earlier entry has the same method and template.
    #[error("the entry is there twice")]
    Duplicate,
    /// A segment is empty, so the template has `//`, ends in `/`, or is `/`.
    #[error("a segment is empty")]
    EmptySegment,
    /// The method is none of `DELETE`, `GET`, `OPTIONS`, `PATCH`, `POST` and `PUT`; `GET` stands for `HEAD` too.
    #[error("the method cannot be listed")]
    Method,
    /// It does not start with `/`.
    #[error("the template does not start with a slash")]
    MissingSlash,
    /// An earlier entry with the same method can match the same path.
    #[error("another entry can match the same path")]
    Overlap,
    /// A parameter is not a whole segment of the form `{name}`, or has a name outside `[A-Za-z0-9_]`.
    #[error("a parameter is not a whole segment of the form {{name}}")]
    Parameter,
    /// It is longer than [`MAX_TEMPLATE`](crate::MAX_TEMPLATE) bytes.
    #[error("the template is too long")]
    TooLong,
    /// The list has more than [`MAX_ENTRIES`](crate::MAX_ENTRIES) entries.
    #[error("the list has too many entries")]
    TooManyEntries,
    /// It has more than one parameter, so that which of them is bound would be open.
    #[error("the template has more than one parameter")]
    TooManyParameters,
    /// The application has no such route.
    #[error("the application has no such route")]
    UnknownRoute,
}

opaque_error! {
    /// A life time that no checkout token may have.
    TtlError has TtlErrorKind
}

/// Why a life time is refused.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TtlErrorKind {
    /// It is longer than [`Ttl::LONGEST`](crate::Ttl::LONGEST).
    #[error("the life time is too long")]
    TooLong,
    /// It is shorter than [`Ttl::SHORTEST`](crate::Ttl::SHORTEST).
    #[error("the life time is too short")]
    TooShort,
}
