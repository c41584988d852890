//! A part of a long list.

use crate::storage::ListPart;

/// Which part of a list: so many records after the one named, in the order of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The id (for the audit log: the number) of the last record seen; `None` starts at the beginning.
    pub after: Option<String>,
    /// How many at most; what is above [`MAX`](Self::MAX) counts as that.
    pub limit: u32,
}

impl Page {
    /// The most records of a page.
    pub const MAX: u32 = 1000;

    /// The first records of a list.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }

    /// The records after this one.
    #[must_use]
    pub fn after(last: impl Into<String>, limit: u32) -> Self {
        Self { after: Some(last.into()), limit }
    }

    pub(super) fn part(&self) -> ListPart<'_> {
        ListPart { after: self.after.as_deref(), limit: self.limit.min(Self::MAX) }
    }
}
