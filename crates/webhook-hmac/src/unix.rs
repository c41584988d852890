//! Unix time as the schemes write it: decimal, 1 to 12 digits, no leading zero.

use time::OffsetDateTime;

use crate::error::HeaderErrorKind;

/// The longest time stamp, in digits.
pub(crate) const MAX_TIMESTAMP_DIGITS: usize = 12;

/// The latest time stamp that has [`MAX_TIMESTAMP_DIGITS`] digits.
const MAX_TIMESTAMP: i64 = 999_999_999_999;

/// Reads a time stamp; `0` is the only one that starts with a zero.
pub(crate) fn parse(text: &str) -> Result<i64, HeaderErrorKind> {
    let digits = text.as_bytes();
    let canonical = match digits {
        [] => false,
        [b'0', rest @ ..] => rest.is_empty(),
        _ => digits.len() <= MAX_TIMESTAMP_DIGITS && digits.iter().all(u8::is_ascii_digit),
    };
    if !canonical {
        return Err(HeaderErrorKind::Timestamp);
    }
    text.parse().map_err(|_| HeaderErrorKind::Timestamp)
}

/// The whole seconds that a signer writes, moved into the range that [`parse`] reads.
pub(crate) fn stamp(now: OffsetDateTime) -> i64 {
    now.unix_timestamp().clamp(0, MAX_TIMESTAMP)
}

/// Whole milliseconds, rounded down.
pub(crate) fn millis(now: OffsetDateTime) -> i64 {
    let millis = now.unix_timestamp_nanos().div_euclid(1_000_000);
    i64::try_from(millis).unwrap_or(if millis < 0 { i64::MIN } else { i64::MAX })
}
