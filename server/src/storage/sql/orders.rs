//! Orders on SQLite.

use async_trait::async_trait;
use tollgate_apikey::Mode;

use super::idempotency::{first_answer, remember};
use super::{Database, Row, Transaction, query, query_scalar};
use crate::account::MerchantId;
use crate::clock::{epoch_ms, from_epoch_ms};
use crate::payments::{
    Direction, Item, ItemRef, Money, NewOrder, Order, OrderKey, OrderList, OrderStatus, SealedCodes,
};
use crate::storage::{Answered, Created, Idempotency, OrderOutcome, Orders, StorageError};

#[async_trait]
impl Orders for Database {
    async fn insert_item(&self, item: &Item) -> Result<i64, StorageError> {
        let query = query_scalar(
            "INSERT INTO items (merchant_id, mode, code, price, stock) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        );
        Ok(query
            .bind(item.merchant.as_str())
            .bind(item.mode.as_str())
            .bind(&item.code)
            .bind(&item.price)
            .bind(item.stock)
            .fetch_one(&self.write)
            .await?)
    }

    async fn create_order(
        &self,
        new: NewOrder,
        idempotency: Option<Idempotency>,
    ) -> Result<OrderOutcome, StorageError> {
        let (new, idempotency) = (&new, idempotency.as_ref());
        self.transaction(|mut tx| async move {
            let (merchant, mode, now) = (&new.merchant, new.mode, new.created_at);
            match first_answer(&mut tx, merchant, mode, idempotency, now).await? {
                None => {}
                Some(Created::New(first) | Created::Replayed(first)) => {
                    let id = first.body.parse().map_err(|_| StorageError::corrupt())?;
                    return Ok(OrderOutcome::Repeated(find(&mut tx, merchant, mode, id).await?));
                }
                Some(Created::Mismatch) => return Ok(OrderOutcome::Mismatch),
            }
            let Some(item) = find_item(&mut tx, merchant, mode, &new.item).await? else {
                return Ok(OrderOutcome::NoSuchItem);
            };
            if item.stock < i64::from(new.quantity) {
                return Ok(OrderOutcome::OutOfStock);
            }
            let price = item.price.times(new.quantity).ok_or_else(StorageError::corrupt)?;
            let Some(left) = balance(&mut tx, merchant, mode).await?.minus(price) else {
                return Ok(OrderOutcome::InsufficientBalance);
            };
            query("UPDATE items SET stock = stock - $2 WHERE id = $1")
                .bind(item.id)
                .bind(new.quantity)
                .execute(&mut tx)
                .await?;
            query("UPDATE balances SET available = $3 WHERE merchant_id = $1 AND mode = $2")
                .bind(merchant.as_str())
                .bind(mode.as_str())
                .bind(left.to_string())
                .execute(&mut tx)
                .await?;
            let order = insert(&mut tx, new, item.id).await?;
            let answer = Answered { status: 201, body: order.id.to_string() };
            remember(&mut tx, merchant, mode, idempotency, &answer, now).await?;
            tx.commit().await?;
            Ok(OrderOutcome::Placed(order))
        })
        .await
    }

    async fn list_orders(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        list: OrderList,
    ) -> Result<Vec<Order>, StorageError> {
        let text = match (list.by, list.direction) {
            (OrderKey::CreatedAt, Direction::Ascending) => {
                "SELECT * FROM orders WHERE merchant_id = $1 AND mode = $2 AND ($3 IS NULL OR status = $3) \
                 ORDER BY created_at, id LIMIT $4"
            }
            (OrderKey::CreatedAt, Direction::Descending) => {
                "SELECT * FROM orders WHERE merchant_id = $1 AND mode = $2 AND ($3 IS NULL OR status = $3) \
                 ORDER BY created_at DESC, id DESC LIMIT $4"
            }
            (OrderKey::Id, Direction::Ascending) => {
                "SELECT * FROM orders WHERE merchant_id = $1 AND mode = $2 AND ($3 IS NULL OR status = $3) \
                 ORDER BY id LIMIT $4"
            }
            (OrderKey::Id, Direction::Descending) => {
                "SELECT * FROM orders WHERE merchant_id = $1 AND mode = $2 AND ($3 IS NULL OR status = $3) \
                 ORDER BY id DESC LIMIT $4"
            }
        };
        let rows = query(text)
            .bind(merchant.as_str())
            .bind(mode.as_str())
            .bind(list.status.map(OrderStatus::as_str))
            .bind(list.limit)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(order).collect()
    }
}

/// What an order needs to know of its item.
struct Offer {
    id: i64,
    price: Money,
    stock: i64,
}

async fn find_item(
    connection: &mut Transaction,
    merchant: &MerchantId,
    mode: Mode,
    item: &ItemRef,
) -> Result<Option<Offer>, StorageError> {
    let (id, code) = match item {
        ItemRef::Code(code) => (None, Some(code)),
        ItemRef::Id(id) => (Some(id), None),
    };
    let found =
        query("SELECT id, price, stock FROM items WHERE merchant_id = $1 AND mode = $2 AND (id = $3 OR code = $4)")
            .bind(merchant.as_str())
            .bind(mode.as_str())
            .bind(id)
            .bind(code)
            .fetch_optional(connection)
            .await?;
    let Some(found) = found else { return Ok(None) };
    let price = Money::parse(found.try_get("price")?).ok_or_else(StorageError::corrupt)?;
    Ok(Some(Offer { id: found.try_get("id")?, price, stock: found.try_get("stock")? }))
}

async fn balance(connection: &mut Transaction, merchant: &MerchantId, mode: Mode) -> Result<Money, StorageError> {
    let available: String = query_scalar("SELECT available FROM balances WHERE merchant_id = $1 AND mode = $2")
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .fetch_one(connection)
        .await?;
    Money::parse(&available).ok_or_else(StorageError::corrupt)
}

async fn insert(connection: &mut Transaction, new: &NewOrder, item: i64) -> Result<Order, StorageError> {
    let row = query(
        "INSERT INTO orders (merchant_id, mode, status, item_id, quantity, email, codes_context, codes_key_version, \
         codes_sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING *",
    )
    .bind(new.merchant.as_str())
    .bind(new.mode.as_str())
    .bind(OrderStatus::Completed.as_str())
    .bind(item)
    .bind(new.quantity)
    .bind(&new.email)
    .bind(&new.codes.context)
    .bind(new.codes.key_version)
    .bind(&new.codes.sealed)
    .bind(epoch_ms(new.created_at))
    .fetch_one(connection)
    .await?;
    order(&row)
}

async fn find(connection: &mut Transaction, merchant: &MerchantId, mode: Mode, id: i64) -> Result<Order, StorageError> {
    let query = query("SELECT * FROM orders WHERE id = $1 AND merchant_id = $2 AND mode = $3");
    let found = query.bind(id).bind(merchant.as_str()).bind(mode.as_str()).fetch_optional(connection).await?;
    found.as_ref().map(order).transpose()?.ok_or_else(StorageError::corrupt)
}

fn order(row: &Row) -> Result<Order, StorageError> {
    Ok(Order {
        id: row.try_get("id")?,
        status: OrderStatus::from_word(row.try_get("status")?).ok_or_else(StorageError::corrupt)?,
        item_id: row.try_get("item_id")?,
        quantity: row.try_get("quantity")?,
        codes: SealedCodes {
            context: row.try_get("codes_context")?,
            key_version: row.try_get("codes_key_version")?,
            sealed: row.try_get("codes_sealed")?,
        },
        created_at: from_epoch_ms(row.try_get("created_at")?),
    })
}
