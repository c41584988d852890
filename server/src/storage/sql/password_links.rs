//! Links that set a password.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Database, Transaction, query, row, users};
use crate::account::{NewAuditEntry, UserId};
use crate::clock::epoch_ms;
use crate::storage::{Change, ChangeRefusal, LinkPurpose, PasswordLink, PasswordLinks, StorageError};

#[async_trait]
impl PasswordLinks for Database {
    async fn store_link(&self, link: &PasswordLink, entry: &NewAuditEntry) -> Change<()> {
        self.change(|mut change| async move {
            let found = query("SELECT * FROM users WHERE id = $1").bind(link.user.get());
            let Some(found) = found.fetch_optional(change.tx()).await? else {
                return Ok(Err(ChangeRefusal::NotFound));
            };
            let user = row::user(&found)?;
            if users::is_beyond(change.tx(), &user, &entry.actor).await? {
                return Ok(Err(ChangeRefusal::Administrator));
            }
            if user.disabled || user.generation != link.generation {
                return Ok(Err(ChangeRefusal::NotUsable));
            }
            match link.purpose {
                LinkPurpose::Invitation => end_all(change.tx(), link.user).await?,
                LinkPurpose::Reset => end_resets(change.tx(), link.user).await?,
            }
            query(
                "INSERT INTO password_links (digest, user_id, generation, purpose, expires_at) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(&link.digest[..])
            .bind(link.user.get())
            .bind(link.generation)
            .bind(link.purpose.as_str())
            .bind(epoch_ms(link.expires_at))
            .execute(change.tx())
            .await?;
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn link(&self, digest: &[u8; 32]) -> Result<Option<PasswordLink>, StorageError> {
        let query = query("SELECT * FROM password_links WHERE digest = $1").bind(&digest[..]);
        let Some(found) = query.fetch_optional(&self.read).await? else { return Ok(None) };
        Ok(Some(PasswordLink {
            digest: row::bytes(&found, "digest")?,
            user: UserId::from_stored(found.try_get("user_id")?),
            generation: found.try_get("generation")?,
            purpose: LinkPurpose::from_word(found.try_get("purpose")?).ok_or_else(StorageError::corrupt)?,
            expires_at: row::time(&found, "expires_at")?,
        }))
    }

    async fn sweep_links(&self, before: OffsetDateTime) -> Result<u64, StorageError> {
        let query = query("DELETE FROM password_links WHERE expires_at < $1");
        Ok(query.bind(epoch_ms(before)).execute(&self.write).await?)
    }
}

/// Uses a link up; `false` when it is gone.
pub(super) async fn spend(tx: &mut Transaction, user: UserId, digest: &[u8; 32]) -> Result<bool, StorageError> {
    let query = query("DELETE FROM password_links WHERE digest = $1 AND user_id = $2");
    Ok(query.bind(&digest[..]).bind(user.get()).execute(tx).await? == 1)
}

/// Ends the links that somebody asked for who says that the password is forgotten. Anybody can ask: an invitation stays.
async fn end_resets(tx: &mut Transaction, user: UserId) -> Result<(), StorageError> {
    let query = query("DELETE FROM password_links WHERE user_id = $1 AND purpose = $2");
    query.bind(user.get()).bind(LinkPurpose::Reset.as_str()).execute(tx).await?;
    Ok(())
}

/// Ends every link of a user.
pub(super) async fn end_all(tx: &mut Transaction, user: UserId) -> Result<(), StorageError> {
    query("DELETE FROM password_links WHERE user_id = $1").bind(user.get()).execute(tx).await?;
    Ok(())
}
