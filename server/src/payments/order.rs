//! A sample order of gift-card codes.

use time::OffsetDateTime;
use tollgate_apikey::Mode;

use crate::account::MerchantId;

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderStatus {
    /// Its codes were delivered.
    Completed,
    /// It was given up.
    Failed,
    /// Its codes are not there yet.
    Pending,
}

/// Which item is ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemRef {
    /// By the item's code.
    Code(String),
    /// By the item's number.
    Id(i64),
}

/// The codes of one order, sealed: in clear they can be spent.
#[derive(Debug, Clone)]
pub struct SealedCodes {
    /// What they are sealed for; random.
    pub context: String,
    /// Version of the key-encryption key.
    pub key_version: u32,
    /// One text with a blank between codes, sealed.
    pub sealed: Vec<u8>,
}

/// An order to be made; its members were checked.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// What is ordered.
    pub item: ItemRef,
    /// How many, from 1.
    pub quantity: u32,
    /// Who gets the codes.
    pub email: String,
    /// The codes it will deliver.
    pub codes: SealedCodes,
    /// When.
    pub created_at: OffsetDateTime,
}

/// A stored order.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its number, from 1.
    pub id: i64,
    /// How it stands.
    pub status: OrderStatus,
    /// The number of the item.
    pub item_id: i64,
    /// How many, from 1.
    pub quantity: u32,
    /// What it delivered.
    pub codes: SealedCodes,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Which orders are listed, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderList {
    /// Only orders that stand so; `None` for all.
    pub status: Option<OrderStatus>,
    /// The most orders.
    pub limit: u32,
    /// What they are sorted by.
    pub by: OrderKey,
    /// Which end comes first.
    pub direction: Direction,
}

/// What orders are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKey {
    /// When they were made, then the number.
    CreatedAt,
    /// The number.
    Id,
}

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest.
    Ascending,
    /// The largest.
    Descending,
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Completed, Self::Failed, Self::Pending];

    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Pending => "pending",
        }
    }

    /// The status of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}
