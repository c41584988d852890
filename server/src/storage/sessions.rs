//! Browsers that are signed in to the control panel.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::Mode;

use super::StorageError;
use crate::account::{MerchantId, UserId};

/// A browser that is signed in, or was a while ago.
#[derive(Debug, Clone)]
pub struct PanelSession {
    /// Keyed digest of the cookie; the look-up key.
    pub digest: [u8; 32],
    /// Names it in lists; opens nothing.
    pub id: String,
    /// Who signed in.
    pub user: UserId,
    /// The user's generation then.
    pub generation: i64,
    /// Which mode's records its pages show.
    pub mode: Mode,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// About when it was last used.
    pub seen_at: OffsetDateTime,
    /// When the password was last given.
    pub proven_at: OffsetDateTime,
    /// Where it began.
    pub address: Option<String>,
    /// What the browser called itself then.
    pub agent: String,
    /// What the next page says once.
    pub flash: Option<String>,
    /// A form that waits for a log-in: one JSON object without secrets.
    pub draft: Option<String>,
}

/// One change of a session.
#[derive(Debug, Clone)]
pub enum SessionChange {
    /// What waits for a log-in.
    Draft(Option<String>),
    /// What the next page says.
    Flash(Option<String>),
    /// Which mode's records are shown.
    Mode(Mode),
    /// The password was given.
    Proven(OffsetDateTime),
    /// It was used.
    Seen(OffsetDateTime),
}

/// Panel sessions, stored and read by keyed digest.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Stores a session; the user's oldest ones beyond `limit` end.
    async fn open_session(&self, session: &PanelSession, limit: u32) -> Result<(), StorageError>;
    /// Reads a session, also one that timed out.
    async fn session(&self, digest: &[u8; 32]) -> Result<Option<PanelSession>, StorageError>;
    /// Changes one thing about a session; one that is gone stays gone.
    async fn change_session(&self, digest: &[u8; 32], change: &SessionChange) -> Result<(), StorageError>;
    /// The sessions of a user, newest first, also those that timed out.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<PanelSession>, StorageError>;
    /// Ends the session of a user that is called so; whether there was one.
    async fn end_session(&self, user: UserId, id: &str) -> Result<bool, StorageError>;
    /// Ends every session of a user but the one with this digest; answers how many.
    async fn end_sessions(&self, user: UserId, but: Option<&[u8; 32]>) -> Result<u64, StorageError>;
    /// How many sessions the users of a merchant have that were used after the first time and began after the second;
    /// those without any are not there.
    async fn count_sessions(
        &self,
        merchant: &MerchantId,
        seen_after: OffsetDateTime,
        began_after: OffsetDateTime,
    ) -> Result<Vec<(UserId, u64)>, StorageError>;
    /// Removes sessions that began before.
    async fn sweep_sessions(&self, before: OffsetDateTime) -> Result<u64, StorageError>;
}
