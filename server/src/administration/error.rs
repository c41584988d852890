//! What administration can fail with.

use tollgate_challenge_signature::KeyError;

use crate::account::PasswordError;
use crate::keys::SealError;
use crate::rng::RngError;
use crate::storage::{ChangeRefusal, StorageError};

/// A change that was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A panel user who is no administrator reaches for one who is.
    #[error("it is an administrator, whom only administrators change")]
    Administrator,
    /// This part of what was asked for is not acceptable.
    #[error("{0} is not acceptable")]
    Invalid(&'static str),
    /// No public key would be left to check requests with that must be signed.
    #[error(
        "it is the last live RSA key and requests must be signed: register another first, or switch request signing off"
    )]
    LastLiveKey,
    /// It is the last owner of the merchant who can log in.
    #[error("it is the last owner who can log in")]
    LastOwner,
    /// Request signing cannot be required without a live public key that does not retire.
    #[error("there is no live RSA key to check signatures with: one that retires is none")]
    NoLiveKey,
    /// The merchant is not approved yet, and keys of the dialect for live payments are for those that are.
    #[error("the merchant is not approved yet, so it gets no live key: approve it first, or make a test key")]
    NotApproved,
    /// No such record.
    #[error("there is no such record")]
    NotFound,
    /// It has expired, its overlap is over, or it was revoked: nothing leads back. Or it is an endpoint that is disabled,
    /// which can be enabled.
    #[error("it is no longer usable")]
    NotUsable,
    /// It was changed by somebody else between being read and being written, again and again.
    #[error("somebody else changes it at the same time: try again")]
    Outrun,
    /// The password could not be hashed now.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// There are no random bytes.
    #[error(transparent)]
    Randomness(#[from] RngError),
    /// The RSA public key is refused; the source says why.
    #[error("the RSA public key is refused")]
    RsaKey(#[from] KeyError),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Storage did not answer; the change may not be assumed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// It must be the only one of its kind and there is one already, alive or dead.
    #[error("it is already in use")]
    Taken,
    /// The URL is none that webhooks go to.
    #[error("webhooks go to https URLs on port 443 or 8443 of public hosts only")]
    TargetRefused,
    /// As many live ones as allowed.
    #[error("there are as many live ones as allowed")]
    TooMany,
    /// The secret is too short to be imported.
    #[error("the secret is too short")]
    Weak,
}

impl From<ChangeRefusal> for Error {
    fn from(refusal: ChangeRefusal) -> Self {
        match refusal {
            ChangeRefusal::Administrator => Self::Administrator,
            ChangeRefusal::LastLiveKey => Self::LastLiveKey,
            ChangeRefusal::LastOwner => Self::LastOwner,
            ChangeRefusal::NoLiveKey => Self::NoLiveKey,
            ChangeRefusal::NotFound => Self::NotFound,
            ChangeRefusal::NotUsable => Self::NotUsable,
            ChangeRefusal::Outrun => Self::Outrun,
            ChangeRefusal::Taken => Self::Taken,
            ChangeRefusal::TooMany => Self::TooMany,
        }
    }
}
