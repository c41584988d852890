//! How long a new token lives.

use time::Duration;

use crate::error::{TtlError, TtlErrorKind};

/// The life time of a checkout token: 60 to 3600 whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl {
    seconds: u16,
}

impl Ttl {
    /// 60 seconds: a shorter token dies before a slow page has loaded.
    pub const SHORTEST: Self = Self { seconds: 60 };

    /// 900 seconds, which is what a checkout usually gets.
    pub const FIFTEEN_MINUTES: Self = Self { seconds: 900 };

    /// 3600 seconds: what lives in a browser longer than that is a session, not a checkout.
    pub const LONGEST: Self = Self { seconds: 3600 };

    /// Takes a number of seconds, for example from the settings of a merchant.
    ///
    /// # Errors
    ///
    /// [`TooShort`](TtlErrorKind::TooShort) below 60, [`TooLong`](TtlErrorKind::TooLong) above 3600.
    pub fn from_seconds(seconds: u64) -> Result<Self, TtlError> {
        let ttl = Self { seconds: u16::try_from(seconds).map_err(|_| TtlErrorKind::TooLong)? };
        if ttl < Self::SHORTEST {
            return Err(TtlErrorKind::TooShort.into());
        }
        if ttl > Self::LONGEST {
            return Err(TtlErrorKind::TooLong.into());
        }
        Ok(ttl)
    }

    /// The life time in seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u64 {
        self.seconds as u64
    }

    /// The life time as a duration.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::seconds(self.seconds as i64)
    }
}
