//! Digest-only credentials: making, replacing and ending them.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode, Overlap};

use super::row::{self, LifecycleColumns};
use super::{Database, Executor, Transaction, merchants, query, users};
use crate::account::{Credential, MerchantId, NewAuditEntry, UserId};
use crate::clock::epoch_ms;
use crate::storage::{Change, ChangeRefusal, CredentialChange, Credentials, ListPart, StorageError};

#[async_trait]
impl Credentials for Database {
    async fn issue_credential(&self, new: &Credential, entry: &NewAuditEntry) -> Change<()> {
        self.change(|mut change| async move {
            if !has_owner(change.tx(), new).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            let seq = change.seq();
            insert(change.tx(), new, seq).await?;
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn rotate_credential(
        &self,
        old: KeyId,
        new: &Credential,
        overlap: Overlap,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<Credential> {
        self.change(|mut change| async move {
            let Some(mut old) = find(change.tx(), old).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            let new = new.clone().inheriting(&old, now);
            if old.lifecycle.retire(now, overlap).is_err() {
                return Ok(Err(ChangeRefusal::NotUsable));
            }
            let seq = change.seq();
            store_lifecycle(change.tx(), &old).await?;
            insert(change.tx(), &new, seq).await?;
            change.commit(entry).await?;
            Ok(Ok(new))
        })
        .await
    }

    async fn replace_credentials_of_user(
        &self,
        new: &Credential,
        overlap: Overlap,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<Credential> {
        self.change(|mut change| async move {
            if new.user.is_none() || !has_owner(change.tx(), new).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            let last = query(
                "SELECT * FROM credentials WHERE user_id = $1 AND kind = $2 AND mode = $3 \
             ORDER BY audit_seq DESC, created_at DESC, id LIMIT 1",
            );
            let last = last
                .bind(new.user.map(UserId::get))
                .bind(new.kind.as_str())
                .bind(new.mode.as_str())
                .fetch_optional(change.tx())
                .await?;
            let usable = query(
                "SELECT * FROM credentials WHERE user_id = $1 AND kind = $2 AND mode = $3 AND revoked_at IS NULL \
             AND (retiring_until IS NULL OR retiring_until > $4) AND (expires_at IS NULL OR expires_at > $4)",
            );
            let usable = usable
                .bind(new.user.map(UserId::get))
                .bind(new.kind.as_str())
                .bind(new.mode.as_str())
                .bind(epoch_ms(now))
                .fetch_all(change.tx())
                .await?;
            let usable = usable.iter().map(row::credential).collect::<Result<Vec<_>, _>>()?;
            retire_all(change.tx(), usable, overlap, now).await?;
            let new = match last {
                Some(last) => new.clone().inheriting(&row::credential(&last)?, now),
                None => new.clone(),
            };
            let seq = change.seq();
            insert(change.tx(), &new, seq).await?;
            change.commit(entry).await?;
            Ok(Ok(new))
        })
        .await
    }

    async fn end_credential(&self, id: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool> {
        self.change(|mut change| async move {
            let Some(found) = find(change.tx(), id).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            if !end(change.tx(), found, now).await? {
                return Ok(Ok(false));
            }
            change.commit(entry).await?;
            Ok(Ok(true))
        })
        .await
    }

    async fn change_credential(&self, id: KeyId, what: &CredentialChange, entry: &NewAuditEntry) -> Change<()> {
        self.change(|mut change| async move {
            let query = match what {
                CredentialChange::IpListOf { seen, list } => {
                    let Some(found) = find(change.tx(), id).await? else {
                        return Ok(Err(ChangeRefusal::NotFound));
                    };
                    if found.ip_list != *seen {
                        return Ok(Err(ChangeRefusal::Outrun));
                    }
                    query("UPDATE credentials SET ip_list = $2 WHERE id = $1 RETURNING id")
                        .bind(id.as_str())
                        .bind(row::ip_list_column(list))
                }
                CredentialChange::IpList(list) => {
                    query("UPDATE credentials SET ip_list = $2 WHERE id = $1 RETURNING id")
                        .bind(id.as_str())
                        .bind(row::ip_list_column(list))
                }
                CredentialChange::Name(name) => {
                    query("UPDATE credentials SET name = $2 WHERE id = $1 RETURNING id").bind(id.as_str()).bind(name)
                }
            };
            if query.fetch_optional(change.tx()).await?.is_none() {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn keys_of(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        part: ListPart<'_>,
    ) -> Result<Vec<Credential>, StorageError> {
        let rows = query(
            "SELECT * FROM credentials WHERE merchant_id = $1 AND mode = $2 AND client_id IS NULL \
             AND ($3 IS NULL OR (created_at, id) < (SELECT created_at, id FROM credentials WHERE id = $3)) \
             ORDER BY created_at DESC, id DESC LIMIT $4",
        )
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .bind(part.after)
        .bind(i64::from(part.limit))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(row::credential).collect()
    }
}

pub(super) async fn find(on: &mut Transaction, id: KeyId) -> Result<Option<Credential>, StorageError> {
    let query = query("SELECT * FROM credentials WHERE id = $1").bind(id.as_str());
    query.fetch_optional(on).await?.as_ref().map(row::credential).transpose()
}

/// Stores a credential; `audit_seq` is the entry that tells of its making, 0 when there is none.
pub(super) async fn insert(on: impl Executor, credential: &Credential, audit_seq: i64) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&credential.lifecycle);
    query(
        "INSERT INTO credentials (id, kind, merchant_id, user_id, client_id, mode, pepper_version, digest, scopes, \
         ip_list, last_four, created_at, expires_at, retiring_until, revoked_at, name, audit_seq) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
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
    .bind(columns.created_at)
    .bind(columns.expires_at)
    .bind(columns.retiring_until)
    .bind(columns.revoked_at)
    .bind(&credential.name)
    .bind(audit_seq)
    .execute(on)
    .await?;
    Ok(())
}

/// Retires those that are usable at `now`; the others stay as they are.
pub(super) async fn retire_all(
    on: &mut Transaction,
    credentials: Vec<Credential>,
    overlap: Overlap,
    now: OffsetDateTime,
) -> Result<(), StorageError> {
    for mut credential in credentials {
        if credential.lifecycle.retire(now, overlap).is_ok() {
            store_lifecycle(on, &credential).await?;
        }
    }
    Ok(())
}

/// Revokes a credential; `false` when it is revoked already.
pub(super) async fn end(
    on: &mut Transaction,
    mut credential: Credential,
    now: OffsetDateTime,
) -> Result<bool, StorageError> {
    if credential.lifecycle.revoked_at().is_some() {
        return Ok(false);
    }
    credential.lifecycle.revoke(now).map_err(|_| StorageError::corrupt())?;
    store_lifecycle(on, &credential).await?;
    Ok(true)
}

async fn store_lifecycle(on: &mut Transaction, credential: &Credential) -> Result<(), StorageError> {
    let columns = LifecycleColumns::from(&credential.lifecycle);
    query("UPDATE credentials SET retiring_until = $2, revoked_at = $3 WHERE id = $1")
        .bind(credential.id.as_str())
        .bind(columns.retiring_until)
        .bind(columns.revoked_at)
        .execute(on)
        .await?;
    Ok(())
}

/// Whether the merchant exists and the user, where there is one, is its own.
async fn has_owner(on: &mut Transaction, new: &Credential) -> Result<bool, StorageError> {
    match new.user {
        None => merchants::exists(on, &new.merchant).await,
        Some(user) => users::belongs(on, user, &new.merchant).await,
    }
}
