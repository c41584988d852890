//! What delivery can fail with.

use crate::keys::SealError;
use crate::rng::RngError;
use crate::storage::StorageError;

/// Due deliveries could not be read, or an attempt could not be made.
#[derive(Debug, thiserror::Error)]
pub enum WebhooksError {
    /// There are no random bytes.
    #[error(transparent)]
    Randomness(#[from] RngError),
    /// A secret could not be opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
