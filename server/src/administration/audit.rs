//! Reading and checking the audit log.

use super::{Administration, Error, Page};
use crate::account::{AuditEntry, AuditHead, MerchantId};
use crate::storage::StorageError;

/// A log whose every entry is there, in order and as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditReport {
    /// How many entries.
    pub entries: i64,
    /// The newest: worth noting outside the database.
    pub head: AuditHead,
}

/// The first place where the log is not as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("audit entry {at} {what}")]
pub struct AuditFault {
    /// The entry.
    pub at: i64,
    /// What is wrong with it.
    pub what: AuditFaultKind,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditFaultKind {
    /// Its hash is not that of its fields.
    #[error("was altered")]
    Altered,
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It does not follow from the entry before.
    #[error("does not follow from the one before")]
    Unchained,
    /// It is not the entry that was noted.
    #[error("is not the one that was noted")]
    NotAsNoted,
    /// There are entries after the newest one the log knows of.
    #[error("lies behind the end of the log")]
    BehindTheEnd,
}

/// The log was not found in order, or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// It is not as it was written.
    #[error(transparent)]
    Broken(#[from] AuditFault),
    /// Storage did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The log as JSON lines, oldest first, read in parts.
pub struct AuditExport {
    administration: Administration,
    merchant: Option<MerchantId>,
    after: i64,
}

impl Administration {
    /// The entries about a merchant, or all.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a page after what is no number.
    pub async fn audit(&self, merchant: Option<&MerchantId>, page: Page) -> Result<Vec<AuditEntry>, Error> {
        todo!()
    }

    /// Walks the whole chain.
    ///
    /// # Errors
    ///
    /// [`AuditError::Broken`] with the first place that is not as it was written.
    pub async fn verify_audit(&self) -> Result<AuditReport, AuditError> {
        todo!()
    }

    /// As [`verify_audit`](Self::verify_audit), and against a head that was noted before: that entry must be there and
    /// be the same. Only this notices a log that was rewritten or cut as a whole, its end included.
    ///
    /// # Errors
    ///
    /// As [`verify_audit`](Self::verify_audit).
    pub async fn verify_audit_against(&self, noted: &AuditHead) -> Result<AuditReport, AuditError> {
        todo!()
    }

    /// The entries about a merchant, or all, as JSON lines.
    #[must_use]
    pub fn export_audit(&self, merchant: Option<MerchantId>) -> AuditExport {
        AuditExport { administration: self.clone(), merchant, after: 0 }
    }
}

impl AuditExport {
    /// The next lines, each ended; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer or an entry does not read.
    pub async fn next_lines(&mut self) -> Result<Option<String>, StorageError> {
        todo!()
    }
}
