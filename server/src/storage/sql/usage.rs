//! Numbers of use.

use async_trait::async_trait;
use tollgate_apikey::{KeyId, Mode};

use super::{Database, Row, query, query_rows, row};
use crate::account::MerchantId;
use crate::clock::epoch_ms;
use crate::storage::{HourOfUse, LastUse, StorageError, UsageBook};

#[async_trait]
impl UsageBook for Database {
    async fn add_usage(&self, hours: &[HourOfUse], uses: &[LastUse]) -> Result<(), StorageError> {
        self.transaction(|mut tx| async move {
            for hour in hours {
                query(
                    "INSERT INTO usage_hours (merchant_id, mode, hour, requests, refusals) VALUES ($1, $2, $3, $4, $5) \
                     ON CONFLICT (merchant_id, mode, hour) DO UPDATE SET requests = usage_hours.requests + $4, \
                     refusals = usage_hours.refusals + $5",
                )
                .bind(hour.merchant.as_str())
                .bind(hour.mode.as_str())
                .bind(hour.hour)
                .bind(i64::try_from(hour.requests).unwrap_or(i64::MAX))
                .bind(i64::try_from(hour.refusals).unwrap_or(i64::MAX))
                .execute(&mut tx)
                .await?;
            }
            for last in uses {
                query(
                    "INSERT INTO credential_uses (credential_id, at, address) VALUES ($1, $2, $3) \
                     ON CONFLICT (credential_id) DO UPDATE SET at = $2, address = $3 WHERE credential_uses.at <= $2",
                )
                .bind(last.credential.as_str())
                .bind(epoch_ms(last.at))
                .bind(&last.address)
                .execute(&mut tx)
                .await?;
            }
            tx.commit().await
        })
        .await
    }

    async fn usage_since(&self, merchant: &MerchantId, mode: Mode, hour: i64) -> Result<Vec<HourOfUse>, StorageError> {
        let query = query(
            "SELECT hour, requests, refusals FROM usage_hours WHERE merchant_id = $1 AND mode = $2 AND hour >= $3 \
             ORDER BY hour",
        );
        let rows = query.bind(merchant.as_str()).bind(mode.as_str()).bind(hour).fetch_all(&self.read).await?;
        let number = |value: i64| u64::try_from(value).map_err(|_| StorageError::corrupt());
        rows.iter()
            .map(|row| {
                Ok(HourOfUse {
                    merchant: merchant.clone(),
                    mode,
                    hour: row.try_get("hour")?,
                    requests: number(row.try_get("requests")?)?,
                    refusals: number(row.try_get("refusals")?)?,
                })
            })
            .collect()
    }

    async fn last_use(&self, credential: KeyId) -> Result<Option<LastUse>, StorageError> {
        let query = query("SELECT at, address FROM credential_uses WHERE credential_id = $1");
        let found = query.bind(credential.as_str()).fetch_optional(&self.read).await?;
        let last = |row| Ok(LastUse { credential, at: row::time(&row, "at")?, address: row.try_get("address")? });
        found.map(last).transpose()
    }

    async fn last_uses(&self, credentials: &[KeyId]) -> Result<Vec<LastUse>, StorageError> {
        if credentials.is_empty() {
            return Ok(Vec::new());
        }
        let uses = "SELECT credential_id, at, address FROM credential_uses WHERE credential_id IN (";
        let uses = query_rows(uses, 1, credentials.len(), ")");
        let uses = credentials.iter().fold(uses, |uses, credential| uses.bind(credential.as_str()));
        let last = |row: &Row| {
            let credential = KeyId::parse(row.try_get("credential_id")?).map_err(|_| StorageError::corrupt())?;
            Ok(LastUse { credential, at: row::time(row, "at")?, address: row.try_get("address")? })
        };
        uses.fetch_all(&self.read).await?.iter().map(last).collect()
    }

    async fn sweep_usage(&self, before_hour: i64) -> Result<u64, StorageError> {
        let query = query("DELETE FROM usage_hours WHERE hour < $1");
        Ok(query.bind(before_hour).execute(&self.write).await?)
    }
}
