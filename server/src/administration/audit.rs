//! Reading and checking the audit log.

use super::{Administration, Error, Page};
use crate::account::{AuditEntry, AuditFault, AuditFaultKind, AuditHead, MerchantId};
use crate::storage::{AuditFilter, AuditLink, StorageError};

/// A log whose every entry is there, in order and as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditReport {
    /// How many entries.
    pub entries: i64,
    /// The newest: worth noting outside the database.
    pub head: AuditHead,
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
        let before = match page.after.as_deref() {
            None => None,
            Some(last) => Some(last.parse().map_err(|_| Error::Invalid("page"))?),
        };
        Ok(self.directory.audit_entries(merchant, before, page.part().limit).await?)
    }

    /// The entries about a merchant, or all, that fit a filter, newest first; `before` goes on behind a page.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn audit_filtered(
        &self,
        merchant: Option<&MerchantId>,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, Error> {
        Ok(self.directory.find_audit_entries(merchant, filter, before, limit.min(Page::MAX)).await?)
    }

    /// Walks the whole chain.
    ///
    /// # Errors
    ///
    /// [`AuditError::Broken`] with the first place that is not as it was written.
    pub async fn verify_audit(&self) -> Result<AuditReport, AuditError> {
        self.walk(None).await
    }

    /// As [`verify_audit`](Self::verify_audit), and against a head that was noted before: that entry must be there and
    /// be the same. Only this notices a log that was rewritten or cut as a whole, its end included. Of the heads without
    /// an entry only [`AuditHead::EMPTY`] is one that can have been noted.
    ///
    /// # Errors
    ///
    /// As [`verify_audit`](Self::verify_audit).
    pub async fn verify_audit_against(&self, noted: &AuditHead) -> Result<AuditReport, AuditError> {
        // No entry has such a number, so nothing would be compared.
        if noted.seq <= 0 && *noted != AuditHead::EMPTY {
            return Err(AuditFault { at: noted.seq, what: AuditFaultKind::NotAsNoted }.into());
        }
        self.walk(Some(noted)).await
    }

    /// The entries about a merchant, or all, as JSON lines.
    #[must_use]
    pub fn export_audit(&self, merchant: Option<MerchantId>) -> AuditExport {
        AuditExport { administration: self.clone(), merchant, after: i64::MIN }
    }

    async fn walk(&self, noted: Option<&AuditHead>) -> Result<AuditReport, AuditError> {
        // Read first: what is written meanwhile lies behind this head and is not looked at.
        let end = self.directory.audit_head().await?;
        let mut head = AuditHead::EMPTY;
        let mut after = i64::MIN;
        while head.seq < end.seq || after == i64::MIN {
            let links = self.directory.audit_links(after, Page::MAX).await?;
            if links.is_empty() {
                break;
            }
            for link in links.iter().take_while(|link| link.seq() <= end.seq) {
                head = follow(&head, link)?;
                check_noted(&head, noted)?;
            }
            after = links.last().map_or(after, AuditLink::seq);
        }
        let fault = |at, what| Err(AuditFault { at, what }.into());
        if head.seq < end.seq {
            return fault(head.seq.saturating_add(1), AuditFaultKind::Missing);
        }
        if head.hash != end.hash {
            return fault(end.seq, AuditFaultKind::NotAsNoted);
        }
        let behind = self.directory.audit_links(end.seq, 1).await?;
        // The head is read after them: an honest writer moved it together with the entry.
        if let (Some(link), true) = (behind.first(), self.directory.audit_head().await?.seq == end.seq) {
            return fault(link.seq(), AuditFaultKind::BehindTheEnd);
        }
        if let Some(noted) = noted.filter(|noted| noted.seq > head.seq) {
            return fault(noted.seq, AuditFaultKind::Missing);
        }
        Ok(AuditReport { entries: head.seq, head })
    }
}

fn follow(head: &AuditHead, link: &AuditLink) -> Result<AuditHead, AuditFault> {
    match link {
        AuditLink::Unreadable(at) => {
            head.expect(*at)?;
            Err(AuditFault { at: *at, what: AuditFaultKind::Altered })
        }
        AuditLink::Readable(entry) => head.after(entry),
    }
}

fn check_noted(head: &AuditHead, noted: Option<&AuditHead>) -> Result<(), AuditFault> {
    match noted {
        Some(noted) if noted.seq == head.seq && noted.hash != head.hash => {
            Err(AuditFault { at: head.seq, what: AuditFaultKind::NotAsNoted })
        }
        _ => Ok(()),
    }
}

impl AuditExport {
    /// The next lines, each ended; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer or an entry does not read.
    pub async fn next_lines(&mut self) -> Result<Option<String>, StorageError> {
        let directory = &self.administration.directory;
        let links = match &self.merchant {
            None => directory.audit_links(self.after, Page::MAX).await?,
            Some(merchant) => directory.audit_links_of(merchant, self.after, Page::MAX).await?,
        };
        let Some(last) = links.last() else { return Ok(None) };
        self.after = last.seq();
        let mut lines = String::new();
        for link in &links {
            let AuditLink::Readable(entry) = link else { return Err(StorageError::corrupt()) };
            lines.push_str(&entry.to_json());
            lines.push('\n');
        }
        Ok(Some(lines))
    }
}
