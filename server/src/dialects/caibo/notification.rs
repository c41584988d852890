//! What a merchant is told about an attempt to pay (Caibo §6).

use serde::Serialize;
use serde_json::value::RawValue;

use crate::payments::TransactionStatus;
use crate::storage::{Format, MessageId, Notice, PaymentAttempt};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    id: i64,
    payment_request_id: i64,
    status: &'static str,
    unit: &'static str,
    gross_amount: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_id: Option<&'a str>,
}

/// The notice of an attempt that was decided; one that is still open is told when it is.
pub(super) fn of(attempt: &PaymentAttempt, message_id: MessageId, now: time::OffsetDateTime) -> Option<Notice> {
    if attempt.transaction.status == TransactionStatus::Pending {
        return None;
    }
    let details = &attempt.request.details;
    let body = Body {
        id: attempt.transaction.id,
        payment_request_id: attempt.request.id,
        status: attempt.transaction.status.as_str(),
        unit: details.unit.code(),
        gross_amount: RawValue::from_string(details.amount.as_str().to_owned()).ok()?,
        reference_id: details.reference_id.as_deref(),
    };
    Some(Notice {
        message_id,
        format: Format::Caibo,
        url: details.notify_url.clone(),
        body: serde_json::to_string(&body).ok()?,
        created_at: now,
    })
}
