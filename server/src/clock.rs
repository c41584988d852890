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

    /// Starts measuring a duration.
    #[must_use]
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch(instant_now())
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
