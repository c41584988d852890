use std::time::Duration;

use crate::error::{ConfigError, ConfigErrorKind, VerifyErrorKind};

/// How old a delivery may be and how far its time stamp may lie ahead, each in whole seconds and each inclusive.
///
/// The two directions are separate because they answer different questions: the past covers the way of a delivery
/// and bounds a replay, the future covers the difference of two clocks and needs far less.
///
/// ```
/// use std::time::Duration;
/// use tollgate_webhook_hmac::Tolerance;
///
/// let tolerance = Tolerance::default();
/// assert_eq!(tolerance.past(), Duration::from_secs(300));
/// assert_eq!(tolerance.future(), Duration::from_secs(30));
/// assert!(Tolerance::new(Duration::from_secs(86_400), Duration::ZERO).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    past_seconds: u32,
    future_seconds: u32,
}

impl Tolerance {
    /// 300 s, the age up to which a delivery is accepted by default.
    pub const DEFAULT_PAST: Duration = Duration::from_mins(5);
    /// 30 s, the difference of clocks that is accepted by default.
    pub const DEFAULT_FUTURE: Duration = Duration::from_secs(30);
    /// One hour, the longest age that can be asked for.
    pub const MAX_PAST: Duration = Duration::from_hours(1);
    /// 300 s, the largest difference of clocks that can be asked for.
    pub const MAX_FUTURE: Duration = Duration::from_mins(5);

    /// Takes both directions, in whole seconds.
    ///
    /// # Errors
    ///
    /// [`Tolerance`](ConfigErrorKind::Tolerance) beyond [`MAX_PAST`](Self::MAX_PAST) or
    /// [`MAX_FUTURE`](Self::MAX_FUTURE), or with a fraction of a second.
    pub fn new(past: Duration, future: Duration) -> Result<Self, ConfigError> {
        Ok(Self {
            past_seconds: whole_seconds(past, Self::MAX_PAST)?,
            future_seconds: whole_seconds(future, Self::MAX_FUTURE)?,
        })
    }

    /// The oldest age that is accepted.
    #[must_use]
    pub fn past(self) -> Duration {
        Duration::from_secs(self.past_seconds.into())
    }

    /// The furthest time ahead that is accepted.
    #[must_use]
    pub fn future(self) -> Duration {
        Duration::from_secs(self.future_seconds.into())
    }

    /// Judges a time stamp against the clock, both in units of which a second has `per_second`.
    pub(crate) fn judge(self, stamp: i64, now: i64, per_second: i64) -> Result<(), VerifyErrorKind> {
        if now.saturating_sub(stamp) > i64::from(self.past_seconds) * per_second {
            return Err(VerifyErrorKind::Stale);
        }
        if stamp.saturating_sub(now) > i64::from(self.future_seconds) * per_second {
            return Err(VerifyErrorKind::Early);
        }
        Ok(())
    }

    /// The first instant, in the same units, at which this time stamp is stale.
    pub(crate) fn stale_from(self, stamp: i64, per_second: i64) -> i64 {
        stamp.saturating_add(i64::from(self.past_seconds) * per_second).saturating_add(1)
    }
}

impl Default for Tolerance {
    /// [`DEFAULT_PAST`](Self::DEFAULT_PAST) and [`DEFAULT_FUTURE`](Self::DEFAULT_FUTURE).
    fn default() -> Self {
        Self { past_seconds: 300, future_seconds: 30 }
    }
}

fn whole_seconds(value: Duration, max: Duration) -> Result<u32, ConfigErrorKind> {
    if value > max || value.subsec_nanos() != 0 {
        return Err(ConfigErrorKind::Tolerance);
    }
    u32::try_from(value.as_secs()).map_err(|_| ConfigErrorKind::Tolerance)
}
