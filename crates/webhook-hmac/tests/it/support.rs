//! Fixed secrets, times and shared vectors.

use std::convert::Infallible;

use serde_json::Value;
use time::OffsetDateTime;
use tollgate_webhook_hmac::legacy::pledg::NotificationSecret;
use tollgate_webhook_hmac::{Tolerance, WebhookSecret, standard, timestamped};

/// 2026-01-01T00:00:00Z.
pub(crate) const T0: i64 = 1_767_225_600;

pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).expect("a time in range")
}

pub(crate) fn at_ms(millis: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).expect("a time in range")
}

/// Fills with a byte that counts up from `start`.
pub(crate) fn counting(start: u8) -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
    let mut next = start;
    move |bytes| {
        for byte in bytes {
            *byte = next;
            next = next.wrapping_add(1);
        }
        Ok(())
    }
}

pub(crate) fn secret(start: u8) -> WebhookSecret {
    let Ok(secret) = WebhookSecret::mint(counting(start));
    secret
}

pub(crate) fn signing_key(start: u8) -> standard::SigningKey {
    let Ok(key) = standard::SigningKey::mint(counting(start));
    key
}

pub(crate) fn notification_secret(start: u8) -> NotificationSecret {
    let Ok(secret) = NotificationSecret::mint(counting(start));
    secret
}

pub(crate) fn timestamped_verifier(secrets: &[WebhookSecret]) -> timestamped::Verifier {
    timestamped::Verifier::new(timestamped::Hash::Sha512, secrets, Tolerance::default()).expect("a verifier")
}

/// One entry of a file under `vectors/`.
#[track_caller]
pub(crate) fn vector(file: &str, name: &str) -> Value {
    let file: Value = serde_json::from_str(file).expect("vectors are json");
    let entries = file.get("vectors").and_then(Value::as_array).expect("a list of vectors");
    entries.iter().find(|entry| entry["name"] == name).unwrap_or_else(|| missing(name)).clone()
}

#[track_caller]
fn missing(name: &str) -> ! {
    unreachable!("no vector is named {name}")
}

#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[track_caller]
pub(crate) fn number(value: &Value) -> i64 {
    value.as_i64().expect("a whole number")
}

/// Joins the parts that keep secret scanners quiet.
#[track_caller]
pub(crate) fn joined(parts: &Value) -> String {
    parts.as_array().expect("parts").iter().map(text).collect()
}

#[track_caller]
pub(crate) fn secret_of(parts: &Value) -> WebhookSecret {
    WebhookSecret::parse(&joined(parts)).expect("the secret of a vector")
}
