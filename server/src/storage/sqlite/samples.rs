//! Many rows by few statements.

use async_trait::async_trait;
use sqlx::QueryBuilder;
use sqlx::sqlite::SqliteConnection;
use tollgate_apikey::Mode;

use super::Sqlite;
use super::audit::AuditedChange;
use super::row::{self, LifecycleColumns};
use crate::account::{Credential, Merchant, NewAuditEntry, OauthClient, UserId};
use crate::clock::epoch_ms;
use crate::storage::{Change, ChangeRefusal, SampleBatch, Samples, StorageError};

/// Rows of one statement: the widest has 17 values, and `SQLite` binds at most 32 766.
const ROWS: usize = 500;

#[async_trait]
impl Samples for Sqlite {
    async fn insert_samples(&self, batch: &SampleBatch, balance: &str, entry: &NewAuditEntry) -> Change<()> {
        let mut change = AuditedChange::begin(self).await?;
        let seq = change.seq();
        for merchants in batch.merchants.chunks(ROWS) {
            if !insert_merchants(change.connection(), merchants).await? {
                return Ok(Err(ChangeRefusal::Taken));
            }
            insert_balances(change.connection(), merchants, balance).await?;
            insert_aliases(change.connection(), merchants).await?;
        }
        for clients in batch.clients.chunks(ROWS) {
            insert_clients(change.connection(), clients).await?;
        }
        for credentials in batch.credentials.chunks(ROWS) {
            insert_credentials(change.connection(), credentials, seq).await?;
        }
        change.commit(entry).await?;
        Ok(Ok(()))
    }
}

type WithAliases = (Merchant, [(Mode, String); 2]);

/// `false` when an id is in use.
async fn insert_merchants(connection: &mut SqliteConnection, merchants: &[WithAliases]) -> Result<bool, StorageError> {
    let mut query =
        QueryBuilder::new("INSERT INTO merchants (id, name, status, ip_list, domains, methods, currency, created_at) ");
    query.push_values(merchants, |mut row, (merchant, _)| {
        row.push_bind(merchant.id.as_str())
            .push_bind(&merchant.name)
            .push_bind(merchant.status.as_str())
            .push_bind(row::ip_list_column(&merchant.ip_list))
            .push_bind(merchant.domains.join(" "))
            .push_bind(merchant.methods.join(" "))
            .push_bind(&merchant.currency)
            .push_bind(epoch_ms(merchant.created_at));
    });
    query.push(" ON CONFLICT (id) DO NOTHING");
    let made = query.build().execute(connection).await?.rows_affected();
    Ok(usize::try_from(made) == Ok(merchants.len()))
}

async fn insert_balances(
    connection: &mut SqliteConnection,
    merchants: &[WithAliases],
    balance: &str,
) -> Result<(), StorageError> {
    let both = merchants.iter().flat_map(|(merchant, _)| [(merchant, Mode::Live), (merchant, Mode::Test)]);
    let mut query = QueryBuilder::new("INSERT INTO balances (merchant_id, mode, available) ");
    query.push_values(both, |mut row, (merchant, mode)| {
        row.push_bind(merchant.id.as_str()).push_bind(mode.as_str()).push_bind(balance);
    });
    query.build().execute(connection).await?;
    Ok(())
}

async fn insert_aliases(connection: &mut SqliteConnection, merchants: &[WithAliases]) -> Result<(), StorageError> {
    let all = merchants.iter().flat_map(|(merchant, aliases)| aliases.iter().map(move |alias| (merchant, alias)));
    let mut query = QueryBuilder::new("INSERT INTO aliases (merchant_id, mode, name, value) ");
    query.push_values(all, |mut row, (merchant, (mode, alias))| {
        row.push_bind(merchant.id.as_str()).push_bind(mode.as_str()).push_bind("mer").push_bind(alias);
    });
    query.build().execute(connection).await?;
    Ok(())
}

async fn insert_clients(connection: &mut SqliteConnection, clients: &[OauthClient]) -> Result<(), StorageError> {
    let mut query =
        QueryBuilder::new("INSERT INTO oauth_clients (id, dialect, merchant_id, mode, scopes, created_at, name) ");
    query.push_values(clients, |mut row, client| {
        row.push_bind(client.id.as_str().to_owned())
            .push_bind(client.dialect.as_str())
            .push_bind(client.merchant.as_str())
            .push_bind(client.mode.as_str())
            .push_bind(client.scopes.to_string())
            .push_bind(epoch_ms(client.created_at))
            .push_bind(&client.name);
    });
    query.build().execute(connection).await?;
    Ok(())
}

async fn insert_credentials(
    connection: &mut SqliteConnection,
    credentials: &[Credential],
    seq: i64,
) -> Result<(), StorageError> {
    let mut query = QueryBuilder::new(
        "INSERT INTO credentials (id, kind, merchant_id, user_id, client_id, mode, pepper_version, digest, scopes, \
         ip_list, last_four, created_at, expires_at, retiring_until, revoked_at, name, audit_seq) ",
    );
    query.push_values(credentials, |mut row, credential| {
        let life = LifecycleColumns::from(&credential.lifecycle);
        row.push_bind(credential.id.as_str().to_owned())
            .push_bind(credential.kind.as_str())
            .push_bind(credential.merchant.as_str())
            .push_bind(credential.user.map(UserId::get))
            .push_bind(credential.client.map(|id| id.as_str().to_owned()))
            .push_bind(credential.mode.as_str())
            .push_bind(credential.pepper_version)
            .push_bind(&credential.digest[..])
            .push_bind(credential.scopes.to_string())
            .push_bind(row::ip_list_column(&credential.ip_list))
            .push_bind(&*credential.last_four)
            .push_bind(life.created_at)
            .push_bind(life.expires_at)
            .push_bind(life.retiring_until)
            .push_bind(life.revoked_at)
            .push_bind(&credential.name)
            .push_bind(seq);
    });
    query.build().execute(connection).await?;
    Ok(())
}
