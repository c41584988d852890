//! Opening the database file and bringing it up to date.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqlitePool};

use crate::storage::StorageError;

/// A handle on the database file.
///
/// Writes go through one connection, so that they queue here and not as locks in the file; reads have their own.
/// SQLite ends a transaction by itself when the disk is full or fails; the ROLLBACK after it is then an error, and sqlx
/// goes on to count the transaction as open. Such a connection is replaced before the next write, which would fail.
#[derive(Debug, Clone)]
pub struct Sqlite {
    pub(super) read: SqlitePool,
    pub(super) write: SqlitePool,
}

/// The database could not be opened; nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file is not a database, or is damaged.
    #[error("{path} is damaged or not a database: restore it from a backup, or move it away to start anew", path = .0.display())]
    Damaged(PathBuf),
    /// The file was written by a newer release.
    #[error("{path} was written by a newer release of tollgate: use that release, or restore a backup", path = .0.display())]
    Newer(PathBuf),
    /// The file cannot be read or written.
    #[error("{path} cannot be opened: {1}", path = .0.display())]
    Unreadable(PathBuf, String),
}

impl Sqlite {
    /// Connections that only read.
    const READERS: u32 = 4;
    /// How long a statement waits for another process's lock.
    const BUSY: Duration = Duration::from_secs(5);

    /// Opens or makes the file and applies the migrations that are missing.
    ///
    /// # Errors
    ///
    /// [`OpenError`] as its variants say.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        make_private(path).map_err(|error| OpenError::Unreadable(path.into(), error.to_string()))?;
        let check = Check::for_file(path).map_err(|error| OpenError::Unreadable(path.into(), error.to_string()))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Self::BUSY)
            .foreign_keys(true);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(5))
            .before_acquire(|connection, _| Box::pin(std::future::ready(Ok(!connection.is_in_transaction()))))
            .connect_with(options.clone())
            .await
            .map_err(|error| classify(path, &error))?;
        let sound = check.finds_sound(&write).await.map_err(|error| classify(path, &error))?;
        if !sound {
            return Err(OpenError::Damaged(path.into()));
        }
        migrate(&write, path, MIGRATIONS).await?;
        let read = SqlitePoolOptions::new()
            .max_connections(Self::READERS)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(Duration::from_secs(5))
            .connect_with(options.read_only(true))
            .await
            .map_err(|error| classify(path, &error))?;
        Ok(Self { read, write })
    }

    /// Closes every connection, which also empties the write-ahead log.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }

    /// Starts a write transaction that holds the write lock from its beginning.
    pub(super) async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, StorageError> {
        Ok(self.write.begin_with("BEGIN IMMEDIATE").await?)
    }
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

/// A migration: its number, its name and its statements.
type Step = (i64, &'static str, &'static str);

async fn migrate(pool: &SqlitePool, path: &Path, steps: &[Step]) -> Result<(), OpenError> {
    let migrations = steps
        .iter()
        .map(|(version, name, sql)| {
            let sql = sqlx::SqlStr::from_static(sql);
            Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
        })
        .collect();
    Migrator::with_migrations(migrations).run(pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => OpenError::Newer(path.into()),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => classify(path, &error),
        other => OpenError::Unreadable(path.into(), other.to_string()),
    })
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

