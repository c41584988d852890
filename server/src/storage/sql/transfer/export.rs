//! Writing everything to a file, as it was at one moment.

use std::io::Write;
use std::path::Path;

use futures_util::TryStreamExt as _;
use ring::digest::{Context, SHA256};
use serde::Serialize;
use serde_json::Value as Json;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Executor};

use super::cell::Cell;
use super::document::{Header, MAX_LINE, Trailer};
use super::tables::{TABLES, Table};
use crate::account::AuditHead;
use crate::hex::hex;
use crate::storage::StorageError;
use crate::storage::sql::database::OpenError;
use crate::storage::sql::schema::is_current;
use crate::storage::sql::{Row, postgres, sqlite};

/// A database that is read as it was at one moment; reading and writing go on meanwhile.
pub struct Source(View);

enum View {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// How many rows.
    pub rows: u64,
    /// The SHA-256 of every byte before the last line, in hex.
    pub sha256: String,
    /// The newest entry of the log of changes.
    pub audit_head: AuditHead,
}

/// Not everything was written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A row does not fit into a line.
    #[error("a row of {0} is longer than a line of an export may be")]
    TooLong(&'static str),
    /// A table could not be read.
    #[error("the table {0} could not be read: {1}")]
    Table(&'static str, StorageError),
    /// The file could not be written.
    #[error("the export could not be written: {0}")]
    Unwritable(std::io::Error),
    /// The database did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Lines, with the digest of what was written so far.
struct Lines<'o> {
    out: &'o mut (dyn Write + Send),
    digest: Context,
    line: Vec<u8>,
}

impl Source {
    /// A SQLite file, which a server may use meanwhile. Its schema must be that of this release: nothing is changed.
    ///
    /// # Errors
    ///
    /// [`OpenError`] as its variants say.
    pub async fn sqlite(path: &Path) -> Result<Self, OpenError> {
        let (connection, steps) = sqlite::look(path).await?;
        if is_current(&steps) { Ok(Self(View::Sqlite(connection))) } else { Err(outdated(path.display().to_string())) }
    }

    /// A PostgreSQL database, which nodes may use meanwhile. Its schema must be that of this release: nothing is changed.
    ///
    /// # Errors
    ///
    /// [`OpenError`] as its variants say.
    pub async fn postgres(url: &str) -> Result<Self, OpenError> {
        let (connection, steps) = postgres::look(url).await?;
        if is_current(&steps) { Ok(Self(View::Postgres(connection))) } else { Err(outdated("the database".to_owned())) }
    }

    /// Writes every row.
    ///
    /// # Errors
    ///
    /// [`ExportError`] as its variants say; what was written then ends without its last line.
    pub async fn export(mut self, out: &mut (dyn Write + Send)) -> Result<Exported, ExportError> {
        match &mut self.0 {
            View::Postgres(connection) => {
                run(&mut *connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                // Between two rows lies what it takes to write one down.
                run(&mut *connection, "SET LOCAL idle_in_transaction_session_timeout = 0").await?;
            }
            View::Sqlite(connection) => run(&mut *connection, "BEGIN").await?,
        }
        let mut counts = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            let mut count = None;
            let text = format!("SELECT COUNT(*) FROM {}", table.name);
            self.each(table, text, |row| {
                count = Some(row.try_get::<i64, _>(0)?);
                Ok(())
            })
            .await?;
            counts.push(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default());
        }
        let mut lines = Lines { out, digest: Context::new(&SHA256), line: Vec::new() };
        lines.write("header", &Header::new(&counts))?;
        let mut audit_head = AuditHead::EMPTY;
        let mut rows = 0;
        for table in TABLES {
            rows += self.table(table, &mut lines, &mut audit_head).await?;
        }
        let sha256 = hex(lines.digest.clone().finish().as_ref());
        lines.write("end", &Trailer { rows, sha256: sha256.clone() })?;
        lines.out.flush().map_err(ExportError::Unwritable)?;
        Ok(Exported { rows, sha256, audit_head })
    }

    /// Writes the rows of a table and counts them.
    async fn table(
        &mut self,
        table: &'static Table,
        lines: &mut Lines<'_>,
        audit_head: &mut AuditHead,
    ) -> Result<u64, ExportError> {
        let text = table.select(match self.0 {
            View::Postgres(_) => " COLLATE \"C\"",
            View::Sqlite(_) => "",
        });
        let mut rows = 0;
        let mut written = Ok(());
        let read = self.each(table, text, |row| {
            let mut values = vec![Json::String(table.name.to_owned())];
            for (place, column) in table.columns.iter().enumerate() {
                values.push(Cell::read(row, place, column)?.to_json());
            }
            if table.name == "audit_head" {
                let hash = row.try_get::<&[u8], _>("hash")?.try_into().map_err(|_| StorageError::corrupt())?;
                *audit_head = AuditHead { seq: row.try_get("seq")?, hash };
            }
            rows += 1;
            if written.is_ok() {
                written = lines.write(table.name, &values);
            }
            // Nothing more is read for a file that takes nothing more.
            written.as_ref().map_err(|_| StorageError::unavailable()).copied()
        });
        let read = read.await;
        written?;
        read?;
        Ok(rows)
    }

    /// Runs a statement and hands over each row.
    async fn each(
        &mut self,
        table: &'static Table,
        text: String,
        mut take: impl FnMut(&Row) -> Result<(), StorageError>,
    ) -> Result<(), ExportError> {
        let told = |error: StorageError| ExportError::Table(table.name, error);
        // Made of the names in the list of tables: no value is in the text.
        let statement = sqlx::query(AssertSqlSafe(text.clone()));
        match &mut self.0 {
            View::Postgres(connection) => {
                let mut rows = statement.fetch(connection);
                while let Some(row) = rows.try_next().await.map_err(|error| told(error.into()))? {
                    take(&Row::Postgres(row)).map_err(told)?;
                }
            }
            View::Sqlite(connection) => {
                let statement = sqlx::query(AssertSqlSafe(text));
                let mut rows = statement.fetch(connection);
                while let Some(row) = rows.try_next().await.map_err(|error| told(error.into()))? {
                    take(&Row::Sqlite(row)).map_err(told)?;
                }
            }
        }
        Ok(())
    }
}

impl Lines<'_> {
    fn write(&mut self, what: &'static str, value: &impl Serialize) -> Result<(), ExportError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value).map_err(|error| ExportError::Unwritable(error.into()))?;
        self.line.push(b'\n');
        if self.line.len() > MAX_LINE {
            return Err(ExportError::TooLong(what));
        }
        self.digest.update(&self.line);
        self.out.write_all(&self.line).map_err(ExportError::Unwritable)
    }
}

async fn run(connection: impl Executor<'_>, statement: &'static str) -> Result<(), StorageError> {
    connection.execute(statement).await?;
    Ok(())
}

fn outdated(name: String) -> OpenError {
    OpenError::Outdated(name)
}
