//! SQLite: opening, and running a statement.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Arguments, SqlStr, SqliteExecutor, SqlitePool};

use super::column::Row;
use super::database::{Database, OpenError, Reader, Writer};
use super::group::GroupWriter;
use super::migrations;
use super::query::{Fetch, Fetched, Query, Value};

/// Connections that only read.
const READERS: u32 = 4;
/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long a statement waits for another process's lock.
const BUSY: Duration = Duration::from_secs(5);

/// A statement with its values, which can be handed to the writer.
pub(super) struct Statement {
    text: SqlStr,
    arguments: SqliteArguments,
}

/// Opens or makes the file and applies the migrations that are missing.
pub(super) async fn open(path: &Path) -> Result<Database, OpenError> {
    make_private(path).map_err(|error| OpenError::Unreadable(path.into(), error.to_string()))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true);
    let write = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options.clone())
        .await
        .map_err(|error| classify(path, &error))?;
    check_integrity(&write).await.map_err(|error| classify(path, &error))?.ok_or(OpenError::Damaged(path.into()))?;
    migrations::sqlite().run(&write).await.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
            OpenError::Newer(path.display().to_string())
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => classify(path, &error),
        other => OpenError::Unreadable(path.into(), other.to_string()),
    })?;
    let write = write.acquire().await.map_err(|error| classify(path, &error))?.detach();
    let read = SqlitePoolOptions::new()
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE)
        .connect_with(options.read_only(true))
        .await
        .map_err(|error| classify(path, &error))?;
    Ok(Database { read: Reader::Sqlite(read), write: Writer::Sqlite(GroupWriter::start(write)) })
}

impl Statement {
    /// Copies the values of a query.
    pub(super) fn new(query: Query<'_>) -> Result<Self, sqlx::Error> {
        let mut arguments = SqliteArguments::default();
        for value in query.values {
            match value {
                Value::Bytes(bytes) => Arguments::add(&mut arguments, bytes.as_deref()),
                Value::Integer(number) => Arguments::add(&mut arguments, number),
                Value::Text(text) => Arguments::add(&mut arguments, text.as_deref()),
            }
            .map_err(sqlx::Error::Encode)?;
        }
        Ok(Self { text: query.text, arguments })
    }
}

/// Runs one statement.
pub(super) async fn run(
    on: impl SqliteExecutor<'_>,
    statement: Statement,
    fetch: Fetch,
) -> Result<Fetched, sqlx::Error> {
    let statement = sqlx::query_with(statement.text, statement.arguments);
    Ok(match fetch {
        Fetch::All => Fetched::of(statement.fetch_all(on).await?.into_iter().map(Row::Sqlite)),
        Fetch::First => Fetched::of(statement.fetch_optional(on).await?.map(Row::Sqlite)),
        Fetch::Nothing => Fetched { changed: statement.execute(on).await?.rows_affected(), ..Fetched::default() },
    })
}

/// Makes an empty file that only its owner can read; the database's other files take its permissions.
fn make_private(path: &Path) -> std::io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// `None` when the file's own structure check finds a fault.
async fn check_integrity(pool: &SqlitePool) -> Result<Option<()>, sqlx::Error> {
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(pool).await?;
    Ok((verdict == "ok").then_some(()))
}

fn classify(path: &Path, error: &sqlx::Error) -> OpenError {
    const NOT_A_DATABASE: &str = "26";
    const CORRUPT: &str = "11";
    let damaged = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == NOT_A_DATABASE || code == CORRUPT);
    if damaged { OpenError::Damaged(path.into()) } else { OpenError::Unreadable(path.into(), error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sql::query;

    #[tokio::test]
    async fn opens_again_what_it_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        open(&path).await.unwrap().close().await;
        open(&path).await.unwrap().close().await;
    }

    #[tokio::test]
    async fn refuses_a_file_that_is_not_a_database_and_leaves_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        let garbage = vec![0x5a; 8192];
        std::fs::write(&path, &garbage).unwrap();
        assert!(matches!(open(&path).await, Err(OpenError::Damaged(_))));
        assert_eq!(std::fs::read(&path).unwrap(), garbage);
    }

    #[tokio::test]
    async fn refuses_a_database_of_a_newer_release() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        let db = open(&path).await.unwrap();
        let later = query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'later', TRUE, x'00', 0)",
        );
        later.execute(&db.write).await.unwrap();
        db.close().await;
        assert!(matches!(open(&path).await, Err(OpenError::Newer(_))));
    }
}
