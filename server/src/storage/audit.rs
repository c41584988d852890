//! The audit log as it is kept.

use async_trait::async_trait;

use super::StorageError;
use crate::account::{AuditEntry, AuditHead, MerchantId, NewAuditEntry};

/// An entry as it was found; whoever checks the chain must not stop at one that does not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditLink {
    /// Every field reads.
    Readable(Box<AuditEntry>),
    /// A field of the entry at this place is of another type or length than was written.
    Unreadable(i64),
}

impl AuditLink {
    /// Its place.
    #[must_use]
    pub fn seq(&self) -> i64 {
        match self {
            Self::Readable(entry) => entry.seq,
            Self::Unreadable(seq) => *seq,
        }
    }
}

/// Which entries are looked for; what is left out does not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// How the action begins; empty for every one.
    pub action: String,
    /// Who, as it is stored; empty for everybody.
    pub actor: String,
    /// Not before this, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Before this, in milliseconds since 1970.
    pub until_ms: Option<i64>,
}

/// The log of changes; the verbs that change other records write to it too, each in its own transaction.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Writes about something that changed no record, such as a look at a secret.
    async fn append_audit(&self, entry: &NewAuditEntry) -> Result<(), StorageError>;
    /// The entries before `before`, newest first, about one merchant or all.
    async fn audit_entries(
        &self,
        merchant: Option<&MerchantId>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError>;
    /// The entries before `before` that fit the filter, newest first, about one merchant or all.
    async fn find_audit_entries(
        &self,
        merchant: Option<&MerchantId>,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError>;
    /// The entries after `after`, oldest first, as they are found.
    async fn audit_links(&self, after: i64, limit: u32) -> Result<Vec<AuditLink>, StorageError>;
    /// Those of them that are about one merchant.
    async fn audit_links_of(
        &self,
        merchant: &MerchantId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<AuditLink>, StorageError>;
    /// The newest entry, as the last change left it.
    async fn audit_head(&self) -> Result<AuditHead, StorageError>;
}
