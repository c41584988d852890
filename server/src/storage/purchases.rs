//! Purchases made through a link.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::Mode;

use super::{Created, Idempotency, Notify, Render, StorageError};
use crate::account::MerchantId;
use crate::payments::Purchase;

/// What came of a request for a link.
#[derive(Debug)]
pub enum LinkOutcome {
    /// This purchase stands for the payload: made just now, or by an earlier call with the same one.
    Open(Box<Purchase>),
    /// The reference belongs to a purchase that was authorized by another payload and waits for its release.
    Authorized,
    /// The reference belongs to a purchase that is over.
    ReferenceCompleted,
}

/// What came of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// Its state does not allow it.
    InvalidState,
    /// No such purchase for this merchant and mode.
    NotFound,
    /// It is released, by this call or by an earlier one.
    Released,
}

/// A credit to be booked; its members were checked.
#[derive(Debug, Clone)]
pub struct NewCredit {
    /// Whose purchase it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// The purchase.
    pub uid: String,
    /// How much, in cents, above zero.
    pub amount_cents: i64,
    /// When.
    pub now: OffsetDateTime,
}

/// A booked credit.
#[derive(Debug, Clone)]
pub struct Credit {
    /// The purchase.
    pub uid: String,
    /// This credit, in cents.
    pub amount_cents: i64,
    /// All credits of the purchase so far, in cents.
    pub credited_cents: i64,
}

/// A purchase that was just released or credited.
#[derive(Debug)]
pub struct SettledPurchase {
    /// The purchase, as it stands after it.
    pub purchase: Purchase,
    /// The signed JSON that made it, where a signed request did.
    pub payload: Option<String>,
}

/// What came of a credit.
#[derive(Debug)]
pub enum CreditOutcome {
    /// It was booked now, or its key was seen before.
    Booked(Created),
    /// All credits together would exceed the purchase.
    Exceeds,
    /// Its state does not allow it.
    InvalidState,
    /// No such purchase for this merchant and mode.
    NotFound,
}

/// Purchases made through a link. Every write is on disk before the call returns.
#[async_trait]
pub trait Purchases: Send + Sync {
    /// Stores a purchase.
    async fn insert_purchase(&self, purchase: &Purchase) -> Result<(), StorageError>;
    /// Stores `new`, made from the signed JSON `payload`, unless its reference is over or authorized, or an open purchase
    /// of the reference was made from the same payload; open ones made from another payload are cancelled. One
    /// transaction.
    async fn open_link(&self, new: Purchase, payload: &str) -> Result<LinkOutcome, StorageError>;
    /// Releases an authorized purchase; `notify` says what the merchant is told, inside the transaction.
    async fn release(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        uid: &str,
        notify: Notify<'_, SettledPurchase>,
    ) -> Result<ReleaseOutcome, StorageError>;
    /// Books a credit, or answers as the first call with the same key did; only a credit that was booked is told.
    async fn credit_by_transfer(
        &self,
        credit: NewCredit,
        idempotency: Option<Idempotency>,
        render: Render<'_, Credit>,
        notify: Notify<'_, SettledPurchase>,
    ) -> Result<CreditOutcome, StorageError>;
}
