//! SQLite: opening, and running a statement.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Arguments, Connection, SqlStr, SqliteConnection, SqliteExecutor, SqlitePool};

use super::column::Row;
use super::database::{Database, OpenError, Reader, Writer};
use super::group::GroupWriter;
use super::migrations;
use super::query::{Fetch, Fetched, Query, Value};
use super::schema::{self, SchemaStep};
use crate::storage::error::is_damage;

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
pub(super) async fn open(path: &Path) -> Result<(Database, Vec<SchemaStep>), OpenError> {
    make_private(path).map_err(|error| unusable(path, &error))?;
    let check = Check::for_file(path).map_err(|error| OpenError::Unreadable(path.into(), error.to_string()))?;
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
    let sound = check.finds_sound(&write).await.map_err(|error| classify(path, &error))?;
    if !sound {
        return Err(OpenError::Damaged(path.into()));
    }
    let mut write = write.acquire().await.map_err(|error| classify(path, &error))?.detach();
    let begun = is_begun(&mut write).await.map_err(|error| classify(path, &error))?;
    let steps = schema::update(&mut write, &migrations::sqlite(), begun).await.map_err(|error| told(path, error))?;
    let read = SqlitePoolOptions::new()
        .max_connections(READERS)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(ACQUIRE)
        .connect_with(options.read_only(true))
        .await
        .map_err(|error| classify(path, &error))?;
    Ok((Database { read: Reader::Sqlite(read), write: Writer::Sqlite(GroupWriter::start(write)) }, steps))
}

/// Opens a file that is there for a long look, beside a server that may use it, and says how far its schema is.
pub(super) async fn look(path: &Path) -> Result<(SqliteConnection, Vec<SchemaStep>), OpenError> {
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).read_only(true);
    let opened = SqliteConnection::connect_with(&options).await;
    let mut connection = opened.map_err(|error| classify(path, &error))?;
    let begun = is_begun(&mut connection).await.map_err(|error| classify(path, &error))?;
    let steps = schema::standing(&mut connection, &migrations::sqlite(), begun).await;
    Ok((connection, steps.map_err(|error| told(path, error))?))
}

async fn is_begun(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let tables: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'")
            .fetch_one(connection)
            .await?;
    Ok(tables == 1)
}

