//! Versions of the server's own secrets.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{Database, Row, query};
use crate::clock::epoch_ms;
use crate::keys::{KeyCheck, SecretKind};
use crate::storage::{KeyUse, Resealed, RowId, SealedRecord, SealedRow, SecretKeyRecords, StorageError};

/// A table with something sealed in it.
struct SealedTable {
    /// Its table and column, for the test that none is forgotten.
    #[cfg(test)]
    column: (&'static str, &'static str),
    numbered: bool,
    /// `id`, `context`, `version` and `sealed` under versions before `$1`: at most `$2`, after the first `$3`.
    select: &'static str,
    /// Row `$1` gets version `$2` and content `$3` if it has version `$4` and content `$5`.
    update: &'static str,
    /// `version` and `records`.
    count: &'static str,
}

/// Every one.
const SEALED: &[SealedTable] = &[
    SealedTable {
        #[cfg(test)]
        column: ("sealed_secrets", "sealed"),
        numbered: false,
        select: "SELECT id, id AS context, key_version AS version, sealed FROM sealed_secrets WHERE key_version < $1 \
                 ORDER BY key_version, id LIMIT $2 OFFSET $3",
        update: "UPDATE sealed_secrets SET key_version = $2, sealed = $3 WHERE id = $1 AND key_version = $4 \
                 AND sealed = $5",
        count: "SELECT key_version AS version, COUNT(*) AS records FROM sealed_secrets GROUP BY key_version",
    },
    SealedTable {
        #[cfg(test)]
        column: ("orders", "codes_sealed"),
        numbered: true,
        select: "SELECT id, codes_context AS context, codes_key_version AS version, codes_sealed AS sealed FROM orders \
                 WHERE codes_key_version < $1 ORDER BY codes_key_version, id LIMIT $2 OFFSET $3",
        update: "UPDATE orders SET codes_key_version = $2, codes_sealed = $3 WHERE id = $1 AND codes_key_version = $4 \
                 AND codes_sealed = $5",
        count: "SELECT codes_key_version AS version, COUNT(*) AS records FROM orders GROUP BY codes_key_version",
    },
    SealedTable {
        #[cfg(test)]
        column: ("webhook_endpoints", "bearer_sealed"),
        numbered: false,
        select: "SELECT id, id AS context, bearer_key_version AS version, bearer_sealed AS sealed FROM webhook_endpoints \
                 WHERE bearer_key_version < $1 ORDER BY bearer_key_version, id LIMIT $2 OFFSET $3",
        update: "UPDATE webhook_endpoints SET bearer_key_version = $2, bearer_sealed = $3 \
                 WHERE id = $1 AND bearer_key_version = $4 AND bearer_sealed = $5",
        count: "SELECT bearer_key_version AS version, COUNT(*) AS records FROM webhook_endpoints \
                WHERE bearer_key_version IS NOT NULL GROUP BY bearer_key_version",
    },
    SealedTable {
        #[cfg(test)]
        column: ("users", "totp_sealed"),
        numbered: true,
        select: "SELECT id, 'totp:' || id AS context, totp_key_version AS version, totp_sealed AS sealed FROM users \
                 WHERE totp_key_version < $1 ORDER BY totp_key_version, id LIMIT $2 OFFSET $3",
        update: "UPDATE users SET totp_key_version = $2, totp_sealed = $3 WHERE id = $1 AND totp_key_version = $4 \
                 AND totp_sealed = $5",
        count: "SELECT totp_key_version AS version, COUNT(*) AS records FROM users \
                WHERE totp_key_version IS NOT NULL GROUP BY totp_key_version",
    },
    SealedTable {
        #[cfg(test)]
        column: ("totp_enrolments", "sealed"),
        numbered: true,
        select: "SELECT user_id AS id, 'totp:' || user_id AS context, key_version AS version, sealed \
                 FROM totp_enrolments WHERE key_version < $1 ORDER BY key_version, user_id LIMIT $2 OFFSET $3",
        update: "UPDATE totp_enrolments SET key_version = $2, sealed = $3 WHERE user_id = $1 AND key_version = $4 \
                 AND sealed = $5",
        count: "SELECT key_version AS version, COUNT(*) AS records FROM totp_enrolments GROUP BY key_version",
    },
    SealedTable {
        #[cfg(test)]
        column: ("mails", "sealed"),
        numbered: false,
        select: "SELECT id, 'mail:' || id AS context, key_version AS version, sealed FROM mails WHERE key_version < $1 \
                 ORDER BY key_version, id LIMIT $2 OFFSET $3",
        update: "UPDATE mails SET key_version = $2, sealed = $3 WHERE id = $1 AND key_version = $4 AND sealed = $5",
        count: "SELECT key_version AS version, COUNT(*) AS records FROM mails GROUP BY key_version",
    },
];

#[async_trait]
impl SecretKeyRecords for Database {
    async fn key_checks(&self) -> Result<Vec<KeyCheck>, StorageError> {
        let query = query("SELECT kind, version, value FROM secret_key_checks ORDER BY kind, version");
        let rows = query.fetch_all(&self.read).await?;
        rows.iter()
            .map(|row| {
                let kind = SecretKind::from_word(row.try_get("kind")?).ok_or_else(StorageError::corrupt)?;
                let value = row.try_get::<&[u8], _>("value")?.try_into().map_err(|_| StorageError::corrupt())?;
                Ok(KeyCheck { kind, version: row.try_get("version")?, value })
            })
            .collect()
    }

