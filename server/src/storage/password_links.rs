//! Links that set a password.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Change, StorageError};
use crate::account::{NewAuditEntry, UserId};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// The first password of a new user.
    Invitation,
    /// A new password for who forgot the old one.
    Reset,
}

/// A link that sets a password, stored and read by keyed digest. Its use is a change of the user.
#[derive(Debug, Clone)]
pub struct PasswordLink {
    /// Keyed digest of the token in it.
    pub digest: [u8; 32],
    /// Whose password it sets.
    pub user: UserId,
    /// The user's generation when it was made: a changed password ends it.
    pub generation: i64,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Good while `now` is before this.
    pub expires_at: OffsetDateTime,
}

impl LinkPurpose {
    /// The word the database keeps.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(text: &str) -> Option<Self> {
        [Self::Invitation, Self::Reset].into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// Password links.
#[async_trait]
pub trait PasswordLinks: Send + Sync {
    /// Stores a link. An invitation ends every link of the user that stands already, a reset ends resets only.
    ///
    /// [`NotUsable`](super::ChangeRefusal::NotUsable) for a disabled user and for another generation than the user's.
    async fn store_link(&self, link: &PasswordLink, entry: &NewAuditEntry) -> Change<()>;
    /// Reads a link, also an expired one; reading does not use it up.
    async fn link(&self, digest: &[u8; 32]) -> Result<Option<PasswordLink>, StorageError>;
    /// Removes what expired before; answers how many.
    async fn sweep_links(&self, before: OffsetDateTime) -> Result<u64, StorageError>;
}
