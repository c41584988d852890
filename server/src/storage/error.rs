//! What storage can fail with.

use std::fmt;

use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteError;

/// A storage operation that did not happen.
#[derive(Debug)]
pub struct StorageError {
    kind: StorageErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageErrorKind {
    /// A stored record does not read back as what it must be, or the file of the database is damaged.
    Corrupt,
    /// The database did not answer, is full or cannot be written.
    Unavailable,
}

impl StorageError {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> StorageErrorKind {
        self.kind
    }

    pub(crate) fn unavailable() -> Self {
        Self { kind: StorageErrorKind::Unavailable, source: None }
    }

    pub(crate) fn corrupt() -> Self {
        Self { kind: StorageErrorKind::Corrupt, source: None }
    }

    /// Whether another transaction stood in the way: nothing happened, and the same again may well succeed.
    pub(crate) fn is_contended(&self) -> bool {
        // A row came to be referred to, or went, after it was looked at.
        const FOREIGN_KEY_VIOLATION: &str = "23503";
        self.is_outrun() || self.has_code(&[FOREIGN_KEY_VIOLATION])
    }

    /// The same, where rows that are referred to are written in the same transaction: only what another one caused.
    pub(crate) fn is_outrun(&self) -> bool {
        const SERIALIZATION_FAILURE: &str = "40001";
        const DEADLOCK_DETECTED: &str = "40P01";
        self.has_code(&[SERIALIZATION_FAILURE, DEADLOCK_DETECTED])
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        let error = self.source.as_ref().and_then(|source| source.downcast_ref::<sqlx::Error>());
        let code = error.and_then(sqlx::Error::as_database_error).and_then(DatabaseError::code);
        code.is_some_and(|code| codes.contains(&&*code))
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StorageErrorKind::Corrupt => "a stored record is damaged: if it is met again, restore a backup",
            StorageErrorKind::Unavailable => "the database is not available",
        })
    }
}

impl std::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        let kind = match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StorageErrorKind::Corrupt,
            ref error if is_damage(error) => StorageErrorKind::Corrupt,
            _ => StorageErrorKind::Unavailable,
        };
        Self { kind, source: Some(Box::new(error)) }
    }
}

impl From<redis::RedisError> for StorageError {
    fn from(error: redis::RedisError) -> Self {
        Self { kind: StorageErrorKind::Unavailable, source: Some(Box::new(error)) }
    }
}

/// Whether SQLite found its file damaged, or no database at all.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    const CORRUPT: u32 = 11;
    const NOT_A_DATABASE: u32 = 26;
    let error = error.as_database_error().and_then(|error| error.try_downcast_ref::<SqliteError>());
    let code = error.and_then(DatabaseError::code);
    // The low byte is the kind; what stands above it tells kinds of that kind apart.
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| matches!(code & 0xff, CORRUPT | NOT_A_DATABASE))
}
