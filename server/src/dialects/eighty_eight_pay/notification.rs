//! What a merchant is told about a charge (88Pay §7).

use serde_json::json;
use time::macros::format_description;
use uuid::Builder;

use crate::payments::Charge;
use crate::storage::{Format, MessageId, Notice};

/// Where the notice of a charge goes, and what is drawn for it before it is made.
pub(super) struct Draft {
    pub(super) message_id: MessageId,
    /// Becomes the transaction's id: the shape of a session id, but never one.
    pub(super) transaction: [u8; 16],
    /// The charge's own target.
    pub(super) url: Option<String>,
}

impl Draft {
    /// The notice of a charge that was made: nobody has paid it yet.
    pub(super) fn of(&self, charge: &Charge) -> Option<Notice> {
        let details = &charge.details;
        let date = details
            .created_at
            .to_offset(time::UtcOffset::UTC)
            .format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"))
            .ok()?;
        let body = json!({
            "transaction_date": date,
            "transaction_status": "PENDING",
            "transaction_id": format!("sess_{}", Builder::from_random_bytes(self.transaction).into_uuid().hyphenated()),
            "transaction_amount": details.amount.as_str(),
            "transaction_payment_method": details.method_code,
        });
        Some(Notice {
            message_id: self.message_id.clone(),
            format: Format::EightyEightPay,
            url: self.url.clone(),
            body: body.to_string(),
            created_at: details.created_at,
        })
    }
}
