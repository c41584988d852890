//! Storing everything of a file in an empty database, or nothing of it.

use time::OffsetDateTime;

use super::cell::Cell;
use super::file::{ExportFile, ImportError};
use super::rows::FileRow;
use super::tables::{TABLES, Table};
use crate::storage::sql::database::{Database, Transaction};
use crate::storage::sql::query::{query_built, query_scalar_built};
use crate::storage::sql::{query, query_scalar, secret_keys};
use crate::storage::{KeyUse, StorageError};

/// An import that nobody sees before its [`commit`](Self::commit); dropped before, it has changed nothing.
pub struct Importing {
    tx: Transaction,
}

/// Tables that a new database may have rows in, which the file's take the place of.
const REPLACED: [&str; 2] = ["audit_head", "secret_key_checks"];
/// Values of one statement: PostgreSQL takes 65,535, SQLite 32,766.
const MAX_VALUES: usize = 20_000;
/// Rows of one statement.
const MAX_ROWS: usize = 500;

impl Importing {
    /// Begins, if the database holds no record.
    ///
    /// # Errors
    ///
    /// [`ImportError::NotEmpty`], [`ImportError::Storage`].
    pub async fn begin(database: &Database) -> Result<Self, ImportError> {
        let mut tx = database.write.begin().await?;
        // Before the first look at the data, so that of two imports at once the second sees the first.
        tx.take_turn().await?;
        if let Transaction::Postgres(_) = tx {
            for bound in ["SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0"] {
                query(bound).execute(&mut tx).await?;
            }
        }
        for table in TABLES.iter().filter(|table| !REPLACED.contains(&table.name)) {
            let found = query_scalar_built(format!("SELECT CAST(1 AS BIGINT) FROM {} LIMIT 1", table.name));
            let found: Option<i64> = found.fetch_optional(&mut tx).await?;
            if found.is_some() {
                return Err(ImportError::NotEmpty(table.name));
            }
        }
        let entries: i64 = query_scalar("SELECT seq FROM audit_head WHERE id = 1").fetch_one(&mut tx).await?;
        if entries != 0 {
            return Err(ImportError::NotEmpty("audit_head"));
        }
        for name in REPLACED {
            query_built(format!("DELETE FROM {name}")).execute(&mut tx).await?;
        }
        Ok(Self { tx })
    }

    /// Stores every row of a file, and has numbers that the database gives go on behind them.
    ///
    /// # Errors
    ///
    /// [`ImportError`] as its variants say.
    pub async fn store(&mut self, file: &ExportFile) -> Result<(), ImportError> {
        let mut rows = file.open()?;
        let mut batch: Vec<FileRow> = Vec::new();
        while let Some(row) = rows.next_row()? {
            let full = batch.first().is_some_and(|first| first.at != row.at || batch.len() == capacity(first.table));
            if full {
                self.insert(std::mem::take(&mut batch)).await?;
            }
            batch.push(row);
        }
        self.insert(batch).await?;
        file.confirm(&rows)?;
        self.count_on().await
    }

    /// How many records need which version of a secret of the key file.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when the database did not answer.
    pub async fn key_uses(&mut self, now: OffsetDateTime) -> Result<Vec<KeyUse>, StorageError> {
        let mut uses = Vec::new();
        for (kind, query) in secret_keys::uses(now) {
            uses.extend(secret_keys::read_uses(kind, &query.fetch_all(&mut self.tx).await?)?);
        }
        Ok(uses)
    }

    /// Makes it happen; when this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// [`ImportError::Contended`], [`ImportError::Storage`].
    pub async fn commit(self) -> Result<(), ImportError> {
        self.tx.commit().await.map_err(|error| match error {
            contended if contended.is_outrun() => ImportError::Contended,
            other => other.into(),
        })
    }

    async fn insert(&mut self, batch: Vec<FileRow>) -> Result<(), ImportError> {
        let (Some(first), Some(last)) = (batch.first(), batch.last()) else { return Ok(()) };
        let (table, from, to) = (first.table, first.line, last.line);
        let overriding = if let Transaction::Postgres(_) = self.tx { " OVERRIDING SYSTEM VALUE" } else { "" };
        let columns = table.columns.len();
        let places = |row: usize| {
            let places: Vec<_> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<_> = (0..batch.len()).map(places).collect();
        let mut query = query_built(format!("{} VALUES {}", table.insert(overriding), rows.join(", ")));
        query.values = batch.into_iter().flat_map(|row| row.cells).map(Cell::into_value).collect();
        query.execute(&mut self.tx).await.map(drop).map_err(|error| refused(from, to, error))
    }

    /// SQLite goes on behind the highest number by itself.
    async fn count_on(&mut self) -> Result<(), ImportError> {
        let Transaction::Postgres(_) = self.tx else { return Ok(()) };
        for table in TABLES.iter().filter(|table| table.numbered) {
            let name = table.name;
            let text = format!(
                "SELECT setval(pg_get_serial_sequence('{name}', 'id'), MAX(id)) FROM {name} HAVING MAX(id) IS NOT NULL"
            );
            query_built(text).fetch_optional(&mut self.tx).await?;
        }
        Ok(())
    }
}

fn capacity(table: &Table) -> usize {
    (MAX_VALUES / table.columns.len().max(1)).min(MAX_ROWS)
}

fn refused(from: u64, to: u64, error: StorageError) -> ImportError {
    if error.is_outrun() {
        return ImportError::Contended;
    }
    match std::error::Error::source(&error) {
        Some(source) => ImportError::Refused(from, to, source.to_string()),
        None => error.into(),
    }
}
