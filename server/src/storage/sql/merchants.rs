//! Merchants, their settings and their aliases.

use tollgate_apikey::Mode;

use super::{Database, query, query_scalar, row};
use crate::account::{Merchant, MerchantId};
use crate::clock::epoch_ms;
use crate::storage::StorageError;

pub(super) async fn insert(db: &Database, merchant: &Merchant, balance: &str) -> Result<(), StorageError> {
    db.transaction(|mut tx| async move {
        query(
            "INSERT INTO merchants (id, name, status, ip_list, domains, methods, currency, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(merchant.id.as_str())
        .bind(&merchant.name)
        .bind(merchant.status.as_str())
        .bind(row::ip_list_column(&merchant.ip_list))
        .bind(merchant.domains.join(" "))
        .bind(merchant.methods.join(" "))
        .bind(&merchant.currency)
        .bind(epoch_ms(merchant.created_at))
        .execute(&mut tx)
        .await?;
        for mode in [Mode::Live, Mode::Test] {
            query("INSERT INTO balances (merchant_id, mode, available) VALUES ($1, $2, $3)")
                .bind(merchant.id.as_str())
                .bind(mode.as_str())
                .bind(balance)
                .execute(&mut tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    })
    .await
}

pub(super) async fn find(db: &Database, id: &MerchantId) -> Result<Option<Merchant>, StorageError> {
    let query = query("SELECT * FROM merchants WHERE id = $1").bind(id.as_str());
    query.fetch_optional(&db.read).await?.as_ref().map(row::merchant).transpose()
}

pub(super) async fn all(db: &Database) -> Result<Vec<Merchant>, StorageError> {
    let rows = query("SELECT * FROM merchants ORDER BY created_at, id").fetch_all(&db.read).await?;
    rows.iter().map(row::merchant).collect()
}

pub(super) async fn update(db: &Database, merchant: &Merchant) -> Result<(), StorageError> {
    query("UPDATE merchants SET name = $2, status = $3, ip_list = $4, domains = $5, methods = $6 WHERE id = $1")
        .bind(merchant.id.as_str())
        .bind(&merchant.name)
        .bind(merchant.status.as_str())
        .bind(row::ip_list_column(&merchant.ip_list))
        .bind(merchant.domains.join(" "))
        .bind(merchant.methods.join(" "))
        .execute(&db.write)
        .await?;
    Ok(())
}

pub(super) async fn setting(
    db: &Database,
    merchant: &MerchantId,
    mode: Mode,
    name: &str,
) -> Result<Option<String>, StorageError> {
    let query = query_scalar("SELECT value FROM settings WHERE merchant_id = $1 AND mode = $2 AND name = $3");
    query.bind(merchant.as_str()).bind(mode.as_str()).bind(name).fetch_optional(&db.read).await
}

pub(super) async fn set_setting(
    db: &Database,
    merchant: &MerchantId,
    mode: Mode,
    name: &str,
    value: &str,
) -> Result<(), StorageError> {
    query(
        "INSERT INTO settings (merchant_id, mode, name, value) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (merchant_id, mode, name) DO UPDATE SET value = excluded.value",
    )
    .bind(merchant.as_str())
    .bind(mode.as_str())
    .bind(name)
    .bind(value)
    .execute(&db.write)
    .await?;
    Ok(())
}

pub(super) async fn alias(
    db: &Database,
    merchant: &MerchantId,
    mode: Mode,
    name: &str,
) -> Result<Option<String>, StorageError> {
    let query = query_scalar("SELECT value FROM aliases WHERE merchant_id = $1 AND mode = $2 AND name = $3");
    query.bind(merchant.as_str()).bind(mode.as_str()).bind(name).fetch_optional(&db.read).await
}

pub(super) async fn by_alias(
    db: &Database,
    name: &str,
    value: &str,
    mode: Mode,
) -> Result<Option<MerchantId>, StorageError> {
    let query = query("SELECT merchant_id FROM aliases WHERE value = $1 AND name = $2 AND mode = $3");
    let found = query.bind(value).bind(name).bind(mode.as_str()).fetch_optional(&db.read).await?;
    found.as_ref().map(|found| row::merchant_id(found, "merchant_id")).transpose()
}

pub(super) async fn insert_alias(
    db: &Database,
    merchant: &MerchantId,
    mode: Mode,
    name: &str,
    value: &str,
) -> Result<(), StorageError> {
    query("INSERT INTO aliases (merchant_id, mode, name, value) VALUES ($1, $2, $3, $4)")
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .bind(name)
        .bind(value)
        .execute(&db.write)
        .await?;
    Ok(())
}
