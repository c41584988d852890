//! What a partner is told about an invoice (Alternative §7).

use serde_json::json;

use super::invoice::timestamp;
use crate::payments::NewInvoicePayment;
use crate::storage::{Format, MessageId, Notice};

/// The notice of a paid invoice; it goes to the partner's registered endpoints.
pub(super) fn paid(payment: &NewInvoicePayment, message_id: MessageId) -> Option<Notice> {
    let invoice = &payment.invoice;
    let at = timestamp(payment.created_at).ok()?;
    let body = json!({
        "type": "invoice.paid",
        "timestamp": at,
        "data": {
            "id": invoice.id,
            "invoice_number": invoice.number,
            "customer_id": invoice.customer_id,
            "status": "paid",
            "currency": invoice.currency.code(),
            "total": invoice.total.as_str(),
            "payment": { "id": payment.id, "status": "succeeded", "amount": invoice.total.as_str(), "created_at": at },
        },
    });
    Some(Notice {
        message_id,
        format: Format::Alternative,
        url: None,
        body: body.to_string(),
        created_at: payment.created_at,
    })
}
