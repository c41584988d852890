//! Links that set a password.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;
use time::OffsetDateTime;

use super::{Sqlite, row};
use crate::account::UserId;
use crate::clock::epoch_ms;
use crate::storage::{LinkPurpose, PasswordLink, PasswordLinks, StorageError};

#[async_trait]
impl PasswordLinks for Sqlite {
    async fn store_link(&self, link: &PasswordLink) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        end_all(&mut tx, link.user).await?;
        sqlx::query(
            "INSERT INTO password_links (digest, user_id, generation, purpose, expires_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(&link.digest[..])
        .bind(link.user.get())
        .bind(link.generation)
        .bind(link.purpose.as_str())
        .bind(epoch_ms(link.expires_at))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn link(&self, digest: &[u8; 32]) -> Result<Option<PasswordLink>, StorageError> {
        let query = sqlx::query("SELECT * FROM password_links WHERE digest = $1").bind(&digest[..]);
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
        let query = sqlx::query("DELETE FROM password_links WHERE expires_at < $1");
        Ok(query.bind(epoch_ms(before)).execute(&self.write).await?.rows_affected())
    }
}

/// Uses a link up; `false` when it is gone.
pub(super) async fn spend(
    connection: &mut SqliteConnection,
    user: UserId,
    digest: &[u8; 32],
) -> Result<bool, StorageError> {
    let query = sqlx::query("DELETE FROM password_links WHERE digest = $1 AND user_id = $2");
    Ok(query.bind(&digest[..]).bind(user.get()).execute(connection).await?.rows_affected() == 1)
}

/// Ends every link of a user.
pub(super) async fn end_all(connection: &mut SqliteConnection, user: UserId) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM password_links WHERE user_id = $1").bind(user.get()).execute(connection).await?;
    Ok(())
}