/// Never edited once released; a change is a new entry.
const MIGRATIONS: &[Step] = &[
    (1, "foundation", include_str!("../../../migrations/0001_foundation.sql")),
    (2, "administration", include_str!("../../../migrations/0002_administration.sql")),
    (3, "webhooks", include_str!("../../../migrations/0003_webhooks.sql")),
    (4, "panel", include_str!("../../../migrations/0004_panel.sql")),
    (5, "secret_keys", include_str!("../../../migrations/0005_secret_keys.sql")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn opens_again_what_it_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        Sqlite::open(&path).await.unwrap().close().await;
        Sqlite::open(&path).await.unwrap().close().await;
    }

    #[tokio::test]
    async fn secrets_outlive_the_wider_check_of_their_purpose() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        let old = SqlitePool::connect_with(options).await.unwrap();
        let before_webhooks = MIGRATIONS.iter().position(|(_, name, _)| *name == "webhooks").unwrap();
        migrate(&old, &path, &MIGRATIONS[..before_webhooks]).await.unwrap();
        for statement in [
            "INSERT INTO merchants (id, name, status, domains, methods, currency, created_at) \
             VALUES ('MCH-COL-7QX2Z', '', 'active', '', '', 'COP', 0)",
            "INSERT INTO sealed_secrets (id, purpose, merchant_id, mode, key_version, sealed, created_at, revoked_at) \
             VALUES ('A00000000001', 'webhook', 'MCH-COL-7QX2Z', 'test', 3, x'0102', 4, 5)",
        ] {
            sqlx::query(statement).execute(&old).await.unwrap();
        }
        old.close().await;

        let db = Sqlite::open(&path).await.unwrap();
        let kept: (String, i64, Vec<u8>, i64, Option<i64>, Option<i64>) = sqlx::query_as(
            "SELECT purpose, key_version, sealed, created_at, retiring_until, revoked_at FROM sealed_secrets",
        )
        .fetch_one(&db.read)
        .await
        .unwrap();
        assert_eq!(kept, ("webhook".to_owned(), 3, vec![1, 2], 4, None, Some(5)));
        db.close().await;
    }

    #[tokio::test]
    async fn refuses_a_file_that_is_not_a_database_and_leaves_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        let garbage = vec![0x5a; 8192];
        std::fs::write(&path, &garbage).unwrap();
        assert!(matches!(Sqlite::open(&path).await, Err(OpenError::Damaged(_))));
        assert_eq!(std::fs::read(&path).unwrap(), garbage);
    }

    /// A database of more than 64 MiB that was stopped cleanly.
    async fn large(path: &Path) {
        let db = Sqlite::open(path).await.unwrap();
        sqlx::query("CREATE TABLE large AS SELECT zeroblob(68000000) AS filler").execute(&db.write).await.unwrap();
        db.close().await;
    }

    #[tokio::test]
    async fn a_large_file_is_looked_at_as_a_whole_after_an_unclean_stop_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        Sqlite::open(&path).await.unwrap().close().await;
        assert_eq!(Check::for_file(&path).unwrap(), Check::Whole);
        large(&path).await;
        assert!(matches!(Check::for_file(&path).unwrap(), Check::Extent(_)));
        let db = Sqlite::open(&path).await.unwrap();
        db.begin().await.unwrap().commit().await.unwrap();
        sqlx::query("UPDATE audit_head SET seq = seq + 1").execute(&db.write).await.unwrap();
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
            assert!(matches!(Sqlite::open(&path).await, Err(OpenError::Damaged(_))), "cut at {cut} of {len}");
        }
        file.set_len(len).unwrap();
        Sqlite::open(&path).await.unwrap().close().await;
        // Behind the header of the file stands the first page of the schema.
        std::os::unix::fs::FileExt::write_all_at(&file, &[0xff; 64], 100).unwrap();
        assert!(matches!(Sqlite::open(&path).await, Err(OpenError::Damaged(_))));
    }

    #[tokio::test]
    async fn a_transaction_that_the_database_ended_does_not_end_all_writes() {
        let dir = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&dir.path().join("tollgate.db")).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        // Ends the transaction from inside, as a COMMIT on a full disk does.
        let ended = sqlx::query("INSERT OR ROLLBACK INTO audit_head SELECT * FROM audit_head").execute(&mut *tx).await;
        assert!(ended.unwrap_err().as_database_error().unwrap().is_unique_violation());
        drop(tx);
        for _ in 0..3 {
            db.begin().await.unwrap().commit().await.unwrap();
        }
    }

    #[tokio::test]
    async fn refuses_a_database_of_a_newer_release() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tollgate.db");
        let db = Sqlite::open(&path).await.unwrap();
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'later', TRUE, x'00', 0)",
        )
        .execute(&db.write)
        .await
        .unwrap();
        db.close().await;
        assert!(matches!(Sqlite::open(&path).await, Err(OpenError::Newer(_))));
    }
}
