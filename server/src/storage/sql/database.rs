//! The handle on the database, and transactions that are right on both engines.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::{PgPool, SqlitePool};

use super::first_use::FirstUse;
use super::group::{GroupEnd, GroupWriter, Lease};
use super::query::{Executor, Fetch, Fetched, Query};
use super::schema::SchemaStep;
use super::{postgres, query, query_scalar, sqlite};
use crate::storage::{Claim, StorageError};

/// A handle on one SQLite file or one PostgreSQL database, up to date with the migrations.
#[derive(Debug, Clone)]
pub struct Database {
    pub(super) read: Reader,
    pub(super) write: Writer,
}

/// Connections for what only reads.
#[derive(Debug, Clone)]
pub(super) enum Reader {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// Connections for what changes something.
#[derive(Debug, Clone)]
pub(super) enum Writer {
    Postgres(PgPool),
    Sqlite(GroupWriter),
}

/// Statements that happen together or not at all; undone unless [`commit`](Self::commit) was called.
pub(super) enum Transaction {
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
    Sqlite(Lease),
}

/// When what a transaction saw is certain: also one that changes nothing may have seen what others change.
enum End {
    /// PostgreSQL shows what was committed.
    Seen,
    /// SQLite shows it the changes of those that share its commit.
    Shared(GroupEnd),
}

/// The database could not be opened; nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A step of its schema is not the one of this release.
    #[error(
        "step {1} of the schema of {0} is not the one of this release: it was made by a build that was not released, or \
         by hand. Use that build, or restore a backup"
    )]
    Altered(String, i64),
    /// The file is not a database, or is damaged.
    #[error("{path} is damaged or not a database: restore it from a backup, or move it away to start anew", path = .0.display())]
    Damaged(PathBuf),
    /// The server is on another machine and the connection would not prove which.
    #[error("{0}: a database server on another machine needs sslmode=verify-full in its URL")]
    Insecure(String),
    /// The database was written by a newer release.
    #[error("{0} was written by a newer release of tollgate: use that release, or restore a backup")]
    Newer(String),
    /// Its schema is that of an older release, and may not be changed by this user or this call.
    #[error("the schema of {0} is that of an older release: run tollgate migrate as a user that may change its tables")]
    Outdated(String),
    /// It can be read and not written.
    #[error(
        "{path} cannot be written: give the user that runs tollgate a file, a directory and a file system that it may \
         write to",
        path = .0.display()
    )]
    ReadOnly(PathBuf),
    /// The server does not answer, or refuses.
    #[error("{0} cannot be used: {1}")]
    Unreachable(String, String),
    /// The file cannot be read or written.
    #[error("{path} cannot be opened: {1}", path = .0.display())]
    Unreadable(PathBuf, String),
    /// The URL does not read; it may hold a password and is not repeated.
    #[error("the database URL does not read: it must be postgres://user@host:port/database")]
    Url,
}

impl Database {
    /// Times a transaction is run again when another one stood in its way.
    const MAX_RETRIES: u32 = 64;
    /// How long closing waits for what is under way.
    const MAX_CLOSE: Duration = Duration::from_secs(5);
    /// The longest rest before it is run again.
    const MAX_REST: Duration = Duration::from_millis(20);

    /// Opens or makes a SQLite file and applies the migrations that are missing.
    ///
    /// # Errors
    ///
    /// [`OpenError`] as its variants say.
    pub async fn sqlite(path: &Path) -> Result<Self, OpenError> {
        sqlite::open(path).await.map(|(database, _)| database)
    }

    /// Connects to a PostgreSQL database (`postgres://…`) and applies the migrations that are missing.
    ///
    /// # Errors
    ///
    /// [`OpenError`] as its variants say.
    pub async fn postgres(url: &str) -> Result<Self, OpenError> {
        postgres::open(url).await
    }

    /// The steps of the schema of a SQLite file, without changing anything.
    ///
    /// # Errors
    ///
    /// [`OpenError`] as its variants say.
    pub async fn sqlite_schema(path: &Path) -> Result<Vec<SchemaStep>, OpenError> {
        sqlite::look(path).await.map(|(_, steps)| steps)
    }

    /// The steps of the schema of a PostgreSQL database, without changing anything.
    ///
    /// # Errors
    ///
    /// [`OpenError`] as its variants say.
    pub async fn postgres_schema(url: &str) -> Result<Vec<SchemaStep>, OpenError> {
        postgres::look(url).await.map(|(_, steps)| steps)
    }

    /// Applies the steps that a SQLite file lacks, and tells which they were.
    ///
    /// # Errors
    ///
    /// [`OpenError`] as its variants say.
    pub async fn migrate_sqlite(path: &Path) -> Result<Vec<SchemaStep>, OpenError> {
        let (database, steps) = sqlite::open(path).await?;
        database.close().await;
        Ok(steps)
    }

    /// Applies the steps that a PostgreSQL database lacks, and tells which they were. Of several callers at once one
    /// does, and the others wait for it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] as its variants say.
    pub async fn migrate_postgres(url: &str) -> Result<Vec<SchemaStep>, OpenError> {
        postgres::migrate(url).await
    }

