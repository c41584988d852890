//! An event a merchant asks for to see its receiver work; nothing in it looks like money.

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Builder;

use crate::rng::{Rng, RngError};
use crate::storage::{Format, WebhookDialect};

/// Format and body of a test event, in the shape the dialect's verifiers accept.
pub(super) fn test_event(
    dialect: WebhookDialect,
    now: OffsetDateTime,
    rng: &Rng,
) -> Result<(Format, String), RngError> {
    let at = now.replace_nanosecond(0).unwrap_or(now).format(&Rfc3339).unwrap_or_default();
    let mut random = [0_u8; 16];
    rng.fill(&mut random)?;
    let id = Builder::from_random_bytes(random).into_uuid().hyphenated();
    Ok(match dialect {
        WebhookDialect::Alternative => {
            (Format::Alternative, json!({ "type": "webhook.test", "timestamp": at, "data": {} }).to_string())
        }
        WebhookDialect::Caibo => (Format::Caibo, json!({ "type": "webhook.test", "createdAt": at }).to_string()),
        WebhookDialect::EightyEightPay => {
            let date = at.trim_end_matches('Z').replace('T', " ");
            let body = json!({
                "transaction_date": date,
                "transaction_status": "TEST",
                "transaction_id": format!("sess_{id}"),
                "transaction_amount": "0",
                "transaction_payment_method": "TEST",
            });
            (Format::EightyEightPay, body.to_string())
        }
        WebhookDialect::Pledg => {
            // The dialect has a closed list of states; this one moves nothing.
            let body = json!({
                "created_at": at,
                "id": format!("test_{id}"),
                "additional_data": {},
                "metadata": {},
                "status": "waiting",
                "sandbox": true,
                "error": null,
                "reference": "webhook-test",
            });
            (Format::PledgBack, body.to_string())
        }
    })
}
