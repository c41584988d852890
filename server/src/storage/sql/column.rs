//! Rows of either engine, read by column.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Decode, Postgres, Sqlite, Type};

use crate::storage::StorageError;

/// One row of a result.
pub(super) enum Row {
    /// Of PostgreSQL.
    Postgres(PgRow),
    /// Of SQLite.
    Sqlite(SqliteRow),
}

/// What a column can be read as.
pub(super) trait Column<'r>: Sized {
    /// The type both engines know.
    type Stored: Decode<'r, Postgres> + Type<Postgres> + Decode<'r, Sqlite> + Type<Sqlite>;

    /// The value; a damaged record when it does not fit.
    fn from_stored(stored: Self::Stored) -> Result<Self, StorageError>;
}

impl Row {
    /// Reads a column by name or place.
    pub(super) fn try_get<'r, T, I>(&'r self, column: I) -> Result<T, StorageError>
    where
        T: Column<'r>,
        I: ColumnIndex<PgRow> + ColumnIndex<SqliteRow>,
    {
        let stored = match self {
            Self::Postgres(row) => sqlx::Row::try_get(row, column)?,
            Self::Sqlite(row) => sqlx::Row::try_get(row, column)?,
        };
        T::from_stored(stored)
    }
}

impl<'r, T: Column<'r>> Column<'r> for Option<T> {
    type Stored = Option<T::Stored>;

    fn from_stored(stored: Self::Stored) -> Result<Self, StorageError> {
        stored.map(T::from_stored).transpose()
    }
}

macro_rules! stored_as_itself {
    ($($type:ty),*) => {$(
        impl<'r> Column<'r> for $type
        where
            Self: 'r,
        {
            type Stored = Self;

            fn from_stored(stored: Self) -> Result<Self, StorageError> {
                Ok(stored)
            }
        }
    )*};
}

macro_rules! stored_as_integer {
    ($($type:ty),*) => {$(
        impl Column<'_> for $type {
            type Stored = i64;

            fn from_stored(stored: i64) -> Result<Self, StorageError> {
                stored.try_into().map_err(|_| StorageError::corrupt())
            }
        }
    )*};
}

stored_as_itself!(&'r [u8], &'r str, String, Vec<u8>, i64);
stored_as_integer!(u8, u16, u32);
