//! Mail that waits to be sent.

use std::fmt;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::StorageError;

/// A message that waits; what it says is sealed, as it may hold a link that opens an account.
#[derive(Clone)]
pub struct WaitingMail {
    /// Names it; what is sealed is sealed for this.
    pub id: String,
    /// What it is about, one word.
    pub notice: String,
    /// The version it is sealed under.
    pub key_version: u32,
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
    /// How often it was tried, with the try that it was leased for.
    pub attempts: u32,
    /// From here on it is of no use.
    pub expires_at: OffsetDateTime,
}

/// Mail that waits.
#[async_trait]
pub trait Mails: Send + Sync {
    /// Stores a message that is due at once; `false`, with nothing stored, when so many wait already.
    async fn put_mail(&self, mail: &WaitingMail, limit: u32, now: OffsetDateTime) -> Result<bool, StorageError>;
    /// The message that is due longest, for whoever calls alone until then; its attempts are counted here.
    async fn lease_mail(&self, now: OffsetDateTime, until: OffsetDateTime)
    -> Result<Option<WaitingMail>, StorageError>;
    /// Has a message tried again then.
    async fn defer_mail(&self, id: &str, due_at: OffsetDateTime) -> Result<(), StorageError>;
    /// Removes a message.
    async fn end_mail(&self, id: &str) -> Result<(), StorageError>;
    /// Removes messages that were of no use any more before then; answers how many.
    async fn sweep_mails(&self, before: OffsetDateTime) -> Result<u64, StorageError>;
}

impl WaitingMail {
    /// What a message of this id is sealed for.
    #[must_use]
    pub fn context(id: &str) -> String {
        format!("mail:{id}")
    }
}

impl fmt::Debug for WaitingMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, notice, attempts, .. } = self;
        f.debug_struct("WaitingMail")
            .field("id", id)
            .field("notice", notice)
            .field("attempts", attempts)
            .finish_non_exhaustive()
    }
}
