//! Why a request was refused: one reason, said once; each dialect renders it in its own shape.

use std::borrow::Cow;

use crate::account::PasswordError;
use crate::administration;
use crate::errands::TooManyErrands;
use crate::limits::{Quota, QuotasUnavailable};
use crate::storage::{StorageError, StorageErrorKind};

/// A refused request.
#[derive(Debug, Clone)]
pub struct Refusal {
    reason: Reason,
    quota: Option<Quota>,
}

/// The internal reason. What the client sees is less: every [`Reason::Unauthenticated`] looks alike.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The merchant's checks are not finished and the credential is a live one.
    AccountNotVerified,
    /// The merchant is suspended.
    AccountSuspended,
    /// The client address is on neither list.
    AddressNotAllowed,
    /// The raw path can be read in more than one way.
    AmbiguousPath,
    /// The object is in a state that does not allow this; the dialect's code says which.
    Conflict(&'static str),
    /// Plain HTTP where HTTPS is required.
    HttpsRequired,
    /// The first call with this idempotency key is still running.
    IdempotencyInProgress,
    /// The idempotency key was used with another body.
    IdempotencyMismatch,
    /// A defect of ours.
    Internal,
    /// The request is not well formed; the members that are wrong, if it is about members.
    InvalidRequest(Vec<(Cow<'static, str>, FieldFault)>),
    /// The path exists with other methods: the value of `Allow`.
    MethodNotAllowed(String),
    /// No such route or object.
    NotFound,
    /// The body is longer than allowed.
    PayloadTooLarge,
    /// Too many requests; the wait in seconds.
    RateLimited(u64),
    /// A credential header came more than once.
    RepeatedHeader(&'static str),
    /// The credential does not permit this request.
    ScopeDenied,
    /// A header that goes with the credential is missing.
    SessionHeaderMissing(&'static str),
    /// The request's signature is missing.
    SignatureRequired,
    /// The request's signature does not hold; every failure alike.
    SignatureInvalid,
    /// The login is too old for this action.
    StepUpRequired,
    /// The credential is missing or not good.
    Unauthenticated(Fault),
    /// A part we need does not answer; the wait in seconds.
    Unavailable(u64),
    /// The body is well formed and the rules of business refuse it.
    Unprocessable(&'static str),
    /// The OAuth grant type is not client credentials.
    UnsupportedGrantType,
    /// A scope was asked for that the client does not have.
    InvalidScope,
    /// The browser's origin is not one of the merchant's.
    OriginDenied,
    /// The body is not `application/json`.
    UnsupportedMediaType,
}

/// What was wrong with a credential: for the log and the metric, never for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Its lifetime ended.
    Expired,
    /// The text is not a credential.
    Malformed,
    /// There is none.
    Missing,
    /// It is of the mode that this listener does not serve.
    OtherMode,
    /// The session id does not go with the token.
    Pairing,
    /// It was revoked, or what it was made with was.
    Revoked,
    /// A token whose signature or claims do not hold.
    Token,
    /// Nobody has such a credential.
    Unknown,
    /// The id is known, the secret is not right.
    WrongSecret,
}

/// What is wrong with a member of the body or the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldFault {
    /// It has a value that is not allowed.
    Invalid,
    /// It may not be there.
    NotAllowed,
    /// It is missing.
    Required,
}

impl Refusal {
    /// Members of a body that may be reported as wrong.
    pub const MAX_FIELDS: usize = 16;

    /// Refuses for this reason.
    #[must_use]
    pub fn new(reason: Reason) -> Self {
        Self { reason, quota: None }
    }

    /// Refuses because one member is wrong.
    #[must_use]
    pub fn field(member: impl Into<Cow<'static, str>>, fault: FieldFault) -> Self {
        Self::new(Reason::InvalidRequest(vec![(member.into(), fault)]))
    }

    /// A request that is not well formed as a whole.
    #[must_use]
    pub fn invalid() -> Self {
        Self::new(Reason::InvalidRequest(Vec::new()))
    }

    /// Adds how the caller's quota stands.
    #[must_use]
    pub fn with_quota(self, quota: Option<Quota>) -> Self {
        Self { quota: quota.or(self.quota), ..self }
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// How the caller's quota stands, if the caller is known.
    #[must_use]
    pub fn quota(&self) -> Option<&Quota> {
        self.quota.as_ref()
    }
}

impl Reason {
    /// The word in logs and metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::AccountNotVerified => "account_not_verified",
            Self::AccountSuspended => "account_suspended",
            Self::AddressNotAllowed => "address_not_allowed",
            Self::AmbiguousPath => "ambiguous_path",
            Self::Conflict(code) | Self::Unprocessable(code) => code,
            Self::HttpsRequired => "https_required",
            Self::IdempotencyInProgress => "idempotency_in_progress",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::Internal => "internal",
            Self::InvalidRequest(_) => "invalid_request",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::NotFound => "not_found",
            Self::PayloadTooLarge => "payload_too_large",
            Self::RateLimited(_) => "rate_limited",
            Self::RepeatedHeader(_) => "repeated_header",
            Self::ScopeDenied => "scope_denied",
            Self::SessionHeaderMissing(_) => "session_header_missing",
            Self::SignatureInvalid => "signature_invalid",
            Self::SignatureRequired => "signature_required",
            Self::StepUpRequired => "step_up_required",
            Self::Unauthenticated(fault) => fault.label(),
            Self::Unavailable(_) => "unavailable",
            Self::InvalidScope => "invalid_scope",
            Self::OriginDenied => "origin_denied",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedMediaType => "unsupported_media_type",
        }
    }
}

impl Fault {
    /// The word in logs and metrics.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Expired => "credential_expired",
            Self::Malformed => "credential_malformed",
            Self::Missing => "credential_missing",
            Self::OtherMode => "credential_other_mode",
            Self::Pairing => "session_not_paired",
            Self::Revoked => "credential_revoked",
            Self::Token => "token_refused",
            Self::Unknown => "credential_unknown",
            Self::WrongSecret => "credential_wrong_secret",
        }
    }
}

impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "storage failed");
        match error.kind() {
            StorageErrorKind::Corrupt => Self::new(Reason::Internal),
            StorageErrorKind::Unavailable => Self::new(Reason::Unavailable(1)),
        }
    }
}

impl From<TooManyErrands> for Refusal {
    fn from(_: TooManyErrands) -> Self {
        Self::new(Reason::Unavailable(1))
    }
}

impl From<QuotasUnavailable> for Refusal {
    fn from(_: QuotasUnavailable) -> Self {
        Self::new(Reason::Unavailable(1))
    }
}

impl From<crate::rng::RngError> for Refusal {
    fn from(_: crate::rng::RngError) -> Self {
        Self::new(Reason::Unavailable(1))
    }
}

/// For the routes that change something whose shape they have checked: what is left is ours to mend.
impl From<administration::Error> for Refusal {
    fn from(error: administration::Error) -> Self {
        match error {
            administration::Error::Administrator => Self::new(Reason::ScopeDenied),
            administration::Error::NotApproved => Self::new(Reason::AccountNotVerified),
            administration::Error::NotFound => Self::new(Reason::NotFound),
            administration::Error::Password(PasswordError::Busy) => Self::new(Reason::Unavailable(1)),
            administration::Error::Randomness(error) => error.into(),
            administration::Error::Storage(error) => error.into(),
            error => {
                tracing::error!(error = &error as &dyn std::error::Error, "a change was not made");
                Self::new(Reason::Internal)
            }
        }
    }
}
