//! What a token permits, as storage keeps it.

use time::OffsetDateTime;

/// What a token stands for: the one object it is bound to, and the moment it dies.
///
/// A grant is a fact, not yet a permission: only [`AllowList::permit`](crate::AllowList::permit) turns it into a
/// [`Permit`](crate::Permit), for one request at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Grant<O> {
    object: O,
    expires_at: OffsetDateTime,
}

impl<O> Grant<O> {
    /// Takes a grant back from storage; `expires_at` is rounded down to the whole second.
    pub fn restore(object: O, expires_at: OffsetDateTime) -> Self {
        Self { object, expires_at: whole_second(expires_at) }
    }

    /// The object that the grant is bound to.
    pub const fn object(&self) -> &O {
        &self.object
    }

    /// The first whole second in which the grant is dead, in UTC.
    #[must_use]
    pub const fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// Whether the grant is live: `now < expires_at` in whole Unix seconds rounded down, without leeway.
    #[must_use]
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        now.unix_timestamp() < self.expires_at.unix_timestamp()
    }
}

/// Rounds down to the whole second, in UTC. At the far ends of the calendar, where UTC has no such moment, the
/// moment stays as it is: it is compared in whole seconds anyway.
fn whole_second(moment: OffsetDateTime) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(moment.unix_timestamp()).unwrap_or(moment)
}
