use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::VerifyErrorKind;

/// The date claims of a payload in Unix seconds, each a non-negative integer where present.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dates {
    pub(crate) issued_at: Option<i64>,
    pub(crate) not_before: Option<i64>,
    pub(crate) expires_at: Option<i64>,
}

/// Dates with the leeway they are judged by.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) dates: Dates,
    /// Seconds past `exp`.
    pub(crate) leeway: i64,
}

impl Life {
    pub(crate) fn check(&self, now: OffsetDateTime) -> Result<(), VerifyErrorKind> {
        self.dates.check(self.leeway, now)
    }
}

impl Dates {
    pub(crate) fn read(members: &Map<String, Value>) -> Result<Self, VerifyErrorKind> {
        let read = |name| members.get(name).map(|value| date(value.as_u64())).transpose();
        Ok(Self { issued_at: read("iat")?, not_before: read("nbf")?, expires_at: read("exp")? })
    }

    /// `iat` and `nbf` may be ahead by the clock skew; `now ≥ exp + leeway` has expired.
    pub(crate) fn check(&self, leeway: i64, now: OffsetDateTime) -> Result<(), VerifyErrorKind> {
        let now = now.unix_timestamp();
        let latest_start = now.saturating_add(MAX_CLOCK_SKEW.whole_seconds());
        if [self.issued_at, self.not_before].into_iter().flatten().any(|start| start > latest_start) {
            return Err(VerifyErrorKind::NotYetValid);
        }
        match self.expires_at {
            Some(end) if now >= end.saturating_add(leeway) => Err(VerifyErrorKind::Expired),
            _ => Ok(()),
        }
    }
}

/// Integers only: `1.0`, `1e9`, strings, null and negative numbers come as `None` and are refused, not taken as absent.
pub(crate) fn date(integer: Option<u64>) -> Result<i64, VerifyErrorKind> {
    let seconds = integer.and_then(|seconds| i64::try_from(seconds).ok());
    seconds.filter(|&seconds| seconds <= MAX_DATE).ok_or(VerifyErrorKind::Claims)
}

pub(crate) fn moment(seconds: i64) -> Result<OffsetDateTime, VerifyErrorKind> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| VerifyErrorKind::Claims)
}

/// How far `iat` and `nbf` may lie ahead of the clock; it does not extend life past `exp`.
pub const MAX_CLOCK_SKEW: Duration = Duration::seconds(5);
/// 9999-12-31T23:59:59Z, the last second that every time type here can hold.
pub(crate) const MAX_DATE: i64 = 253_402_300_799;
