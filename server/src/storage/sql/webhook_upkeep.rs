//! Deliveries that nobody attempts any more: those that are over for long, and those that do not read.

use time::OffsetDateTime;

use super::webhooks::give_back;
use super::{Database, Row, query, query_rows};
use crate::clock::epoch_ms;
use crate::storage::{AttemptError, NewLease, StorageError};

/// Deliveries that are removed in one transaction.
const SWEPT_AT_ONCE: u32 = 500;

impl Database {
    /// Removes deliveries that are over and were caused before `before`, and named endpoints that nothing refers to.
    pub(super) async fn sweep_over(&self, before: OffsetDateTime) -> Result<u64, StorageError> {
        let mut gone = 0;
        // Each part is a transaction of its own, so that nothing that is to be delivered waits long for it.
        loop {
            let part = query(
                "SELECT message_id, endpoint_id FROM webhook_deliveries WHERE created_at < $1 AND state <> 'pending' \
                 ORDER BY created_at LIMIT $2",
            );
            let part = part.bind(epoch_ms(before)).bind(SWEPT_AT_ONCE).fetch_all(&self.read).await?;
            if part.is_empty() {
                break;
            }
            let swept = self.sweep_part(&part).await?;
            gone += swept;
            // Another node that sweeps, too, leaves nothing to do.
            if swept == 0 || part.len() < SWEPT_AT_ONCE as usize {
                break;
            }
        }
        self.transaction(|mut tx| async move {
            // A disabled one stays: it is what is known about a target that said it is gone.
            query(
                "DELETE FROM webhook_endpoints WHERE registered = 0 AND disabled_at IS NULL AND lease IS NULL \
                 AND created_at < $1 AND NOT EXISTS \
                 (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = webhook_endpoints.id)",
            )
            .bind(epoch_ms(before))
            .execute(&mut tx)
            .await?;
            tx.commit().await
        })
        .await?;
        Ok(gone)
    }

    /// Removes these deliveries, which are over, with their attempts.
    async fn sweep_part(&self, part: &[Row]) -> Result<u64, StorageError> {
        self.transaction(|mut tx| async move {
            let mut gone = 0;
            for table in [
                "DELETE FROM webhook_attempts WHERE (message_id, endpoint_id) IN (",
                "DELETE FROM webhook_deliveries WHERE state <> 'pending' AND (message_id, endpoint_id) IN (",
            ] {
                let mut delete = query_rows(table, 2, part.len(), ")");
                for row in part {
                    delete = delete.bind(row.try_get::<&str, _>("message_id")?);
                    delete = delete.bind(row.try_get::<&str, _>("endpoint_id")?);
                }
                gone = delete.execute(&mut tx).await?;
            }
            tx.commit().await?;
            Ok(gone)
        })
        .await
    }

    /// Gives up what does not read, and gives its endpoint back: one delivery, or all that wait for the endpoint.
    pub(super) async fn set_aside(
        &self,
        id: &str,
        message: Option<&str>,
        lease: &NewLease,
    ) -> Result<(), StorageError> {
        let set_aside = self.transaction(|mut tx| async move {
            let held = query("SELECT id FROM webhook_endpoints WHERE id = $1 AND lease = $2");
            if held.bind(id).bind(&lease.name).fetch_optional(&mut tx).await?.is_none() {
                return Ok(None);
            }
            query(
                "INSERT INTO webhook_attempts (message_id, endpoint_id, number, made_at, duration_ms, error) \
                 SELECT message_id, endpoint_id, CASE WHEN attempts < 0 THEN 1 ELSE attempts + 1 END, $3, 0, $4 \
                 FROM webhook_deliveries WHERE endpoint_id = $1 AND due_at IS NOT NULL \
                 AND ($2 IS NULL OR message_id = $2) ON CONFLICT (message_id, endpoint_id, number) DO NOTHING",
            )
            .bind(id)
            .bind(message)
            .bind(epoch_ms(lease.now))
            .bind(AttemptError::RecordUnreadable.as_str())
            .execute(&mut tx)
            .await?;
            let gone = query(
                "UPDATE webhook_deliveries SET state = 'failed', due_at = NULL, \
                 attempts = CASE WHEN attempts < 0 THEN 1 ELSE attempts + 1 END \
                 WHERE endpoint_id = $1 AND due_at IS NOT NULL AND ($2 IS NULL OR message_id = $2) \
                 RETURNING message_id",
            );
            let gone = gone.bind(id).bind(message).fetch_all(&mut tx).await?;
            give_back(&mut tx, id, lease.now).await?;
            tx.commit().await?;
            Ok(Some(gone))
        });
        for row in set_aside.await?.unwrap_or_default() {
            tracing::error!(
                target: "tollgate::webhooks",
                message_id = row.try_get::<&str, _>("message_id").unwrap_or("-"),
                endpoint = id,
                error = AttemptError::RecordUnreadable.as_str(),
                "a delivery does not read: it is given up"
            );
        }
        Ok(())
    }
}
