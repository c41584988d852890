//! PostgreSQL: opening, and running a statement.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{Arguments, PgExecutor};

use super::column::Row;
use super::database::{Database, OpenError, Reader, Writer};
use super::migrations;
use super::query::{Fetch, Fetched, Query, Value};

/// Connections of one node.
const CONNECTIONS: u32 = 16;
/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// What every connection is told: answers are durable, nothing hangs for ever.
const SETTINGS: [(&str, &str); 3] =
    [("synchronous_commit", "on"), ("statement_timeout", "5s"), ("idle_in_transaction_session_timeout", "10s")];

/// Connects, and applies the migrations that are missing; of several nodes that start at once one does, under an
/// advisory lock, and the others wait for it.
pub(super) async fn open(url: &str) -> Result<Database, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?.application_name("tollgate");
    let name = name(&options);
    if !is_local(&options) && !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
        return Err(OpenError::Insecure(name));
    }
    let unreachable = |error: sqlx::Error| OpenError::Unreachable(name.clone(), error.to_string());
    // A migration may take longer than a request may.
    let patient = options.clone().options([SETTINGS[0]]);
    let pool = PgPoolOptions::new().max_connections(1).connect_with(patient).await.map_err(unreachable)?;
    let migrated = migrations::postgres().run(&pool).await;
    pool.close().await;
    migrated.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => OpenError::Newer(name.clone()),
        other => OpenError::Unreachable(name.clone(), other.to_string()),
    })?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        .connect_with(options.options(SETTINGS))
        .await
        .map_err(unreachable)?;
    Ok(Database { read: Reader::Postgres(pool.clone()), write: Writer::Postgres(pool) })
}

/// Runs one statement.
pub(super) async fn run(on: impl PgExecutor<'_>, query: Query<'_>, fetch: Fetch) -> Result<Fetched, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in query.values {
        match value {
            Value::Bytes(bytes) => arguments.add(bytes.as_deref()),
            Value::Integer(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text.as_deref()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    let statement = sqlx::query_with(query.text, arguments);
    Ok(match fetch {
        Fetch::All => Fetched::of(statement.fetch_all(on).await?.into_iter().map(Row::Postgres)),
        Fetch::First => Fetched::of(statement.fetch_optional(on).await?.map(Row::Postgres)),
        Fetch::Nothing => Fetched { changed: statement.execute(on).await?.rows_affected(), ..Fetched::default() },
    })
}

/// What an error may say of the URL: no user, no password.
fn name(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or_default();
    format!("the database {database:?} on {}:{}", options.get_host(), options.get_port())
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_elsewhere_must_prove_itself_and_no_error_shows_the_password() {
        for url in ["postgres://u:secret@db.example/x", "postgres://u:secret@192.0.2.1:5432/x?sslmode=require"] {
            let error = open(url).await.unwrap_err();
            assert!(matches!(error, OpenError::Insecure(_)), "{url}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let error = open("postgres://u:secret@[::1/x").await.unwrap_err();
        assert!(matches!(error, OpenError::Url) && !error.to_string().contains("secret"), "{error}");
    }
}
