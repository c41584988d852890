//! The audit log, and the transaction that every change is made in.

use std::future::Future;

use async_trait::async_trait;

use super::{Database, Row, Transaction, query};
use crate::account::{AuditEntry, AuditHead, MerchantId, NewAuditEntry};
use crate::storage::completion::announce;
use crate::storage::{AuditFilter, AuditLink, AuditLog, StorageError};

/// A change and the entry about it, in one transaction.
///
/// It begins by taking the one row of `audit_head`, which every other change then waits for: so entries follow each
/// other without a gap or a fork, and what a change reads is what it will find at its commit. Dropped without
/// [`commit`](Self::commit) it has changed nothing.
pub(super) struct AuditedChange {
    tx: Transaction,
    head: AuditHead,
}

impl Database {
    /// Runs `body` as a [transaction](Database::transaction) that ends with an entry, one after the other.
    pub(super) async fn change<T, B, F>(&self, body: B) -> Result<T, StorageError>
    where
        B: Fn(AuditedChange) -> F + Send + Sync,
        F: Future<Output = Result<T, StorageError>> + Send,
    {
        let body = &body;
        self.transaction(|tx| async move { body(AuditedChange::begin(tx).await?).await }).await
    }
}

impl AuditedChange {
    async fn begin(mut tx: Transaction) -> Result<Self, StorageError> {
        tx.take_turn().await?;
        let locked = query("UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash");
        let locked = locked.fetch_one(&mut tx).await?;
        let seq = locked.try_get::<i64, _>("seq")?.checked_sub(1).ok_or_else(StorageError::corrupt)?;
        Ok(Self { tx, head: AuditHead { seq, hash: hash(&locked, "hash")? } })
    }

    /// What the change is made through.
    pub(super) fn tx(&mut self) -> &mut Transaction {
        &mut self.tx
    }

    /// The number of the entry to come.
    pub(super) fn seq(&self) -> i64 {
        self.head.seq.saturating_add(1)
    }

    /// Writes the entry and makes both durable.
    pub(super) async fn commit(mut self, entry: &NewAuditEntry) -> Result<(), StorageError> {
        let entry = entry.follow(&self.head);
        query(
            "INSERT INTO audit (seq, at, actor, address, merchant_id, action, subject, detail, previous, hash) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(entry.seq)
        .bind(entry.at_ms)
        .bind(&entry.actor)
        .bind(&entry.address)
        .bind(&entry.merchant)
        .bind(&entry.action)
        .bind(&entry.subject)
        .bind(&entry.detail)
        .bind(&entry.previous[..])
        .bind(&entry.hash[..])
        .execute(&mut self.tx)
        .await?;
        query("UPDATE audit_head SET hash = $1 WHERE id = 1").bind(&entry.hash[..]).execute(&mut self.tx).await?;
        self.tx.commit().await?;
        announce(&entry);
        Ok(())
    }
}

#[async_trait]
impl AuditLog for Database {
    async fn append_audit(&self, entry: &NewAuditEntry) -> Result<(), StorageError> {
        self.change(|change| change.commit(entry)).await
    }

    async fn audit_entries(
        &self,
        merchant: Option<&MerchantId>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        let before = before.unwrap_or(i64::MAX);
        let rows = match merchant {
            None => {
                query("SELECT * FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2")
                    .bind(before)
                    .bind(i64::from(limit))
                    .fetch_all(&self.read)
                    .await?
            }
            Some(merchant) => {
                query("SELECT * FROM audit WHERE merchant_id = $3 AND seq < $1 ORDER BY seq DESC LIMIT $2")
                    .bind(before)
                    .bind(i64::from(limit))
                    .bind(merchant.as_str())
                    .fetch_all(&self.read)
                    .await?
            }
        };
        rows.iter().map(entry).collect()
    }

    async fn find_audit_entries(
        &self,
        merchant: Option<&MerchantId>,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StorageError> {
        // Two statements: one with "or every merchant" in it would read the whole log for one merchant's part.
        let query = match merchant {
            None => query(
                "SELECT * FROM audit WHERE seq < $1 AND ($2 = '' OR actor = $2) \
                 AND substr(action, 1, CAST($3 AS INTEGER)) = $4 AND at >= $5 AND at < $6 ORDER BY seq DESC LIMIT $7",
            ),
            Some(_) => query(
                "SELECT * FROM audit WHERE merchant_id = $8 AND seq < $1 AND ($2 = '' OR actor = $2) \
                 AND substr(action, 1, CAST($3 AS INTEGER)) = $4 AND at >= $5 AND at < $6 ORDER BY seq DESC LIMIT $7",
            ),
        };
        let query = query
            .bind(before.unwrap_or(i64::MAX))
            .bind(&filter.actor)
            .bind(i64::from(i32::try_from(filter.action.chars().count()).unwrap_or(i32::MAX)))
            .bind(&filter.action)
            .bind(filter.from_ms.unwrap_or(i64::MIN))
            .bind(filter.until_ms.unwrap_or(i64::MAX))
            .bind(i64::from(limit));
        let query = match merchant {
            None => query,
            Some(merchant) => query.bind(merchant.as_str()),
        };
        query.fetch_all(&self.read).await?.iter().map(entry).collect()
    }

    async fn audit_links(&self, after: i64, limit: u32) -> Result<Vec<AuditLink>, StorageError> {
        let query =
            query("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2").bind(after).bind(i64::from(limit));
        query.fetch_all(&self.read).await?.iter().map(link).collect()
    }

    async fn audit_links_of(
        &self,
        merchant: &MerchantId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<AuditLink>, StorageError> {
        let query = query("SELECT * FROM audit WHERE merchant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3");
        let query = query.bind(merchant.as_str()).bind(after).bind(i64::from(limit));
        query.fetch_all(&self.read).await?.iter().map(link).collect()
    }

    async fn audit_head(&self) -> Result<AuditHead, StorageError> {
        let found = query("SELECT seq, hash FROM audit_head WHERE id = 1").fetch_optional(&self.read).await?;
        let found = found.ok_or_else(StorageError::corrupt)?;
        Ok(AuditHead { seq: found.try_get("seq")?, hash: hash(&found, "hash")? })
    }
}

fn link(row: &Row) -> Result<AuditLink, StorageError> {
    match entry(row) {
        Ok(entry) => Ok(AuditLink::Readable(Box::new(entry))),
        Err(_) => Ok(AuditLink::Unreadable(row.try_get("seq")?)),
    }
}

fn entry(row: &Row) -> Result<AuditEntry, StorageError> {
    Ok(AuditEntry {
        seq: row.try_get("seq")?,
        at_ms: row.try_get("at")?,
        actor: row.try_get("actor")?,
        address: row.try_get("address")?,
        merchant: row.try_get("merchant_id")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        detail: row.try_get("detail")?,
        previous: hash(row, "previous")?,
        hash: hash(row, "hash")?,
    })
}

fn hash(row: &Row, column: &str) -> Result<[u8; 32], StorageError> {
    row.try_get::<&[u8], _>(column)?.try_into().map_err(|_| StorageError::corrupt())
}
