//! Panel sessions.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Database, Executor, Row, Transaction, query, row};
use crate::account::{MerchantId, UserId};
use crate::clock::epoch_ms;
use crate::storage::{PanelSession, SessionChange, Sessions, StorageError};

#[async_trait]
impl Sessions for Database {
    async fn open_session(&self, session: &PanelSession, limit: u32) -> Result<(), StorageError> {
        self.transaction(|mut tx| async move {
            query(
                "INSERT INTO panel_sessions (digest, id, user_id, generation, mode, created_at, seen_at, proven_at, \
                 address, agent, flash, draft) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            )
            .bind(&session.digest[..])
            .bind(&session.id)
            .bind(session.user.get())
            .bind(session.generation)
            .bind(session.mode.as_str())
            .bind(epoch_ms(session.created_at))
            .bind(epoch_ms(session.seen_at))
            .bind(epoch_ms(session.proven_at))
            .bind(&session.address)
            .bind(&session.agent)
            .bind(&session.flash)
            .bind(&session.draft)
            .execute(&mut tx)
            .await?;
            query(
                "DELETE FROM panel_sessions WHERE user_id = $1 AND digest NOT IN (SELECT digest FROM panel_sessions \
                 WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT $2)",
            )
            .bind(session.user.get())
            .bind(i64::from(limit))
            .execute(&mut tx)
            .await?;
            tx.commit().await
        })
        .await
    }

    async fn session(&self, digest: &[u8; 32]) -> Result<Option<PanelSession>, StorageError> {
        let query = query("SELECT * FROM panel_sessions WHERE digest = $1").bind(&digest[..]);
        query.fetch_optional(&self.read).await?.as_ref().map(session).transpose()
    }

    async fn change_session(&self, digest: &[u8; 32], change: &SessionChange) -> Result<(), StorageError> {
        let query = match change {
            SessionChange::Draft(draft) => {
                query("UPDATE panel_sessions SET draft = $2 WHERE digest = $1").bind(&digest[..]).bind(draft)
            }
            SessionChange::Flash(flash) => {
                query("UPDATE panel_sessions SET flash = $2 WHERE digest = $1").bind(&digest[..]).bind(flash)
            }
            SessionChange::Mode(mode) => {
                query("UPDATE panel_sessions SET mode = $2 WHERE digest = $1").bind(&digest[..]).bind(mode.as_str())
            }
            SessionChange::Proven(at) => query("UPDATE panel_sessions SET proven_at = $2 WHERE digest = $1")
                .bind(&digest[..])
                .bind(epoch_ms(*at)),
            SessionChange::Seen(at) => {
                query("UPDATE panel_sessions SET seen_at = $2 WHERE digest = $1").bind(&digest[..]).bind(epoch_ms(*at))
            }
        };
        query.execute(&self.write).await?;
        Ok(())
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<PanelSession>, StorageError> {
        let query = query("SELECT * FROM panel_sessions WHERE user_id = $1 ORDER BY created_at DESC, id");
        query.bind(user.get()).fetch_all(&self.read).await?.iter().map(session).collect()
    }

    async fn end_session(&self, user: UserId, id: &str) -> Result<bool, StorageError> {
        let query = query("DELETE FROM panel_sessions WHERE user_id = $1 AND id = $2");
        Ok(query.bind(user.get()).bind(id).execute(&self.write).await? == 1)
    }

    async fn end_sessions(&self, user: UserId, but: Option<&[u8; 32]>) -> Result<u64, StorageError> {
        end_of_user(&self.write, user, but).await
    }

    async fn count_sessions(
        &self,
        merchant: &MerchantId,
        seen_after: OffsetDateTime,
        began_after: OffsetDateTime,
    ) -> Result<Vec<(UserId, u64)>, StorageError> {
        let rows = query(
            "SELECT s.user_id, COUNT(*) AS sessions FROM panel_sessions s JOIN users u ON u.id = s.user_id \
             AND u.generation = s.generation AND u.disabled = 0 \
             WHERE u.merchant_id = $1 AND s.seen_at > $2 AND s.created_at > $3 GROUP BY s.user_id",
        )
        .bind(merchant.as_str())
        .bind(epoch_ms(seen_after))
        .bind(epoch_ms(began_after))
        .fetch_all(&self.read)
        .await?;
        let count = |row: &Row| {
            let sessions = u64::try_from(row.try_get::<i64, _>("sessions")?).map_err(|_| StorageError::corrupt())?;
            Ok((UserId::from_stored(row.try_get("user_id")?), sessions))
        };
        rows.iter().map(count).collect()
    }

    async fn sweep_sessions(&self, before: OffsetDateTime) -> Result<u64, StorageError> {
        let query = query("DELETE FROM panel_sessions WHERE created_at < $1");
        Ok(query.bind(epoch_ms(before)).execute(&self.write).await?)
    }
}

/// Ends every session of a user but the one with this digest.
pub(super) async fn end_of_user(on: impl Executor, user: UserId, but: Option<&[u8; 32]>) -> Result<u64, StorageError> {
    let query = query("DELETE FROM panel_sessions WHERE user_id = $1 AND digest <> $2");
    query.bind(user.get()).bind(kept(but)).execute(on).await
}

/// Ends every session of a merchant's users but the one with this digest.
pub(super) async fn end_of_merchant(
    tx: &mut Transaction,
    merchant: &MerchantId,
    but: Option<&[u8; 32]>,
) -> Result<u64, StorageError> {
    let query = query(
        "DELETE FROM panel_sessions WHERE digest <> $2 AND user_id IN (SELECT id FROM users WHERE merchant_id = $1)",
    );
    query.bind(merchant.as_str()).bind(kept(but)).execute(tx).await
}

/// No digest is empty.
fn kept(but: Option<&[u8; 32]>) -> &[u8] {
    but.map_or(&[][..], |digest| &digest[..])
}

fn session(row: &Row) -> Result<PanelSession, StorageError> {
    Ok(PanelSession {
        digest: row::bytes(row, "digest")?,
        id: row.try_get("id")?,
        user: UserId::from_stored(row.try_get("user_id")?),
        generation: row.try_get("generation")?,
        mode: row::mode(row)?,
        created_at: row::time(row, "created_at")?,
        seen_at: row::time(row, "seen_at")?,
        proven_at: row::time(row, "proven_at")?,
        address: row.try_get("address")?,
        agent: row.try_get("agent")?,
        flash: row.try_get("flash")?,
        draft: row.try_get("draft")?,
    })
}
