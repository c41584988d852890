//! What the handle can fail with.

use crate::keys::SealError;
use crate::rng::RngError;
use crate::storage::StorageError;

/// An endpoint was not registered, or a test event not sent.
#[derive(Debug, thiserror::Error)]
pub enum WebhooksError {
    /// There are no random bytes.
    #[error(transparent)]
    Randomness(#[from] RngError),
    /// A secret could not be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// Only Alternative subscriptions have a static secret.
    #[error("endpoints of this dialect have no secret key of their own")]
    SecretKeyNotAllowed,
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The URL is none that deliveries go to.
    #[error("deliveries go to https URLs on port 443 or 8443 of public hosts only")]
    TargetRefused,
    /// The merchant has as many endpoints of the dialect as it may have.
    #[error("there are too many endpoints of this dialect: remove one first")]
    TooManyEndpoints,
}
