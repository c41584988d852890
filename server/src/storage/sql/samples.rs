//! Many rows by few statements.

use async_trait::async_trait;
use tollgate_apikey::Mode;

use super::row::{self, LifecycleColumns};
use super::{Database, Transaction, query_rows};
use crate::account::{Credential, Merchant, NewAuditEntry, OauthClient, UserId};
use crate::clock::epoch_ms;
use crate::storage::{Change, ChangeRefusal, SampleBatch, Samples, StorageError};

/// Rows of one statement: the widest has 17 values, and `SQLite` binds at most 32 766.
const ROWS: usize = 500;

#[async_trait]
impl Samples for Database {
    async fn insert_samples(&self, batch: &SampleBatch, balance: &str, entry: &NewAuditEntry) -> Change<()> {
        self.change(|mut change| async move {
            let seq = change.seq();
            for merchants in batch.merchants.chunks(ROWS) {
                if !insert_merchants(change.tx(), merchants).await? {
                    return Ok(Err(ChangeRefusal::Taken));
                }
                insert_balances(change.tx(), merchants, balance).await?;
                insert_aliases(change.tx(), merchants).await?;
            }
            for clients in batch.clients.chunks(ROWS) {
                insert_clients(change.tx(), clients).await?;
            }
            for credentials in batch.credentials.chunks(ROWS) {
                insert_credentials(change.tx(), credentials, seq).await?;
            }
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }
}

type WithAliases = (Merchant, [(Mode, String); 2]);

/// `false` when an id is in use.
async fn insert_merchants(tx: &mut Transaction, merchants: &[WithAliases]) -> Result<bool, StorageError> {
    let mut query = query_rows(
        "INSERT INTO merchants (id, name, status, ip_list, domains, methods, currency, created_at)",
        8,
        merchants.len(),
        "ON CONFLICT (id) DO NOTHING",
    );
    for (merchant, _) in merchants {
        query = query
            .bind(merchant.id.as_str())
            .bind(&merchant.name)
            .bind(merchant.status.as_str())
            .bind(row::ip_list_column(&merchant.ip_list))
            .bind(merchant.domains.join(" "))
            .bind(merchant.methods.join(" "))
            .bind(&merchant.currency)
            .bind(epoch_ms(merchant.created_at));
    }
    let made = query.execute(tx).await?;
    Ok(usize::try_from(made) == Ok(merchants.len()))
}

async fn insert_balances(tx: &mut Transaction, merchants: &[WithAliases], balance: &str) -> Result<(), StorageError> {
    let rows = merchants.len() * 2;
    let mut query = query_rows("INSERT INTO balances (merchant_id, mode, available)", 3, rows, "");
    for (merchant, _) in merchants {
        for mode in [Mode::Live, Mode::Test] {
            query = query.bind(merchant.id.as_str()).bind(mode.as_str()).bind(balance);
        }
    }
    query.execute(tx).await?;
    Ok(())
}

async fn insert_aliases(tx: &mut Transaction, merchants: &[WithAliases]) -> Result<(), StorageError> {
    let rows = merchants.len() * 2;
    let mut query = query_rows("INSERT INTO aliases (merchant_id, mode, name, value)", 4, rows, "");
    for (merchant, aliases) in merchants {
        for (mode, alias) in aliases {
            query = query.bind(merchant.id.as_str()).bind(mode.as_str()).bind("mer").bind(alias);
        }
    }
    query.execute(tx).await?;
    Ok(())
}

async fn insert_clients(tx: &mut Transaction, clients: &[OauthClient]) -> Result<(), StorageError> {
    let mut query = query_rows(
        "INSERT INTO oauth_clients (id, dialect, merchant_id, mode, scopes, created_at, name)",
        7,
        clients.len(),
        "",
    );
    for client in clients {
        query = query
            .bind(client.id.as_str())
            .bind(client.dialect.as_str())
            .bind(client.merchant.as_str())
            .bind(client.mode.as_str())
            .bind(client.scopes.to_string())
            .bind(epoch_ms(client.created_at))
            .bind(&client.name);
    }
    query.execute(tx).await?;
    Ok(())
}

async fn insert_credentials(tx: &mut Transaction, credentials: &[Credential], seq: i64) -> Result<(), StorageError> {
    let mut query = query_rows(
        "INSERT INTO credentials (id, kind, merchant_id, user_id, client_id, mode, pepper_version, digest, scopes, \
         ip_list, last_four, created_at, expires_at, retiring_until, revoked_at, name, audit_seq)",
        17,
        credentials.len(),
        "",
    );
    for credential in credentials {
        let life = LifecycleColumns::from(&credential.lifecycle);
        query = query
            .bind(credential.id.as_str())
            .bind(credential.kind.as_str())
            .bind(credential.merchant.as_str())
            .bind(credential.user.map(UserId::get))
            .bind(credential.client.map(|id| id.as_str().to_owned()))
            .bind(credential.mode.as_str())
            .bind(credential.pepper_version)
            .bind(&credential.digest[..])
            .bind(credential.scopes.to_string())
            .bind(row::ip_list_column(&credential.ip_list))
            .bind(&*credential.last_four)
            .bind(life.created_at)
            .bind(life.expires_at)
            .bind(life.retiring_until)
            .bind(life.revoked_at)
            .bind(&credential.name)
            .bind(seq);
    }
    query.execute(tx).await?;
    Ok(())
}
