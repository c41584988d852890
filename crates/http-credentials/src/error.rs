use http::HeaderName;

/// Why the credential headers of a request cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct ShapeError {
    kind: ShapeErrorKind,
    header: Option<HeaderName>,
}

/// The kinds of [`ShapeError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeErrorKind {
    /// A value is not of the stated form; answer it as a wrong credential is answered.
    #[error("credential is not well formed")]
    Malformed,
    /// A credential header came more than once; the request itself is wrong.
    #[error("credential header is repeated")]
    Repeated,
    /// More than one accepted credential came; the request itself is wrong.
    #[error("more than one credential is presented")]
    Several,
}

impl ShapeError {
    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ShapeErrorKind {
        self.kind
    }

    /// The header that was repeated: the name the caller asked for, never text of the request.
    ///
    /// Present exactly for [`Repeated`](ShapeErrorKind::Repeated).
    #[must_use]
    pub fn header(&self) -> Option<&HeaderName> {
        self.header.as_ref()
    }

    pub(crate) fn malformed() -> Self {
        Self { kind: ShapeErrorKind::Malformed, header: None }
    }

    pub(crate) fn repeated(header: &HeaderName) -> Self {
        Self { kind: ShapeErrorKind::Repeated, header: Some(header.clone()) }
    }

    pub(crate) fn several() -> Self {
        Self { kind: ShapeErrorKind::Several, header: None }
    }
}
