//! A sample invoice, what it can be paid with, and its payment.

use time::{Date, OffsetDateTime};
use tollgate_apikey::Mode;

use super::{Amount, Currency};
use crate::account::MerchantId;

/// `open → processing → paid → archived`; only an open one can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceStatus {
    /// Put away; its tokens are dead.
    Archived,
    /// May be paid.
    Open,
    /// Paid; its tokens can still read it.
    Paid,
    /// A payment is under way.
    Processing,
}

/// An invoice a customer can pay.
#[derive(Debug, Clone)]
pub struct Invoice {
    /// `inv_…`.
    pub id: String,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// `cus_…`.
    pub customer_id: String,
    /// The merchant's own number.
    pub number: String,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// In which currency.
    pub currency: Currency,
    /// Before tax, with the currency's number of decimals.
    pub sub_total: Amount,
    /// To pay, with the currency's number of decimals.
    pub total: Amount,
    /// The day it is due.
    pub due_date: Date,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// What kind of thing a customer pays with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentMethodType {
    /// A bank account.
    Bank,
    /// A card.
    Card,
}

/// Something a customer saved to pay with.
#[derive(Debug, Clone)]
pub struct PaymentMethod {
    /// `pm_…`.
    pub id: String,
    /// With whom it is saved.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// Whose it is.
    pub customer_id: String,
    /// What it is.
    pub kind: PaymentMethodType,
    /// The card scheme; a bank account has none.
    pub brand: Option<String>,
    /// The last four digits of its number.
    pub last4: String,
    /// Month and year in which a card ends; a bank account does not.
    pub expiry: Option<(u8, u16)>,
}

/// A payment to be made; its members were checked, but for what depends on how the invoice stands.
#[derive(Debug, Clone)]
pub struct NewInvoicePayment {
    /// `pay_…`.
    pub id: String,
    /// The invoice, as it stood when the call came.
    pub invoice: Invoice,
    /// What the customer says it pays with.
    pub kind: PaymentMethodType,
    /// Which one of them.
    pub payment_method: String,
    /// The day it is for.
    pub payment_date: Date,
    /// When.
    pub created_at: OffsetDateTime,
}

impl InvoiceStatus {
    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Processing => "processing",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Archived, Self::Open, Self::Paid, Self::Processing].into_iter().find(|status| status.as_str() == text)
    }
}

impl PaymentMethodType {
    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Card => "card",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Bank, Self::Card].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Reads `YYYY-MM-DD`, ten characters.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    if !shape {
        return None;
    }
    let month = text.get(5..7)?.parse::<u8>().ok()?;
    Date::from_calendar_date(text.get(..4)?.parse().ok()?, month.try_into().ok()?, text.get(8..)?.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_one_spelling_of_a_date() {
        for text in ["2026-02-01", "2024-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(parse_date(text).unwrap().to_string(), text);
        }
        let refused = [
            "",
            "2026-02-30",
            "2025-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-1-1",
            "26-01-01",
            "2026/01/01",
            "+026-01-01",
            "2026-01-01 ",
            "2026-01-01T00:00:00Z",
            "２026-01-1",
        ];
        for text in refused {
            assert!(parse_date(text).is_none(), "{text:?}");
        }
    }
}
