//! A sample payment request and the attempts to pay it.

use time::OffsetDateTime;
use tollgate_apikey::Mode;

use super::{Amount, Currency};
use crate::account::MerchantId;

/// `unpaid → pending → paid`, `pending → unpaid` (declined), `unpaid → cancelled | expired`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentRequestStatus {
    /// Given up by the merchant; final.
    Cancelled,
    /// Too old to pay; final.
    Expired,
    /// Paid; final.
    Paid,
    /// An attempt is open.
    Pending,
    /// May be paid.
    Unpaid,
}

/// What an attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionStatus {
    /// Refused by the issuer.
    Declined,
    /// Done.
    Paid,
    /// Still open.
    Pending,
}

/// A payment request to be made; its members were checked.
#[derive(Debug, Clone)]
pub struct NewPaymentRequest {
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// How much.
    pub amount: Amount,
    /// In which currency.
    pub unit: Currency,
    /// The merchant's own reference.
    pub reference_id: Option<String>,
    /// Where deliveries go, https.
    pub notify_url: Option<String>,
    /// Where the payer goes after success, https.
    pub success_url: Option<String>,
    /// Where the payer goes after failure, https.
    pub failure_url: Option<String>,
    /// The origin that may embed the payment page.
    pub origin_domain: Option<String>,
    /// The payer as the merchant described it, JSON.
    pub client: Option<String>,
    /// When.
    pub created_at: OffsetDateTime,
}

/// A stored payment request.
#[derive(Debug, Clone)]
pub struct PaymentRequest {
    /// 1 to 2^53 − 1.
    pub id: i64,
    /// Where it stands.
    pub status: PaymentRequestStatus,
    /// Its members.
    pub details: NewPaymentRequest,
}

/// A stored attempt to pay.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// 1 to 2^53 − 1.
    pub id: i64,
    /// The request it pays.
    pub payment_request: i64,
    /// What it came to.
    pub status: TransactionStatus,
}

impl PaymentRequestStatus {
    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Paid => "paid",
            Self::Pending => "pending",
            Self::Unpaid => "unpaid",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        [Self::Cancelled, Self::Expired, Self::Paid, Self::Pending, Self::Unpaid]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    /// Nothing changes any more.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Expired | Self::Paid)
    }
}

impl TransactionStatus {
    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Paid => "paid",
            Self::Pending => "pending",
        }
    }

    /// Where the payment request stands after such an attempt.
    #[must_use]
    pub fn leaves(self) -> PaymentRequestStatus {
        match self {
            Self::Declined => PaymentRequestStatus::Unpaid,
            Self::Paid => PaymentRequestStatus::Paid,
            Self::Pending => PaymentRequestStatus::Pending,
        }
    }
}
