//! Forms of the control panel that were sent.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Database, query};
use crate::clock::epoch_ms;
use crate::storage::{FormTurn, SentForms, StorageError};

#[async_trait]
impl SentForms for Database {
    async fn take_form(
        &self,
        digest: &[u8; 32],
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<FormTurn, StorageError> {
        let taken = query(
            "INSERT INTO sent_forms (digest, place, expires_at) VALUES ($1, NULL, $2) \
             ON CONFLICT (digest) DO UPDATE SET place = NULL, expires_at = $2 WHERE sent_forms.expires_at <= $3",
        );
        let taken = taken.bind(&digest[..]).bind(epoch_ms(until)).bind(epoch_ms(now)).execute(&self.write).await?;
        if taken == 1 {
            return Ok(FormTurn::First);
        }
        let found = query("SELECT place FROM sent_forms WHERE digest = $1").bind(&digest[..]);
        let found = found.fetch_optional(&self.read).await?;
        Ok(FormTurn::Again { place: found.map(|row| row.try_get("place")).transpose()?.flatten() })
    }

    async fn settle_form(&self, digest: &[u8; 32], place: &str) -> Result<(), StorageError> {
        let query = query("UPDATE sent_forms SET place = $2 WHERE digest = $1").bind(&digest[..]).bind(place);
        query.execute(&self.write).await?;
        Ok(())
    }

    async fn release_form(&self, digest: &[u8; 32]) -> Result<(), StorageError> {
        query("DELETE FROM sent_forms WHERE digest = $1").bind(&digest[..]).execute(&self.write).await?;
        Ok(())
    }

    async fn sweep_forms(&self, before: OffsetDateTime) -> Result<u64, StorageError> {
        let query = query("DELETE FROM sent_forms WHERE expires_at < $1");
        Ok(query.bind(epoch_ms(before)).execute(&self.write).await?)
    }
}
