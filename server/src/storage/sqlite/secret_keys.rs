//! Versions of the server's own secrets.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use super::Sqlite;
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
    /// Row `$1` gets version `$2` and content `$3` if its content is still `$4`.
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
        update: "UPDATE sealed_secrets SET key_version = $2, sealed = $3 WHERE id = $1 AND sealed = $4",
        count: "SELECT key_version AS version, COUNT(*) AS records FROM sealed_secrets GROUP BY key_version",
    },
    SealedTable {
        #[cfg(test)]
        column: ("orders", "codes_sealed"),
        numbered: true,
        select: "SELECT id, codes_context AS context, codes_key_version AS version, codes_sealed AS sealed FROM orders \
                 WHERE codes_key_version < $1 ORDER BY codes_key_version, id LIMIT $2 OFFSET $3",
        update: "UPDATE orders SET codes_key_version = $2, codes_sealed = $3 WHERE id = $1 AND codes_sealed = $4",
        count: "SELECT codes_key_version AS version, COUNT(*) AS records FROM orders GROUP BY codes_key_version",
    },
    SealedTable {
        #[cfg(test)]
        column: ("webhook_endpoints", "bearer_sealed"),
        numbered: false,
        select: "SELECT id, id AS context, bearer_key_version AS version, bearer_sealed AS sealed \
                 FROM webhook_endpoints WHERE bearer_key_version < $1 ORDER BY bearer_key_version, id LIMIT $2 OFFSET $3",
        update: "UPDATE webhook_endpoints SET bearer_key_version = $2, bearer_sealed = $3 \
                 WHERE id = $1 AND bearer_sealed = $4",
        count: "SELECT bearer_key_version AS version, COUNT(*) AS records FROM webhook_endpoints \
                WHERE bearer_key_version IS NOT NULL GROUP BY bearer_key_version",
    },
    SealedTable {
        #[cfg(test)]
        column: ("users", "totp_sealed"),
        numbered: true,
        select: "SELECT id, 'totp:' || id AS context, totp_key_version AS version, totp_sealed AS sealed FROM users \
                 WHERE totp_key_version < $1 ORDER BY totp_key_version, id LIMIT $2 OFFSET $3",
        update: "UPDATE users SET totp_key_version = $2, totp_sealed = $3 WHERE id = $1 AND totp_sealed = $4",
        count: "SELECT totp_key_version AS version, COUNT(*) AS records FROM users \
                WHERE totp_key_version IS NOT NULL GROUP BY totp_key_version",
    },
    SealedTable {
        #[cfg(test)]
        column: ("totp_enrolments", "sealed"),
        numbered: true,
        select: "SELECT user_id AS id, 'totp:' || user_id AS context, key_version AS version, sealed \
                 FROM totp_enrolments WHERE key_version < $1 ORDER BY key_version, user_id LIMIT $2 OFFSET $3",
        update: "UPDATE totp_enrolments SET key_version = $2, sealed = $3 WHERE user_id = $1 AND sealed = $4",
        count: "SELECT key_version AS version, COUNT(*) AS records FROM totp_enrolments GROUP BY key_version",
    },
];

#[async_trait]
impl SecretKeyRecords for Sqlite {
    async fn key_checks(&self) -> Result<Vec<KeyCheck>, StorageError> {
        let query = sqlx::query("SELECT kind, version, value FROM secret_key_checks ORDER BY kind, version");
        let rows = query.fetch_all(&self.read).await?;
        rows.iter()
            .map(|row| {
                let kind = SecretKind::from_word(row.try_get("kind")?).ok_or_else(StorageError::corrupt)?;
                let value = row.try_get::<&[u8], _>("value")?.try_into().map_err(|_| StorageError::corrupt())?;
                Ok(KeyCheck { kind, version: version(row)?, value })
            })
            .collect()
    }

