//! Until when what is kept in memory may be answered.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Bound;
use crate::clock::Moment;

/// The end of the trust, which only a ping that came back moves on.
///
/// One task writes it, the one that hears; every reader asks it anew for each record.
#[derive(Debug, Default)]
pub(super) struct Trust {
    until: AtomicU64,
    /// When the newest ping that came back was sent.
    confirmed: AtomicU64,
}

impl Trust {
    /// Whether every change that was committed a bound before `now` has been heard.
    pub(super) fn holds_at(&self, now: Moment) -> bool {
        // Acquire: who sees the trust sees what was forgotten before it was given.
        now < Moment::from_nanos(self.until.load(Ordering::Acquire))
    }

    /// A ping that was sent at this moment came back.
    pub(super) fn give(&self, sent: Moment, bound: Bound) {
        self.confirmed.store(sent.to_nanos(), Ordering::Relaxed);
        self.until.store(sent.after(bound.span()).to_nanos(), Ordering::Release);
    }

    pub(super) fn take_away(&self) {
        self.until.store(Moment::FIRST.to_nanos(), Ordering::Release);
    }

    /// When the newest ping that came back was sent; [`Moment::FIRST`] when none did.
    pub(super) fn confirmed(&self) -> Moment {
        Moment::from_nanos(self.confirmed.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn trust_lasts_a_bound_from_the_moment_before_the_ping() {
        let at = |ms| Moment::FIRST.after(Duration::from_millis(ms));
        let trust = Trust::default();
        assert!(!trust.holds_at(Moment::FIRST));
        trust.give(at(1_000), Bound::default());
        assert!(trust.holds_at(at(2_999)) && !trust.holds_at(at(3_000)));
        trust.take_away();
        assert!(!trust.holds_at(at(1_000)) && trust.confirmed() == at(1_000));
    }
}
