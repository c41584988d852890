//! Forms of the control panel that were sent.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StorageError;

/// Whether something may be done for a form.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum FormTurn {
    /// It is the first time.
    First,
    /// It was sent before.
    Again {
        /// The page of what came of it, if that is known.
        place: Option<String>,
    },
}

/// Forms that were sent, stored and read by keyed digest.
#[async_trait]
pub trait SentForms: Send + Sync {
    /// Takes the turn of a form until then: of any number of calls with one digest, one is told [`FormTurn::First`].
    async fn take_form(
        &self,
        digest: &[u8; 32],
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<FormTurn, StorageError>;
    /// Notes the page of what came of it.
    async fn settle_form(&self, digest: &[u8; 32], place: &str) -> Result<(), StorageError>;
    /// Gives the turn back: nothing was done.
    async fn release_form(&self, digest: &[u8; 32]) -> Result<(), StorageError>;
    /// Removes what ended before; answers how many.
    async fn sweep_forms(&self, before: OffsetDateTime) -> Result<u64, StorageError>;
}
