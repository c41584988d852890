//! A sample charge.

use time::OffsetDateTime;
use tollgate_apikey::Mode;

use super::{Amount, Currency};
use crate::account::MerchantId;

/// A charge to be made; its members were checked.
#[derive(Debug, Clone)]
pub struct NewCharge {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// Payment method code, one of the merchant's.
    pub method_code: String,
    /// How much.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// ISO 3166-1 alpha-3.
    pub country: String,
    /// The merchant's own customer id.
    pub customer_id: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// The random part of the page the payer is sent to.
    pub checkout: String,
    /// When.
    pub created_at: OffsetDateTime,
}

/// A stored charge.
#[derive(Debug, Clone)]
pub struct Charge {
    /// Its number, from 1.
    pub id: i64,
    /// Its members.
    pub details: NewCharge,
}
