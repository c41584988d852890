//! The only place that reads the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// A handle on the time of day, passed to whatever needs it.
#[derive(Debug, Clone, Default)]
pub struct Clock(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    System,
    Manual(Arc<AtomicI64>),
}

/// A moment of the machine's clock that goes on while the machine sleeps; it says nothing about the time of day.
///
/// Moments of one machine since its start compare. Of two machines only spans do, as exactly as their clocks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

/// A moment to measure a duration from; it says nothing about the time of day.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still at `now` until it is told to move; for tests.
    #[must_use]
    pub fn manual(now: OffsetDateTime) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(epoch_ms(now)))))
    }

    /// Moves a manual clock; a system clock does not move.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(ms) = &self.0 {
            ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// The time of day, UTC.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        match &self.0 {
            Source::System => system_now(),
            Source::Manual(ms) => from_epoch_ms(ms.load(Ordering::SeqCst)),
        }
    }

    /// This moment.
    #[must_use]
    pub fn moment(&self) -> Moment {
        match &self.0 {
            Source::System => system_moment(),
            Source::Manual(ms) => {
                Moment(u64::try_from(ms.load(Ordering::SeqCst)).unwrap_or(0).saturating_mul(1_000_000))
            }
        }
    }

    /// Starts measuring a duration.
    #[must_use]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(instant_now())
    }
}

impl Moment {
    /// Before every other.
    pub const FIRST: Self = Self(0);
    /// After every other.
    pub const LAST: Self = Self(u64::MAX);

    /// So much later.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)))
    }

    /// How long after an earlier one; nothing if that is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn to_nanos(self) -> u64 {
        self.0
    }

    pub(crate) fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }
}

impl Stopwatch {
    /// The time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Milliseconds since 1970, the form in which the database keeps times.
#[must_use]
pub fn epoch_ms(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// The inverse of [`epoch_ms`]; out-of-range values become 1970.
#[must_use]
pub fn from_epoch_ms(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the time of day")]
fn system_now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the monotonic clock")]
fn instant_now() -> Instant {
    Instant::now()
}

/// `CLOCK_BOOTTIME`: unlike [`Instant`] it counts while the machine is suspended.
fn system_moment() -> Moment {
    let read = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let seconds = u64::try_from(read.tv_sec).unwrap_or(0);
    Moment(seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(read.tv_nsec).unwrap_or(0)))
}
