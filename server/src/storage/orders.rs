//! Items and the orders for them.

use async_trait::async_trait;
use tollgate_apikey::Mode;

use super::{Idempotency, StorageError};
use crate::account::MerchantId;
use crate::payments::{Item, NewOrder, Order, OrderList};

/// What an attempt to order came to; only [`Placed`](Self::Placed) changed anything.
#[derive(Debug)]
pub enum OrderOutcome {
    /// The balance does not cover it.
    InsufficientBalance,
    /// The same idempotency key was seen with another body.
    Mismatch,
    /// No such item for this merchant and mode.
    NoSuchItem,
    /// Fewer are left than were ordered.
    OutOfStock,
    /// It was made and paid from the balance.
    Placed(Order),
    /// The same key and body were seen before; this is the first order.
    Repeated(Order),
}

/// Items and the orders for them. Every write is on disk before the call returns.
#[async_trait]
pub trait Orders: Send + Sync {
    /// Stores an item; its id is ignored and the new one returned.
    async fn insert_item(&self, item: &Item) -> Result<i64, StorageError>;
    /// Takes the price from the balance and the items from the stock and stores the order, all or nothing, or finds
    /// the order that the first call with the same idempotency key made. For repetitions the order's number is kept,
    /// not the answer with its codes.
    async fn create_order(&self, new: NewOrder, idempotency: Option<Idempotency>)
    -> Result<OrderOutcome, StorageError>;
    /// Lists a merchant's orders in a mode.
    async fn list_orders(&self, merchant: &MerchantId, mode: Mode, list: OrderList)
    -> Result<Vec<Order>, StorageError>;
}
