//! What can go wrong on the merchant's side.

use std::{error::Error, fmt};

use crate::error::opaque_error;

opaque_error! {
    /// A key that cannot sign, or a text that is not signed.
    SignError,
    /// Why there is no signature.
    SignErrorKind {
        /// The text is not exactly one strict PEM block `PRIVATE KEY`.
        KeyEncoding => "private key is not one strict pkcs#8 pem block",
        /// The key is inconsistent, of another algorithm, or outside the bounds.
        KeyRefused => "private key is refused",
        /// The text is not a well-formed challenge, so it is not signed.
        NotAChallenge => "text is not a challenge",
        /// The signing operation failed.
        Operation => "signing failed",
    }
}

/// Why no key pair was generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateErrorKind {
    /// The size is none of 2048, 3072 and 4096 bits.
    #[error("key size is not 2048, 3072 or 4096 bits")]
    Bits,
    /// The generator made no usable key.
    #[error("key generation failed")]
    Operation,
    /// There was no randomness.
    #[error("no randomness")]
    Random,
}

/// A key pair that was not generated; `E` is the error of the source of randomness.
#[derive(Debug)]
pub struct GenerateError<E> {
    kind: GenerateErrorKind,
    cause: Option<E>,
}

impl<E> GenerateError<E> {
    pub(super) const fn random(cause: E) -> Self {
        Self { kind: GenerateErrorKind::Random, cause: Some(cause) }
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> GenerateErrorKind {
        self.kind
    }
}

impl<E> From<GenerateErrorKind> for GenerateError<E> {
    fn from(kind: GenerateErrorKind) -> Self {
        Self { kind, cause: None }
    }
}

impl<E> fmt::Display for GenerateError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl<E: Error + 'static> Error for GenerateError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as &(dyn Error + 'static))
    }
}