    async fn keep_key_checks(&self, checks: &[KeyCheck], now: OffsetDateTime) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        for check in checks {
            sqlx::query(
                "INSERT INTO secret_key_checks (kind, version, value, first_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (kind, version) DO NOTHING",
            )
            .bind(check.kind.as_str())
            .bind(i64::from(check.version))
            .bind(&check.value[..])
            .bind(epoch_ms(now))
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    async fn key_uses(&self, now: OffsetDateTime) -> Result<Vec<KeyUse>, StorageError> {
        let digests = sqlx::query(
            "SELECT pepper_version AS version, COUNT(*) AS records FROM credentials WHERE revoked_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $1) AND (retiring_until IS NULL OR retiring_until > $1) \
             GROUP BY pepper_version",
        );
        let digests = digests.bind(epoch_ms(now)).fetch_all(&self.read).await?;
        let grants = sqlx::query(
            "SELECT pepper_version AS version, COUNT(*) AS records FROM checkout_grants \
             WHERE revoked_at IS NULL AND expires_at > $1 GROUP BY pepper_version",
        );
        let grants = grants.bind(epoch_ms(now)).fetch_all(&self.read).await?;
        let mut sealed = Vec::new();
        for table in SEALED {
            sealed.extend(sqlx::query(table.count).fetch_all(&self.read).await?);
        }
        let of = |kind, rows: Vec<SqliteRow>| {
            rows.into_iter().map(move |row| {
                let records = u64::try_from(row.try_get::<i64, _>("records")?).map_err(|_| StorageError::corrupt())?;
                Ok(KeyUse { kind, version: version(&row)?, records })
            })
        };
        let digests = of(SecretKind::Pepper, digests);
        digests.chain(of(SecretKind::TokenPepper, grants)).chain(of(SecretKind::Sealing, sealed)).collect()
    }

    async fn end_grants_before(&self, version: u32, now: OffsetDateTime) -> Result<u64, StorageError> {
        let query = sqlx::query(
            "UPDATE checkout_grants SET revoked_at = $2 \
             WHERE pepper_version < $1 AND revoked_at IS NULL AND expires_at > $2",
        );
        let ended = query.bind(i64::from(version)).bind(epoch_ms(now)).execute(&self.write).await?;
        Ok(ended.rows_affected())
    }

    async fn sealed_before(
        &self,
        version: u32,
        table: usize,
        skip: u32,
        limit: u32,
    ) -> Result<Option<Vec<SealedRecord>>, StorageError> {
        let Some(SealedTable { numbered, select, .. }) = SEALED.get(table) else { return Ok(None) };
        let query = sqlx::query(*select).bind(i64::from(version)).bind(i64::from(limit)).bind(i64::from(skip));
        let rows = query.fetch_all(&self.read).await?;
        rows.iter().map(|row| record(row, table, *numbered)).collect::<Result<_, _>>().map(Some)
    }

    async fn reseal(&self, records: &[Resealed]) -> Result<u64, StorageError> {
        let mut tx = self.begin().await?;
        let mut changed = 0;
        for Resealed { row, before, key_version, sealed } in records {
            let table = SEALED.get(row.table).ok_or_else(StorageError::corrupt)?;
            let query = sqlx::query(table.update);
            let query = match &row.id {
                RowId::Number(id) => query.bind(id),
                RowId::Text(id) => query.bind(id),
            };
            let query = query.bind(i64::from(*key_version)).bind(sealed).bind(before);
            changed += query.execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(changed)
    }
}

fn record(row: &SqliteRow, table: usize, numbered: bool) -> Result<SealedRecord, StorageError> {
    let id = if numbered { RowId::Number(row.try_get("id")?) } else { RowId::Text(row.try_get("id")?) };
    Ok(SealedRecord {
        row: SealedRow { table, id },
        context: row.try_get("context")?,
        key_version: version(row)?,
        sealed: row.try_get("sealed")?,
    })
}

fn version(row: &SqliteRow) -> Result<u32, StorageError> {
    u32::try_from(row.try_get::<i64, _>("version")?).map_err(|_| StorageError::corrupt())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[tokio::test]
    async fn everything_sealed_is_sealed_anew() {
        let dir = tempfile::tempdir().unwrap();
        let database = Sqlite::open(&dir.path().join("tollgate.db")).await.unwrap();
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND (c.name = 'sealed' OR c.name LIKE '%\\_sealed' ESCAPE '\\')",
        )
        .fetch_all(&database.read)
        .await
        .unwrap();
        let columns: BTreeSet<_> = columns.iter().map(|(table, column)| (table.as_str(), column.as_str())).collect();
        let listed: BTreeSet<_> = SEALED.iter().map(|table| table.column).collect();
        assert_eq!(columns, listed, "a column with something sealed must be in the list");
        for table in 0..SEALED.len() {
            assert!(database.sealed_before(9, table, 0, 10).await.unwrap().unwrap().is_empty());
        }
        assert!(database.sealed_before(9, SEALED.len(), 0, 10).await.unwrap().is_none());
    }
}
