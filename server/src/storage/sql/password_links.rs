//! Links that set a password.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Database, Transaction, query, row};
use crate::account::UserId;
use crate::clock::epoch_ms;
use crate::storage::{LinkPurpose, PasswordLink, PasswordLinks, StorageError};

#[async_trait]
impl PasswordLinks for Database {
    async fn store_link(&self, link: &PasswordLink) -> Result<(), StorageError> {
        self.transaction(|mut tx| async move {
            end_all(&mut tx, link.user).await?;
            query(
                "INSERT INTO password_links (digest, user_id, generation, purpose, expires_at) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(&link.digest[..])
            .bind(link.user.get())
            .bind(link.generation)
            .bind(link.purpose.as_str())
            .bind(epoch_ms(link.expires_at))
            .execute(&mut tx)
            .await?;
            tx.commit().await
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

/// Ends every link of a user.
pub(super) async fn end_all(tx: &mut Transaction, user: UserId) -> Result<(), StorageError> {
    query("DELETE FROM password_links WHERE user_id = $1").bind(user.get()).execute(tx).await?;
    Ok(())
}
