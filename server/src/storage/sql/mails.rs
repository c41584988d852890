//! Mail that waits to be sent.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Database, Row, query, row};
use crate::clock::epoch_ms;
use crate::storage::{Mails, StorageError, WaitingMail};

#[async_trait]
impl Mails for Database {
    async fn put_mail(&self, mail: &WaitingMail, limit: u32, now: OffsetDateTime) -> Result<bool, StorageError> {
        let stored = query(
            "INSERT INTO mails (id, notice, key_version, sealed, attempts, due_at, expires_at) \
             SELECT $1, $2, $3, $4, $5, $6, $7 WHERE (SELECT COUNT(*) FROM mails) < $8",
        );
        let stored = stored
            .bind(&mail.id)
            .bind(&mail.notice)
            .bind(mail.key_version)
            .bind(&mail.sealed)
            .bind(mail.attempts)
            .bind(epoch_ms(now))
            .bind(epoch_ms(mail.expires_at))
            .bind(limit);
        Ok(stored.execute(&self.write).await? == 1)
    }

    async fn lease_mail(
        &self,
        now: OffsetDateTime,
        until: OffsetDateTime,
    ) -> Result<Option<WaitingMail>, StorageError> {
        loop {
            let due = query("SELECT id FROM mails WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1").bind(epoch_ms(now));
            let Some(due) = due.fetch_optional(&self.read).await? else { return Ok(None) };
            let taken = query(
                "UPDATE mails SET due_at = $2, attempts = attempts + 1 WHERE id = $3 AND due_at <= $1 RETURNING *",
            );
            let taken = taken.bind(epoch_ms(now)).bind(epoch_ms(until)).bind(due.try_get::<&str, _>("id")?);
            // Whoever was outrun looks again: another took that message, so there is progress.
            if let Some(taken) = taken.fetch_optional(&self.write).await? {
                return mail(&taken).map(Some);
            }
        }
    }

    async fn defer_mail(&self, id: &str, due_at: OffsetDateTime) -> Result<(), StorageError> {
        let query = query("UPDATE mails SET due_at = $2 WHERE id = $1").bind(id).bind(epoch_ms(due_at));
        query.execute(&self.write).await?;
        Ok(())
    }

    async fn end_mail(&self, id: &str) -> Result<(), StorageError> {
        query("DELETE FROM mails WHERE id = $1").bind(id).execute(&self.write).await?;
        Ok(())
    }

    async fn sweep_mails(&self, before: OffsetDateTime) -> Result<u64, StorageError> {
        let query = query("DELETE FROM mails WHERE expires_at < $1");
        Ok(query.bind(epoch_ms(before)).execute(&self.write).await?)
    }
}

fn mail(row: &Row) -> Result<WaitingMail, StorageError> {
    Ok(WaitingMail {
        id: row.try_get("id")?,
        notice: row.try_get("notice")?,
        key_version: row.try_get("key_version")?,
        sealed: row.try_get("sealed")?,
        attempts: row.try_get("attempts")?,
        expires_at: row::time(row, "expires_at")?,
    })
}
