//! PostgreSQL: opening, and running a statement.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{Arguments, Connection, PgConnection, PgExecutor};

use super::column::Row;
use super::database::{Database, OpenError, Reader, Writer};
use super::migrations;
use super::query::{Fetch, Fetched, Query, Value};
use super::schema::{self, SchemaStep};

/// Connections of one node.
const CONNECTIONS: u32 = 16;
/// How long a request waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);
/// How long the first connection may take.
const CONNECT: Duration = Duration::from_secs(30);
/// How often it is tried where the server refuses because it is not there yet: for five seconds.
const CONNECT_TRIES: u32 = 20;
/// The rest between two tries.
const CONNECT_REST: Duration = Duration::from_millis(250);
/// What every connection is told: answers are durable, nothing hangs for ever.
const SETTINGS: [(&str, &str); 3] =
    [("synchronous_commit", "on"), ("statement_timeout", "5s"), ("idle_in_transaction_session_timeout", "10s")];

/// Connects, and applies the migrations that are missing; of several nodes that start at once one does, under an
/// advisory lock, and the others wait for it.
pub(super) async fn open(url: &str) -> Result<Database, OpenError> {
    migrate(url).await?;
    let (options, name) = read(url)?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE)
        .connect_with(options.options(SETTINGS))
        .await
        .map_err(|error| unreachable(name, &error))?;
    Ok(Database { read: Reader::Postgres(pool.clone()), write: Writer::Postgres(pool) })
}

/// Applies the migrations that are missing.
pub(super) async fn migrate(url: &str) -> Result<Vec<SchemaStep>, OpenError> {
    let (mut connection, name) = connect(url).await?;
    let begun = is_begun(&mut connection).await.map_err(|error| unreachable(name.clone(), &error))?;
    let updated = schema::update(&mut connection, &migrations::postgres(), begun).await;
    // Closed also without a farewell: the server undoes what is open, its advisory lock included.
    drop(connection.close().await);
    updated.map_err(|error| schema::told(name, error, unreachable))
}

/// Connects for a long look, and says how far the schema is.
pub(super) async fn look(url: &str) -> Result<(PgConnection, Vec<SchemaStep>), OpenError> {
    let (mut connection, name) = connect(url).await?;
    let begun = is_begun(&mut connection).await.map_err(|error| unreachable(name.clone(), &error))?;
    let steps = schema::standing(&mut connection, &migrations::postgres(), begun).await;
    Ok((connection, steps.map_err(|error| schema::told(name, error, unreachable))?))
}

/// One connection without the bounds on statements of a request: a migration may take longer.
async fn connect(url: &str) -> Result<(PgConnection, String), OpenError> {
    let (options, name) = read(url)?;
    let options = options.options([SETTINGS[0]]);
    let mut tries = 1;
    loop {
        let connecting = tokio::time::timeout(CONNECT, PgConnection::connect_with(&options)).await;
        match connecting.map_err(|_| OpenError::Unreachable(name.clone(), "it does not answer".to_owned()))? {
            Ok(connection) => return Ok((connection, name)),
            Err(error) if is_momentary(&error) && tries < CONNECT_TRIES => tries += 1,
            Err(error) => return Err(unreachable(name, &error)),
        }
        tokio::time::sleep(CONNECT_REST).await;
    }
}

/// Whether a server is starting, or was about to: nodes and their database may be started together.
fn is_momentary(error: &sqlx::Error) -> bool {
    const CANNOT_CONNECT_NOW: &str = "57P03";
    const TOO_MANY_CONNECTIONS: &str = "53300";
    match error {
        sqlx::Error::Io(error) => error.kind() == ErrorKind::ConnectionRefused,
        other => other
            .as_database_error()
            .and_then(DatabaseError::code)
            .is_some_and(|code| code == CANNOT_CONNECT_NOW || code == TOO_MANY_CONNECTIONS),
    }
}

/// Where it is, and what an error may call it.
fn read(url: &str) -> Result<(PgConnectOptions, String), OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?.application_name("tollgate");
    let name = name(&options);
    if !is_local(&options) && !matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
        return Err(OpenError::Insecure(name));
    }
    Ok((options, name))
}

async fn is_begun(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let table: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations')::text").fetch_one(connection).await?;
    Ok(table.is_some())
}

fn unreachable(name: String, error: &sqlx::Error) -> OpenError {
    OpenError::Unreachable(name, error.to_string())
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