    /// Whether no key file was ever used with it and no merchant stored.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when the database did not answer.
    pub async fn is_empty(&self) -> Result<bool, StorageError> {
        let keys: Option<String> =
            query_scalar("SELECT kind FROM secret_key_checks LIMIT 1").fetch_optional(&self.read).await?;
        let merchant: Option<String> =
            query_scalar("SELECT id FROM merchants LIMIT 1").fetch_optional(&self.read).await?;
        Ok(keys.is_none() && merchant.is_none())
    }

    /// Closes every connection; of SQLite this also empties the write-ahead log. One that is still in use is waited for
    /// so long as a statement may take, and then left to end by itself.
    pub async fn close(&self) {
        let closed = async {
            match &self.read {
                Reader::Postgres(pool) => pool.close().await,
                Reader::Sqlite(pool) => pool.close().await,
            }
            match &self.write {
                Writer::Postgres(pool) => pool.close().await,
                Writer::Sqlite(writer) => writer.close().await,
            }
        };
        if tokio::time::timeout(Self::MAX_CLOSE, closed).await.is_err() {
            tracing::warn!("a database connection was still in use at the end");
        }
    }

    /// Runs `body` as if no other transaction ran beside it.
    ///
    /// SQLite has one writer, so none does; the outcome is answered when all that it may rest on is on disk. PostgreSQL runs it serializable and refuses what would not be
    /// (SQLSTATE 40001, and 40P01 for a deadlock); it is then undone and run again, a bounded number of times.
    pub(super) async fn transaction<T, B, F>(&self, body: B) -> Result<T, StorageError>
    where
        B: Fn(Transaction) -> F + Send + Sync,
        F: Future<Output = Result<T, StorageError>> + Send,
    {
        let mut retries = 0;
        loop {
            let outcome = match self.write.begin().await {
                Ok(transaction) => {
                    let end = transaction.end();
                    match body(transaction).await {
                        Ok(outcome) => end.wait().await.map(|()| outcome),
                        Err(error) => Err(error),
                    }
                }
                Err(error) => Err(error),
            };
            match outcome {
                Err(error) if error.is_contended() && retries < Self::MAX_RETRIES => rest(&mut retries).await,
                outcome => return outcome,
            }
        }
    }
}

impl Writer {
    pub(super) async fn begin(&self) -> Result<Transaction, StorageError> {
        Ok(match self {
            Self::Postgres(pool) => Transaction::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await?),
            Self::Sqlite(writer) => Transaction::Sqlite(writer.lease().await?),
        })
    }

    /// Takes a first use; when this returns, that is on disk.
    pub(super) async fn claim(&self, wanted: FirstUse) -> Result<Claim, StorageError> {
        match self {
            Self::Postgres(_) => Ok(if wanted.take().execute(self).await? == 1 { Claim::First } else { Claim::Seen }),
            Self::Sqlite(writer) => writer.claim(wanted).await,
        }
    }
}

impl Transaction {
    /// Makes it run alone among the transactions that take a turn; it must be the first thing they do.
    ///
    /// SQLite runs every transaction alone. PostgreSQL would refuse those that meet and have them run again; so they
    /// queue for a lock, which comes before their first look at the data: they see what the one before left.
    pub(super) async fn take_turn(&mut self) -> Result<(), StorageError> {
        if let Self::Postgres(_) = self {
            query("LOCK TABLE audit_head IN SHARE ROW EXCLUSIVE MODE").execute(self).await?;
        }
        Ok(())
    }

    fn end(&self) -> End {
        match self {
            Self::Postgres(_) => End::Seen,
            Self::Sqlite(lease) => End::Shared(lease.end()),
        }
    }

    /// Makes it happen; when this returns, it is on disk.
    pub(super) async fn commit(self) -> Result<(), StorageError> {
        match self {
            Self::Postgres(transaction) => Ok(transaction.commit().await?),
            Self::Sqlite(lease) => lease.commit().await,
        }
    }
}

impl End {
    async fn wait(self) -> Result<(), StorageError> {
        match self {
            Self::Seen => Ok(()),
            Self::Shared(end) => end.wait().await,
        }
    }
}

impl Executor for &Reader {
    async fn run(self, query: Query<'_>, fetch: Fetch) -> Result<Fetched, StorageError> {
        Ok(match self {
            Reader::Postgres(pool) => postgres::run(pool, query, fetch).await?,
            Reader::Sqlite(pool) => sqlite::run(pool, sqlite::Statement::new(query)?, fetch).await?,
        })
    }
}

impl Executor for &Writer {
    async fn run(self, query: Query<'_>, fetch: Fetch) -> Result<Fetched, StorageError> {
        match self {
            Writer::Postgres(pool) => Ok(postgres::run(pool, query, fetch).await?),
            Writer::Sqlite(writer) => writer.run(sqlite::Statement::new(query)?, fetch).await,
        }
    }
}

impl Executor for &mut Transaction {
    async fn run(self, query: Query<'_>, fetch: Fetch) -> Result<Fetched, StorageError> {
        match self {
            Transaction::Postgres(transaction) => Ok(postgres::run(&mut **transaction, query, fetch).await?),
            Transaction::Sqlite(lease) => lease.run(sqlite::Statement::new(query)?, fetch).await,
        }
    }
}

/// Twice as long each time; one of those that collided always went through, so there is progress without chance.
async fn rest(retries: &mut u32) {
    *retries += 1;
    let rest = Duration::from_micros(250 << (*retries).min(10));
    tokio::time::sleep(rest.min(Database::MAX_REST)).await;
}
