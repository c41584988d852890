//! A fresh place for each test: a file, a schema, a key prefix.

use std::future::Future;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};
use tollgate::storage::redis::{Durability, RedisLedger, RedisOptions, RedisStore};
use tollgate::storage::sql::Database;
use tollgate::storage::{
    Directory, Invoices, Ledger, Mails, Orders, Purchases, SentForms, Sessions, StorageUrl, UsageBook, Vault, Webhooks,
};

/// What a test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    /// The Ledger in Redis, over SQLite.
    Redis,
    Sqlite,
}

/// The traits of one backend.
#[derive(Clone)]
pub(crate) struct Backend {
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) directory: Arc<dyn Directory>,
    pub(crate) invoices: Arc<dyn Invoices>,
    pub(crate) purchases: Arc<dyn Purchases>,
    pub(crate) orders: Arc<dyn Orders>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) webhooks: Arc<dyn Webhooks>,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) usage: Arc<dyn UsageBook>,
    pub(crate) forms: Arc<dyn SentForms>,
    pub(crate) mails: Arc<dyn Mails>,
}

/// A backend and what must be cleaned up after it.
pub(crate) struct Scratch {
    pub(crate) database: Database,
    store: Option<RedisStore>,
    place: Place,
}

enum Place {
    File { _dir: TempDir },
    Schema { url: String, name: String, _turn: SemaphorePermit<'static> },
}

/// A server has so many connections; a machine with many cores would run as many tests.
static TURNS: Semaphore = Semaphore::const_new(4);

/// Runs a test on a fresh backend and cleans up, whatever became of the test.
pub(crate) async fn on_backend<F>(kind: Kind, test: fn(Backend) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(scratch) = Scratch::open(kind).await else { return };
    let outcome = tokio::spawn(test(scratch.backend())).await;
    scratch.remove().await;
    if let Err(failed) = outcome {
        std::panic::resume_unwind(failed.into_panic());
    }
}

impl Scratch {
    /// `None` when the server is not there.
    pub(crate) async fn open(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Postgres => {
                let (url, name, turn) = schema().await?;
                let database = Database::postgres(&url).await.unwrap();
                Some(Self { database, store: None, place: Place::Schema { url, name, _turn: turn } })
            }
            Kind::Redis => {
                let store = RedisStore::open(&redis_options()?).await.unwrap();
                Some(Self { store: Some(store), ..Self::file().await })
            }
            Kind::Sqlite => Some(Self::file().await),
        }
    }

    async fn file() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&dir.path().join("tollgate.db")).await.unwrap();
        Self { database, store: None, place: Place::File { _dir: dir } }
    }

    pub(crate) fn backend(&self) -> Backend {
        let database = Arc::new(self.database.clone());
        let ledger: Arc<dyn Ledger> = match &self.store {
            Some(store) => Arc::new(RedisLedger::new(store.clone(), database.clone())),
            None => database.clone(),
        };
        Backend {
            vault: database.clone(),
            directory: database.clone(),
            invoices: database.clone(),
            purchases: database.clone(),
            orders: database.clone(),
            webhooks: database.clone(),
            sessions: database.clone(),
            usage: database.clone(),
            forms: database.clone(),
            mails: database,
            ledger,
        }
    }

    /// The URL of this backend's own schema.
    pub(crate) fn url(&self) -> Option<&str> {
        match &self.place {
            Place::File { .. } => None,
            Place::Schema { url, .. } => Some(url),
        }
    }

    pub(crate) async fn remove(self) {
        self.database.close().await;
        if let Place::Schema { url, name, .. } = &self.place {
            execute(url, format!("DROP SCHEMA {name} CASCADE")).await;
        }
    }
}

/// Runs a statement beside the product, as an operator would.
pub(crate) async fn execute(url: &str, statement: String) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// An empty schema of its own, by a URL that names it.
pub(crate) async fn schema() -> Option<(String, String, SemaphorePermit<'static>)> {
    let url = server("TOLLGATE_TEST_POSTGRES", 5432, "postgres://root@127.0.0.1:5432/test")?;
    let turn = TURNS.acquire().await.unwrap();
    let name = unique();
    execute(&url, format!("CREATE SCHEMA {name}")).await;
    let sign = if url.contains('?') { '&' } else { '?' };
    Some((format!("{url}{sign}options[search_path]={name}"), name, turn))
}

/// A prefix of its own in the test's Redis.
pub(crate) fn redis_options() -> Option<RedisOptions> {
    let url = server("TOLLGATE_TEST_REDIS", 6379, "redis://127.0.0.1:6379")?;
    Some(RedisOptions { url: StorageUrl::new(url), namespace: unique(), durability: Durability::MayForget })
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    // The name of a scratch directory is random, so that two runs on one server do not meet.
    let random = tempfile::Builder::new().prefix("").tempdir().unwrap();
    let random = random.path().file_name().unwrap().to_string_lossy().to_lowercase();
    format!("tollgate_test_{random}_{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The URL of a test server, if it is named or answers.
fn server(variable: &str, port: u16, local: &str) -> Option<String> {
    if let Ok(url) = std::env::var(variable) {
        return Some(url);
    }
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
        return Some(local.to_owned());
    }
    let required = std::env::var("TOLLGATE_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
    assert!(!required, "{variable} is required and nothing answers on {address}");
    eprintln!("skipped: nothing answers on {address} and {variable} is not set");
    None
}
