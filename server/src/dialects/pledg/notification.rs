//! What a merchant is told about a purchase (Pledg §5): back mode when it is released, transfer mode when it is credited.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use tollgate_apikey::Mode;
use tollgate_webhook_hmac::legacy::pledg::Status;
use uuid::Builder;

use crate::storage::{Format, MessageId, Notice, SettledPurchase};
use crate::transport::Members;

/// A back-mode body before its signature.
#[derive(Serialize)]
struct Back<'a> {
    created_at: String,
    id: &'a str,
    additional_data: BTreeMap<String, String>,
    /// As the merchant wrote it.
    metadata: Box<RawValue>,
    status: &'static str,
    sandbox: bool,
    error: Option<&'a str>,
    reference: &'a str,
}

/// A released purchase is paid: `completed`.
pub(super) fn released(settled: &SettledPurchase, message_id: MessageId, now: OffsetDateTime) -> Option<Notice> {
    let purchase = &settled.purchase;
    let (url, metadata) = from_payload(settled);
    let body = Back {
        created_at: now.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()?,
        id: &purchase.uid,
        additional_data: BTreeMap::new(),
        metadata: RawValue::from_string(metadata).ok()?,
        status: Status::Completed.as_str(),
        sandbox: purchase.mode == Mode::Test,
        error: None,
        reference: &purchase.reference,
    };
    let body = serde_json::to_string(&body).ok()?;
    Some(Notice { message_id, format: Format::PledgBack, url, body, created_at: now })
}

/// A transfer of this many cents to the merchant; `item` becomes its id.
pub(super) fn credited(
    settled: &SettledPurchase,
    amount_cents: i64,
    merchant_uid: Option<&str>,
    item: [u8; 16],
    message_id: MessageId,
    now: OffsetDateTime,
) -> Option<Notice> {
    let purchase = &settled.purchase;
    let created = now.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:6]"));
    let mut body = json!({
        "reference": purchase.reference,
        "created": created.ok()?,
        "transfer_order_item_uid": format!("tri_{}", Builder::from_random_bytes(item).into_uuid().hyphenated()),
        "amount_cents": amount_cents,
        "purchase_uid": purchase.uid,
    });
    if let (Some(members), Some(merchant_uid)) = (body.as_object_mut(), merchant_uid) {
        members.insert("merchant_uid".to_owned(), merchant_uid.into());
    }
    let (url, _) = from_payload(settled);
    Some(Notice { message_id, format: Format::PledgTransfer, url, body: body.to_string(), created_at: now })
}

/// `paymentNotificationUrl` and `metadata` of the signed request that made the purchase, if one did.
fn from_payload(settled: &SettledPurchase) -> (Option<String>, String) {
    let data = settled.payload.as_deref().and_then(|payload| {
        let payload = Members::parse(payload.as_bytes()).ok()?;
        Members::parse(payload.raw("data")?.as_bytes()).ok()
    });
    let Some(data) = data else { return (None, "{}".to_owned()) };
    let url = data.string("paymentNotificationUrl", Members::MAX_URL).ok().flatten();
    let metadata = data.object("metadata").ok().flatten();
    (url, metadata.unwrap_or_else(|| "{}".to_owned()))
}
