//! The chain of the audit log: each entry follows from the one before.

use super::{AuditEntry, AuditHead};

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

impl AuditFault {
    /// An entry that is not the one that was noted.
    #[must_use]
    pub fn not_as_noted(at: i64) -> Self {
        Self { at, what: AuditFaultKind::NotAsNoted }
    }
}

impl AuditHead {
    /// The head after one more entry, if that is the next one and unaltered.
    ///
    /// # Errors
    ///
    /// [`AuditFault`] with the place that is not as it was written.
    pub fn after(&self, entry: &AuditEntry) -> Result<Self, AuditFault> {
        self.expect(entry.seq)?;
        let fault = |what| Err(AuditFault { at: entry.seq, what });
        if entry.digest() != entry.hash {
            return fault(AuditFaultKind::Altered);
        }
        if entry.previous != self.hash {
            return fault(AuditFaultKind::Unchained);
        }
        Ok(entry.as_head())
    }

    /// That this is the number of the next entry.
    ///
    /// # Errors
    ///
    /// [`AuditFault`] with the entry that is missing or out of its place.
    pub fn expect(&self, seq: i64) -> Result<(), AuditFault> {
        let next = self.seq.saturating_add(1);
        match seq.cmp(&next) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(AuditFault { at: next, what: AuditFaultKind::Missing }),
            // One that is not after the last can only lie before the first.
            std::cmp::Ordering::Less => Err(AuditFault { at: seq, what: AuditFaultKind::Unchained }),
        }
    }
}
