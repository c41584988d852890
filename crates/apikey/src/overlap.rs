use crate::error::{LifecycleError, LifecycleErrorKind};

/// The longest overlap in seconds: 30 days.
pub const MAX_OVERLAP_SECONDS: u32 = 2_592_000;

/// How long, in seconds, a retired credential stays usable beside its successor.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Overlap(u32);

impl Overlap {
    /// No overlap: the old credential is dead when the call returns.
    pub const NONE: Self = Self(0);

    /// 86 400 seconds.
    pub const ONE_DAY: Self = Self(86_400);

    /// An overlap of this many seconds.
    ///
    /// # Errors
    ///
    /// [`OverlapTooLong`](LifecycleErrorKind::OverlapTooLong) over [`MAX_OVERLAP_SECONDS`].
    pub fn new(seconds: u32) -> Result<Self, LifecycleError> {
        if seconds > MAX_OVERLAP_SECONDS {
            return Err(LifecycleErrorKind::OverlapTooLong.into());
        }
        Ok(Self(seconds))
    }

    /// The length in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u32 {
        self.0
    }
}