fn told(path: &Path, error: MigrateError) -> OpenError {
    schema::told(path.display().to_string(), error, |_, error| classify(path, error))
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

/// How much of a file is looked at before it is used.
#[derive(Debug, PartialEq, Eq)]
enum Check {
    /// Every page.
    Whole,
    /// Whether all pages are there, and the pages of the schema; of so many bytes.
    Extent(u64),
}

impl Check {
    /// Up to this size, in bytes, every page is looked at: that takes a fraction of a second.
    const ALWAYS_WHOLE: u64 = 64 * 1024 * 1024;

    /// A larger file is looked at as a whole only after an unclean stop, which leaves a write-ahead log behind: reading
    /// gigabytes would hold up every start. A damaged page of it that is met later fails the request that meets it.
    fn for_file(path: &Path) -> std::io::Result<Self> {
        let len = std::fs::metadata(path)?.len();
        let stopped_uncleanly = std::fs::metadata(with_suffix(path, "-wal")).is_ok_and(|log| log.len() > 0);
        Ok(if len <= Self::ALWAYS_WHOLE || stopped_uncleanly { Self::Whole } else { Self::Extent(len) })
    }

    async fn finds_sound(&self, pool: &SqlitePool) -> Result<bool, sqlx::Error> {
        match self {
            Self::Whole => {
                let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(pool).await?;
                Ok(verdict == "ok")
            }
            Self::Extent(len) => {
                let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(pool).await?;
                let size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(pool).await?;
                let verdict: String = sqlx::query_scalar("PRAGMA quick_check(sqlite_schema)").fetch_one(pool).await?;
                let stated = pages.checked_mul(size).and_then(|bytes| u64::try_from(bytes).ok());
                Ok(stated == Some(*len) && verdict == "ok")
            }
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn classify(path: &Path, error: &sqlx::Error) -> OpenError {
    const READ_ONLY: u32 = 8;
    const CANNOT_OPEN: u32 = 14;
    match code(error) {
        _ if is_damage(error) => OpenError::Damaged(path.into()),
        Some(READ_ONLY) => OpenError::ReadOnly(path.into()),
        // SQLite does not say why; the system does.
        Some(CANNOT_OPEN) => match OpenOptions::new().write(true).open(path) {
            Err(error) => unusable(path, &error),
            Ok(_) => OpenError::Unreadable(path.into(), error.to_string()),
        },
        _ => OpenError::Unreadable(path.into(), error.to_string()),
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> OpenError {
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => OpenError::ReadOnly(path.into()),
        _ => OpenError::Unreadable(path.into(), error.to_string()),
    }
}

/// The kind of a failure as SQLite numbers it.
fn code(error: &sqlx::Error) -> Option<u32> {
    let code = error.as_database_error().and_then(DatabaseError::code)?;
    // The low byte is the kind; what stands above it tells kinds of that kind apart.
    code.parse::<u32>().ok().map(|code| code & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::sql::{query, query_scalar};

    #[tokio::test]
    async fn opens_again_what_it_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        open(&path).await.unwrap().0.close().await;
        open(&path).await.unwrap().0.close().await;
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
    async fn secrets_outlive_the_wider_check_of_their_purpose() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let old = SqlitePool::connect_with(options).await.unwrap();
        migrations::sqlite_before("webhooks").run(&old).await.unwrap();
        for statement in [
            "INSERT INTO merchants (id, name, status, domains, methods, currency, created_at) \
             VALUES ('MCH-COL-7QX2Z', '', 'active', '', '', 'COP', 0)",
            "INSERT INTO sealed_secrets (id, purpose, merchant_id, mode, key_version, sealed, created_at, revoked_at) \
             VALUES ('A00000000001', 'webhook', 'MCH-COL-7QX2Z', 'test', 3, x'0102', 4, 5)",
        ] {
            sqlx::query(statement).execute(&old).await.unwrap();
        }
        old.close().await;

        let (db, _) = open(&path).await.unwrap();
        let kept = query("SELECT * FROM sealed_secrets").fetch_one(&db.read).await.unwrap();
        assert_eq!(kept.try_get::<String, _>("purpose").unwrap(), "webhook");
        assert_eq!(kept.try_get::<Vec<u8>, _>("sealed").unwrap(), [1, 2]);
        let numbers = ["key_version", "created_at", "retiring_until", "revoked_at"]
            .map(|column| kept.try_get::<Option<i64>, _>(column).unwrap());
        assert_eq!(numbers, [Some(3), Some(4), None, Some(5)]);
        db.close().await;
    }

    /// A database of more than 64 MiB that was stopped cleanly.
    async fn large(path: &Path) {
        let (db, _) = open(path).await.unwrap();
        query("CREATE TABLE large AS SELECT zeroblob(68000000) AS filler").execute(&db.write).await.unwrap();
        db.close().await;
    }

    #[tokio::test]
    async fn a_large_file_is_looked_at_as_a_whole_after_an_unclean_stop_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        open(&path).await.unwrap().0.close().await;
        assert_eq!(Check::for_file(&path).unwrap(), Check::Whole);
        large(&path).await;
        assert!(matches!(Check::for_file(&path).unwrap(), Check::Extent(_)));
        let (db, _) = open(&path).await.unwrap();
        query("UPDATE audit_head SET seq = seq + 1").execute(&db.write).await.unwrap();
        assert_eq!(Check::for_file(&path).unwrap(), Check::Whole, "it would be one if it died now");
        db.close().await;
        assert!(matches!(Check::for_file(&path).unwrap(), Check::Extent(_)));
    }

    #[tokio::test]
    async fn refuses_a_large_file_that_was_cut_or_whose_schema_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        large(&path).await;
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        let len = file.metadata().unwrap().len();
        for cut in [len - 4096, len - 1, Check::ALWAYS_WHOLE + 4096] {
            file.set_len(cut).unwrap();
            assert!(matches!(open(&path).await, Err(OpenError::Damaged(_))), "cut at {cut} of {len}");
        }
        file.set_len(len).unwrap();
        open(&path).await.unwrap().0.close().await;
        // Behind the header of the file stands the first page of the schema.
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 64], 100).unwrap();
        assert!(matches!(open(&path).await, Err(OpenError::Damaged(_))));
    }

    #[tokio::test]
    async fn a_damaged_page_that_is_met_later_fails_the_request_that_meets_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        let (db, _) = open(&path).await.unwrap();
        let roots: Vec<i64> = query_scalar("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'merchants'")
            .fetch_all(&db.read)
            .await
            .unwrap();
        db.close().await;
        large(&path).await;
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        for root in roots {
            let page = u64::try_from(root - 1).unwrap() * 4096;
            std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 4096], page).unwrap();
        }
        let (db, _) = open(&path).await.unwrap();
        let met = crate::storage::Vault::merchants(&db).await.unwrap_err();
        assert_eq!(met.kind(), crate::storage::StorageErrorKind::Corrupt);
    }

    #[tokio::test]
    async fn a_transaction_that_the_database_ended_does_not_end_all_writes() {
        // Ends the transaction from inside, as a COMMIT on a full disk does.
        const END: &str = "INSERT OR ROLLBACK INTO audit_head SELECT * FROM audit_head";
        let dir = tempfile::tempdir().unwrap();
        let (db, _) = open(&dir.path().join("tollgate.db")).await.unwrap();
        let commit = || db.transaction(|tx| async move { tx.commit().await });
        query(END).execute(&db.write).await.unwrap_err();
        for _ in 0..3 {
            commit().await.unwrap();
        }
        let ended = db.transaction(|mut tx| async move {
            query(END).execute(&mut tx).await?;
            tx.commit().await
        });
        ended.await.unwrap_err();
        for _ in 0..3 {
            commit().await.unwrap();
        }
    }

    #[tokio::test]
    async fn refuses_a_database_of_a_newer_release() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        let (db, _) = open(&path).await.unwrap();
        let later = query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'later', TRUE, x'00', 0)",
        );
        later.execute(&db.write).await.unwrap();
        db.close().await;
        assert!(matches!(open(&path).await, Err(OpenError::Newer(_))));
    }
}
