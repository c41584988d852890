//! Whole Unix seconds, so that the check of every request compares integers.

use time::OffsetDateTime;
use time::macros::datetime;

/// A second that the time type can name in UTC.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Second(i64);

impl Second {
    /// The second that `at` lies in. An offset can put an instant just outside the years UTC can name; it counts as
    /// the nearest second inside.
    pub(crate) const fn of(at: OffsetDateTime) -> Self {
        Self::clamped(at.unix_timestamp())
    }

    pub(crate) const fn plus(self, seconds: u32) -> Self {
        Self::clamped(self.0.saturating_add(seconds as i64))
    }

    pub(crate) fn to_time(self) -> OffsetDateTime {
        // Every constructor clamps to what the time type can hold.
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(FIRST)
    }

    const fn clamped(second: i64) -> Self {
        if second < FIRST.unix_timestamp() {
            Self(FIRST.unix_timestamp())
        } else if second > LAST.unix_timestamp() {
            Self(LAST.unix_timestamp())
        } else {
            Self(second)
        }
    }
}

const FIRST: OffsetDateTime = datetime!(-9999-01-01 00:00:00 UTC);
const LAST: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);
