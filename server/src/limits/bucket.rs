//! What a limit is and how it stands.

/// At most `limit` grants in any `seconds`.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Grants.
    pub limit: u64,
    seconds: u32,
}

/// A named set of windows that are debited together.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// The name that parts one bucket's subjects from another's.
    pub name: &'static str,
    windows: &'static [Window],
    scale: u64,
}

/// How the windows of a subject stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Limit of the window with the fewest grants left; on a tie, of the longer.
    pub limit: u64,
    /// Grants left in it.
    pub remaining: u64,
    /// When its oldest grant leaves, milliseconds since 1970.
    pub reset_ms: i64,
    /// The longest wait among the windows that are full, in milliseconds; 0 when none is.
    pub wait_ms: i64,
    pub(super) length_ms: i64,
}

/// How one window of a subject stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Grants in the window.
    pub used: u64,
    /// The oldest of them, milliseconds since 1970.
    pub oldest_ms: Option<i64>,
    /// The grant whose leaving makes room while the window is full; with the limit lowered meanwhile it need not be
    /// the oldest.
    pub leaving_ms: Option<i64>,
}

/// A clock that steps back further than this, in milliseconds, moves the grants with it; less is requests that overtook
/// each other.
pub const CLOCK_STEP_MS: i64 = 30_000;

impl Window {
    /// At most `limit` grants in any `seconds`.
    #[must_use]
    pub const fn new(limit: u64, seconds: u32) -> Self {
        Self { limit, seconds }
    }

    /// Its length in milliseconds.
    #[must_use]
    pub fn length_ms(&self) -> i64 {
        i64::from(self.seconds) * 1000
    }
}

impl Bucket {
    /// Windows that a bucket has at most.
    pub const MAX_WINDOWS: usize = 4;

    /// A bucket of these windows.
    ///
    /// # Panics
    ///
    /// With more than [`MAX_WINDOWS`](Self::MAX_WINDOWS); buckets are constants, so that this is seen when they are
    /// compiled.
    #[must_use]
    pub const fn new(name: &'static str, windows: &'static [Window]) -> Self {
        assert!(windows.len() <= Self::MAX_WINDOWS, "too many windows");
        Self { name, windows, scale: 1 }
    }

    /// The same bucket with every limit multiplied; for load tests.
    #[must_use]
    pub fn scaled(self, scale: u32) -> Self {
        Self { scale: u64::from(scale.max(1)), ..self }
    }

    /// Its windows, scaled.
    pub fn windows(&self) -> impl Iterator<Item = Window> + use<> {
        let scale = self.scale;
        self.windows.iter().map(move |w| Window { limit: w.limit.saturating_mul(scale), seconds: w.seconds })
    }
}

impl Quota {
    /// `Retry-After`: whole seconds, rounded up, at least 1.
    #[must_use]
    pub fn retry_after_s(&self) -> u64 {
        u64::try_from(self.wait_ms).unwrap_or(0).div_ceil(1000).max(1)
    }

    /// When the oldest grant leaves, Unix seconds, rounded up.
    #[must_use]
    pub fn reset_s(&self) -> u64 {
        u64::try_from(self.reset_ms).unwrap_or(0).div_ceil(1000)
    }

    /// How the windows of a bucket stand together; `figures` has one entry a window, in the bucket's order.
    #[must_use]
    pub fn tightest(bucket: &Bucket, now_ms: i64, figures: impl IntoIterator<Item = Figures>) -> Self {
        let mut quota: Option<Self> = None;
        let mut wait_ms = 0;
        for (window, figures) in bucket.windows().zip(figures) {
            let (limit, length_ms) = (window.limit, window.length_ms());
            let remaining = limit.saturating_sub(figures.used);
            if remaining == 0 && limit > 0 {
                wait_ms = wait_ms.max(figures.leaving_ms.unwrap_or(now_ms) + length_ms - now_ms);
            }
            let tighter = quota.as_ref().is_none_or(|quota| {
                remaining < quota.remaining || (remaining == quota.remaining && length_ms > quota.length_ms)
            });
            if tighter {
                let reset_ms = figures.oldest_ms.map_or(now_ms, |oldest| oldest + length_ms);
                quota = Some(Self { limit, remaining, reset_ms, wait_ms: 0, length_ms });
            }
        }
        Self { wait_ms, ..quota.unwrap_or_else(|| Self::full(bucket, now_ms)) }
    }

    /// The state of a subject that could not even be entered.
    pub(super) fn full(bucket: &Bucket, now_ms: i64) -> Self {
        let limit = bucket.windows().map(|w| w.limit).min().unwrap_or(0);
        Self { limit, remaining: 0, reset_ms: now_ms + 1000, wait_ms: 1000, length_ms: 0 }
    }
}
