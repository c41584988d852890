//! Merchants, their settings and their aliases.

use async_trait::async_trait;
use tollgate_apikey::Mode;

use super::{Database, Executor, Transaction, query, query_scalar, row};
use crate::account::{Merchant, MerchantId, MerchantStatus, NewAuditEntry};
use crate::clock::epoch_ms;
use crate::storage::{Change, ChangeRefusal, ListPart, MerchantChange, MerchantFilter, Merchants, StorageError};

#[async_trait]
impl Merchants for Database {
    async fn create_merchant(
        &self,
        merchant: &Merchant,
        balance: &str,
        aliases: &[(Mode, String)],
        entry: &NewAuditEntry,
    ) -> Change<()> {
        self.change(|mut change| async move {
            if !insert_with_balance(change.tx(), merchant, balance).await? {
                return Ok(Err(ChangeRefusal::Taken));
            }
            for (mode, alias) in aliases {
                let query = query(
                    "INSERT INTO aliases (merchant_id, mode, name, value) VALUES ($1, $2, 'mer', $3) \
                 ON CONFLICT (value) DO NOTHING",
                );
                let query = query.bind(merchant.id.as_str()).bind(mode.as_str()).bind(alias);
                if query.execute(change.tx()).await? == 0 {
                    return Ok(Err(ChangeRefusal::Taken));
                }
            }
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn find_merchants(&self, filter: &MerchantFilter, part: ListPart<'_>) -> Result<Vec<Merchant>, StorageError> {
        let rows = query(
            "SELECT * FROM merchants m \
             WHERE ($1 IS NULL OR (m.created_at, m.id) > (SELECT created_at, id FROM merchants WHERE id = $1)) \
             AND ($3 IS NULL OR m.status = $3) \
             AND ($4 IS NULL OR LOWER(m.id) LIKE $4 ESCAPE '!' OR LOWER(m.name) LIKE $4 ESCAPE '!' \
             OR EXISTS (SELECT 1 FROM users u WHERE u.merchant_id = m.id AND u.email LIKE $4 ESCAPE '!')) \
             ORDER BY m.created_at, m.id LIMIT $2",
        )
        .bind(part.after)
        .bind(i64::from(part.limit))
        .bind(filter.status.map(MerchantStatus::as_str))
        .bind((!filter.text.is_empty()).then(|| holding(&filter.text)))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(row::merchant).collect()
    }

    async fn merchants_part(&self, part: ListPart<'_>) -> Result<Vec<Merchant>, StorageError> {
        let rows = query(
            "SELECT * FROM merchants \
             WHERE $1 IS NULL OR (created_at, id) > (SELECT created_at, id FROM merchants WHERE id = $1) \
             ORDER BY created_at, id LIMIT $2",
        )
        .bind(part.after)
        .bind(i64::from(part.limit))
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(row::merchant).collect()
    }

    async fn change_merchant(&self, id: &MerchantId, what: &MerchantChange, entry: &NewAuditEntry) -> Change<()> {
        self.change(|mut change| async move {
            let (statement, value) = match what {
                MerchantChange::Domains(domains) => {
                    ("UPDATE merchants SET domains = $2 WHERE id = $1 RETURNING id", Some(domains.join(" ")))
                }
                MerchantChange::IpList(list) => {
                    ("UPDATE merchants SET ip_list = $2 WHERE id = $1 RETURNING id", row::ip_list_column(list))
                }
                MerchantChange::Methods(methods) => {
                    ("UPDATE merchants SET methods = $2 WHERE id = $1 RETURNING id", Some(methods.join(" ")))
                }
                MerchantChange::Status(status) => {
                    ("UPDATE merchants SET status = $2 WHERE id = $1 RETURNING id", Some(status.as_str().to_owned()))
                }
            };
            let query = query(statement).bind(id.as_str()).bind(value);
            if query.fetch_optional(change.tx()).await?.is_none() {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn change_setting(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        name: &str,
        value: &str,
        entry: &NewAuditEntry,
    ) -> Change<()> {
        self.change(|mut change| async move {
            if !exists(change.tx(), merchant).await? {
                return Ok(Err(ChangeRefusal::NotFound));
            }
            store_setting(change.tx(), merchant, mode, name, value).await?;
            change.commit(entry).await?;
            Ok(Ok(()))
        })
        .await
    }

    async fn settings(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<(String, String)>, StorageError> {
        let query = query("SELECT name, value FROM settings WHERE merchant_id = $1 AND mode = $2 ORDER BY name");
        let rows = query.bind(merchant.as_str()).bind(mode.as_str()).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("value")?))).collect()
    }
}

pub(super) async fn insert(db: &Database, merchant: &Merchant, balance: &str) -> Result<(), StorageError> {
    db.transaction(|mut tx| async move {
        if !insert_with_balance(&mut tx, merchant, balance).await? {
            return Err(StorageError::corrupt());
        }
        tx.commit().await?;
        Ok(())
    })
    .await
}

pub(super) async fn exists(on: &mut Transaction, id: &MerchantId) -> Result<bool, StorageError> {
    let query = query("SELECT id FROM merchants WHERE id = $1").bind(id.as_str());
    Ok(query.fetch_optional(on).await?.is_some())
}

/// `false`, with nothing written, when there is a merchant of this id.
async fn insert_with_balance(on: &mut Transaction, merchant: &Merchant, balance: &str) -> Result<bool, StorageError> {
    let made = query(
        "INSERT INTO merchants (id, name, status, ip_list, domains, methods, currency, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
    )
    .bind(merchant.id.as_str())
    .bind(&merchant.name)
    .bind(merchant.status.as_str())
    .bind(row::ip_list_column(&merchant.ip_list))
    .bind(merchant.domains.join(" "))
    .bind(merchant.methods.join(" "))
    .bind(&merchant.currency)
    .bind(epoch_ms(merchant.created_at))
    .execute(&mut *on)
    .await?;
    if made == 0 {
        return Ok(false);
    }
    for mode in [Mode::Live, Mode::Test] {
        query("INSERT INTO balances (merchant_id, mode, available) VALUES ($1, $2, $3)")
            .bind(merchant.id.as_str())
            .bind(mode.as_str())
            .bind(balance)
            .execute(&mut *on)
            .await?;
    }
    Ok(true)
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
    stored_setting(&db.read, merchant, mode, name).await
}

pub(super) async fn stored_setting(
    on: impl Executor,
    merchant: &MerchantId,
    mode: Mode,
    name: &str,
) -> Result<Option<String>, StorageError> {
    let query = query_scalar("SELECT value FROM settings WHERE merchant_id = $1 AND mode = $2 AND name = $3");
    query.bind(merchant.as_str()).bind(mode.as_str()).bind(name).fetch_optional(on).await
}

pub(super) async fn set_setting(
    db: &Database,
    merchant: &MerchantId,
    mode: Mode,
    name: &str,
    value: &str,
) -> Result<(), StorageError> {
    store_setting(&db.write, merchant, mode, name, value).await
}

pub(super) async fn store_setting(
    on: impl Executor,
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
    .execute(on)
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

/// The pattern of what holds a text, in lower case; nothing in the text has a meaning of its own.
fn holding(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{text}%")
}
