//! Sample objects of the other dialects: purchases and items.

use time::OffsetDateTime;
use tollgate_apikey::Mode;

use crate::account::MerchantId;

/// A purchase made through a link.
#[derive(Debug, Clone)]
pub struct Purchase {
    /// `pur_` and a UUID v4.
    pub uid: String,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// The merchant's own reference.
    pub reference: String,
    /// Its price in cents.
    pub amount_cents: i64,
    /// What was credited so far, in cents.
    pub credited_cents: i64,
    /// ISO 4217.
    pub currency: String,
    /// `open`, `authorized`, `released`, `completed` or `cancelled`.
    pub status: String,
    /// SHA-256 of the signed payload that made it.
    pub payload_digest: [u8; 32],
    /// The random part of its link.
    pub link: String,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Something that can be ordered.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its number, from 1.
    pub id: i64,
    /// Who may order it.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// Its code.
    pub code: String,
    /// Its price, decimal.
    pub price: String,
    /// How many are left.
    pub stock: i64,
}
