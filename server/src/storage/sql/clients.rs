//! OAuth clients: making and ending them and their secrets.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode, Overlap};

use super::{Database, Executor, Transaction, credentials, merchants, query, row};
use crate::account::{Credential, MerchantId, NewAuditEntry, OauthClient};
use crate::clock::epoch_ms;
use crate::storage::{Change, ChangeRefusal, Clients, ListPart, StorageError};

#[async_trait]
impl Clients for Database {
    async fn create_client(&self, client: &OauthClient, secret: &Credential, entry: &NewAuditEntry) -> Change<()> {
        self.change(|mut change| async move {
            if !merchants::exists(change.tx(), &client.merchant).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            if !insert(change.tx(), client).await? {
                return Ok(Err(ChangeRefusal::Taken));
            }
            let seq = change.seq();
            credentials::insert(change.tx(), secret, seq).await?;
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn clients_of(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        part: ListPart<'_>,
    ) -> Result<Vec<OauthClient>, StorageError> {
        let rows = query(
            "SELECT * FROM oauth_clients WHERE merchant_id = $1 AND mode = $2 \
             AND ($3 IS NULL OR (created_at, id) < (SELECT created_at, id FROM oauth_clients WHERE id = $3)) \
             ORDER BY created_at DESC, id DESC LIMIT $4",
        )
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .bind(part.after)
        .bind(i64::from(part.limit))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(row::client).collect()
    }

    async fn secrets_of_client(&self, client: KeyId) -> Result<Vec<Credential>, StorageError> {
        secrets(&self.read, client).await
    }

    async fn rotate_client_secret(
        &self,
        client: KeyId,
        new: &Credential,
        overlap: Overlap,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<Credential> {
        self.change(|mut change| async move {
            if !exists(change.tx(), client).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            let mut usable = secrets(change.tx(), client).await?;
            usable.retain(|secret| secret.lifecycle.check(now).is_ok());
            let Some(newest) = usable.first() else {
                return Ok(Err(ChangeRefusal::NotUsable));
            };
            let new = new.clone().inheriting(newest, now);
            credentials::retire_all(change.tx(), usable, overlap, now).await?;
            let seq = change.seq();
            credentials::insert(change.tx(), &new, seq).await?;
            change.commit(entry).await?;
            Ok(Ok(new))
        })
        .await
    }

    async fn end_client(&self, client: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool> {
        self.change(|mut change| async move {
            if !exists(change.tx(), client).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            let mut ended = false;
            for secret in secrets(change.tx(), client).await? {
                ended |= credentials::end(change.tx(), secret, now).await?;
            }
            if ended {
                change.commit(entry).await?;
            }
            Ok(Ok(ended))
        })
        .await
    }
}

/// Stores a client; `false`, with nothing written, when the mode has one of the same imported id.
pub(super) async fn insert(on: &mut Transaction, client: &OauthClient) -> Result<bool, StorageError> {
    let made = query(
        "INSERT INTO oauth_clients (id, dialect, merchant_id, mode, scopes, created_at, name, foreign_id, \
         foreign_secret_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (mode, foreign_id) DO NOTHING",
    )
    .bind(client.id.as_str())
    .bind(client.dialect.as_str())
    .bind(client.merchant.as_str())
    .bind(client.mode.as_str())
    .bind(client.scopes.to_string())
    .bind(epoch_ms(client.created_at))
    .bind(&client.name)
    .bind(client.foreign.as_ref().map(|pair| pair.id.clone()))
    .bind(client.foreign.as_ref().map(|pair| pair.secret.as_str().to_owned()))
    .execute(on)
    .await?;
    Ok(made == 1)
}

async fn exists(on: &mut Transaction, id: KeyId) -> Result<bool, StorageError> {
    let query = query("SELECT id FROM oauth_clients WHERE id = $1").bind(id.as_str());
    Ok(query.fetch_optional(on).await?.is_some())
}

/// Newest first, by the entries that tell of their making.
async fn secrets(on: impl Executor, client: KeyId) -> Result<Vec<Credential>, StorageError> {
    let query =
        query("SELECT * FROM credentials WHERE client_id = $1 ORDER BY audit_seq DESC, created_at DESC, id DESC");
    let rows = query.bind(client.as_str()).fetch_all(on).await?;
    rows.iter().map(row::credential).collect()
}
