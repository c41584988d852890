//! The records as administration changes them.

/// Every record that administration changes, with the log of the changes.
pub trait Directory: Send + Sync {}