    async fn keep_key_checks(&self, checks: &[KeyCheck], now: OffsetDateTime) -> Result<(), StorageError> {
        self.transaction(|mut tx| async move {
            for check in checks {
                query(
                    "INSERT INTO secret_key_checks (kind, version, value, first_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (kind, version) DO NOTHING",
                )
                .bind(check.kind.as_str())
                .bind(check.version)
                .bind(&check.value[..])
                .bind(epoch_ms(now))
                .execute(&mut tx)
                .await?;
            }
            tx.commit().await
        })
        .await
    }

    async fn key_uses(&self, now: OffsetDateTime) -> Result<Vec<KeyUse>, StorageError> {
        let digests = query(
            "SELECT pepper_version AS version, COUNT(*) AS records FROM credentials WHERE revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $1) AND (retiring_until IS NULL OR retiring_until > $1) \
             GROUP BY pepper_version",
        );
        let digests = digests.bind(epoch_ms(now)).fetch_all(&self.read).await?;
        let grants = query(
            "SELECT pepper_version AS version, COUNT(*) AS records FROM checkout_grants \
             WHERE revoked_at IS NULL AND expires_at > $1 GROUP BY pepper_version",
        );
        let grants = grants.bind(epoch_ms(now)).fetch_all(&self.read).await?;
        let mut sealed = Vec::new();
        for table in SEALED {
            sealed.extend(query(table.count).fetch_all(&self.read).await?);
        }
        let of = |kind, rows: Vec<Row>| {
            rows.into_iter().map(move |row| {
                let records = u64::try_from(row.try_get::<i64, _>("records")?).map_err(|_| StorageError::corrupt())?;
                Ok(KeyUse { kind, version: row.try_get("version")?, records })
            })
        };
        let digests = of(SecretKind::Pepper, digests);
        digests.chain(of(SecretKind::TokenPepper, grants)).chain(of(SecretKind::Sealing, sealed)).collect()
    }

    async fn end_grants_before(&self, version: u32, now: OffsetDateTime) -> Result<u64, StorageError> {
        let query = query(
            "UPDATE checkout_grants SET revoked_at = $2 \
             WHERE pepper_version < $1 AND revoked_at IS NULL AND expires_at > $2",
        );
        query.bind(version).bind(epoch_ms(now)).execute(&self.write).await
    }

    async fn sealed_before(
        &self,
        version: u32,
        table: usize,
        skip: u32,
        limit: u32,
    ) -> Result<Option<Vec<SealedRecord>>, StorageError> {
        let Some(SealedTable { numbered, select, .. }) = SEALED.get(table) else { return Ok(None) };
        let query = query(select).bind(version).bind(limit).bind(skip);
        let rows = query.fetch_all(&self.read).await?;
        rows.iter().map(|row| record(row, table, *numbered)).collect::<Result<_, _>>().map(Some)
    }

    async fn reseal(&self, records: &[Resealed]) -> Result<u64, StorageError> {
        self.transaction(|mut tx| async move {
            let mut changed = 0;
            for Resealed { row, old_version, old, key_version, sealed } in records {
                let table = SEALED.get(row.table).ok_or_else(StorageError::corrupt)?;
                let query = query(table.update);
                let query = match &row.id {
                    RowId::Number(id) => query.bind(id),
                    RowId::Text(id) => query.bind(id),
                };
                let query = query.bind(*key_version).bind(sealed).bind(*old_version).bind(old);
                changed += query.execute(&mut tx).await?;
            }
            tx.commit().await?;
            Ok(changed)
        })
        .await
    }
}

fn record(row: &Row, table: usize, numbered: bool) -> Result<SealedRecord, StorageError> {
    let id = if numbered { RowId::Number(row.try_get("id")?) } else { RowId::Text(row.try_get("id")?) };
    Ok(SealedRecord {
        row: SealedRow { table, id },
        context: row.try_get("context")?,
        key_version: row.try_get("version")?,
        sealed: row.try_get("sealed")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everything_sealed_is_sealed_anew() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&dir.path().join("tollgate.db")).await.unwrap();
        let found = query(
            "SELECT t.name AS in_table, c.name AS in_column FROM sqlite_master t JOIN pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND (c.name = 'sealed' OR c.name LIKE '%\\_sealed' ESCAPE '\\') ORDER BY t.name",
        )
        .fetch_all(&database.read)
        .await
        .unwrap();
        let text = |row: &'_ Row, column| row.try_get::<String, _>(column).unwrap();
        let columns: Vec<_> = found.iter().map(|row| (text(row, "in_table"), text(row, "in_column"))).collect();
        let columns: Vec<_> = columns.iter().map(|(table, column)| (table.as_str(), column.as_str())).collect();
        let mut listed: Vec<_> = SEALED.iter().map(|table| table.column).collect();
        listed.sort_unstable();
        assert_eq!(columns, listed, "a column with something sealed must be in the list");
        for table in 0..SEALED.len() {
            assert!(database.sealed_before(9, table, 0, 10).await.unwrap().unwrap().is_empty());
        }
        assert!(database.sealed_before(9, SEALED.len(), 0, 10).await.unwrap().is_none());
    }
}
