//! How long a node goes on without a word of the others.

use std::time::Duration;

/// How old a record in memory may be when another node changes it, at the very most: what a node trusts its memory for
/// after a ping that came back, and what a revocation waits for a node that does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bound(Duration);

impl Bound {
    /// The least.
    pub const MIN: Duration = Duration::from_millis(100);
    /// The most: a call that revokes must end before it is cut off as too slow.
    pub const MAX: Duration = Duration::from_secs(10);
    /// Where none is said.
    pub const USUAL: Duration = Duration::from_secs(2);
    /// Clocks of two machines differ by less than a twentieth of a span.
    const DRIFT: u32 = 20;
    /// On top of it, for what clocks round.
    const SLACK: Duration = Duration::from_millis(10);

    /// This span, or `None` outside [`MIN`](Self::MIN) to [`MAX`](Self::MAX).
    #[must_use]
    pub fn new(span: Duration) -> Option<Self> {
        (Self::MIN..=Self::MAX).contains(&span).then_some(Self(span))
    }

    /// As another node wrote it down; the longest for what no node writes.
    pub(crate) fn from_stored_ms(ms: i64) -> Self {
        let span = u64::try_from(ms).ok().map(Duration::from_millis);
        span.and_then(Self::new).unwrap_or(Self(Self::MAX))
    }

    pub(crate) fn as_stored_ms(self) -> i64 {
        i64::try_from(self.0.as_millis()).unwrap_or(i64::MAX)
    }

    /// The span.
    #[must_use]
    pub fn span(self) -> Duration {
        self.0
    }

    /// The span on the clock of another machine, with certainty over.
    pub(super) fn elsewhere(self) -> Duration {
        self.0 + self.0 / Self::DRIFT + Self::SLACK
    }
}

impl Default for Bound {
    fn default() -> Self {
        Self(Self::USUAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_does_not_read_counts_as_the_longest() {
        for (stored, span) in
            [(100, 100), (2_000, 2_000), (10_000, 10_000), (0, 10_000), (-1, 10_000), (10_001, 10_000)]
        {
            assert_eq!(Bound::from_stored_ms(stored).span(), Duration::from_millis(span), "{stored}");
        }
        assert!(Bound::default().elsewhere() > Duration::from_millis(2_100));
    }
}
