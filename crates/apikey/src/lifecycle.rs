use time::OffsetDateTime;

use crate::error::{LifecycleError, LifecycleErrorKind};
use crate::overlap::Overlap;
use crate::second::Second;

/// The life of a credential of any kind: `active → retiring → expired`, and from each of them `revoked`.
///
/// No call leads back to active and no call moves the deadline later. Instants are whole Unix seconds in UTC; what is
/// passed in is rounded down. Use is allowed while `now < deadline`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lifecycle {
    created_at: Second,
    expires_at: Option<Second>,
    /// Never later than `expires_at`.
    retiring_until: Option<Second>,
    /// Set by a revocation and by a retirement without overlap; holds whatever the clock says.
    revoked_at: Option<Second>,
}

/// Where a credential stands at one instant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// Usable, with no successor named.
    Active,
    /// Its expiry or its retiring deadline has passed: it ran out, and so may its tokens.
    Expired,
    /// Usable beside its successor.
    Retiring {
        /// The first second at which it is no longer usable.
        until: OffsetDateTime,
    },
    /// Killed on purpose, and its tokens with it.
    Revoked,
}

/// Proof that a credential was usable at the instant asked about; only [`Lifecycle::check`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Usable {
    deadline: Option<Second>,
}

impl Lifecycle {
    /// An active credential without expiry.
    #[must_use]
    pub fn new(created_at: OffsetDateTime) -> Self {
        Self { created_at: Second::of(created_at), expires_at: None, retiring_until: None, revoked_at: None }
    }

    /// Sets the expiry; of this one and an earlier one, the sooner holds.
    #[must_use]
    pub fn expiring_at(mut self, at: OffsetDateTime) -> Self {
        let expires_at = soonest([Some(Second::of(at)), self.expires_at]);
        self.retiring_until = self.retiring_until.and(soonest([self.retiring_until, expires_at]));
        self.expires_at = expires_at;
        self
    }

    /// Puts a lifecycle together from its stored instants.
    ///
    /// # Errors
    ///
    /// [`Inconsistent`](LifecycleErrorKind::Inconsistent) when it would retire after its expiry.
    pub fn from_parts(
        created_at: OffsetDateTime,
        expires_at: Option<OffsetDateTime>,
        retiring_until: Option<OffsetDateTime>,
        revoked_at: Option<OffsetDateTime>,
    ) -> Result<Self, LifecycleError> {
        let expires_at = expires_at.map(Second::of);
        let retiring_until = retiring_until.map(Second::of);
        if retiring_until.is_some() && soonest([expires_at, retiring_until]) != retiring_until {
            return Err(LifecycleErrorKind::Inconsistent.into());
        }
        let created_at = Second::of(created_at);
        Ok(Self { created_at, expires_at, retiring_until, revoked_at: revoked_at.map(Second::of) })
    }

    /// Where the credential stands at `now`.
    ///
    /// A revoked credential is revoked at every `now`, so that a clock that is behind cannot revive it.
    #[must_use]
    pub fn status(&self, now: OffsetDateTime) -> Status {
        match (self.check(now).map_err(|error| error.kind()), self.retiring_until) {
            (Err(LifecycleErrorKind::Revoked), _) => Status::Revoked,
            (Err(_), _) => Status::Expired,
            (Ok(_), Some(until)) => Status::Retiring { until: until.to_time() },
            (Ok(_), None) => Status::Active,
        }
    }

    /// Proves that the credential may be used at `now`.
    ///
    /// # Errors
    ///
    /// [`Expired`](LifecycleErrorKind::Expired), [`Revoked`](LifecycleErrorKind::Revoked).
    pub fn check(&self, now: OffsetDateTime) -> Result<Usable, LifecycleError> {
        if self.revoked_at.is_some() {
            return Err(LifecycleErrorKind::Revoked.into());
        }
        let deadline = soonest([self.expires_at, self.retiring_until]);
        if deadline.is_some_and(|deadline| Second::of(now) >= deadline) {
            return Err(LifecycleErrorKind::Expired.into());
        }
        Ok(Usable { deadline })
    }

    /// Ends the credential after an overlap, or sooner if its expiry or an earlier retirement says so.
    ///
    /// Without overlap this is [`revoke`](Self::revoke): the credential is dead when the call returns.
    /// As `now` is rounded down, a real overlap is up to one second shorter than its name.
    ///
    /// # Errors
    ///
    /// [`Expired`](LifecycleErrorKind::Expired) and [`Revoked`](LifecycleErrorKind::Revoked) when it is already dead;
    /// it is then left as it was.
    pub fn retire(&mut self, now: OffsetDateTime, overlap: Overlap) -> Result<(), LifecycleError> {
        let _usable = self.check(now)?;
        if overlap == Overlap::NONE {
            return self.revoke(now);
        }
        let until = Second::of(now).plus(overlap.as_seconds());
        self.retiring_until = soonest([Some(until), self.retiring_until, self.expires_at]);
        Ok(())
    }

    /// Kills the credential and the tokens obtained with it; a second call changes nothing.
    ///
    /// A credential that has run out can still be revoked, because its tokens may be alive.
    ///
    /// # Errors
    ///
    /// None: every state allows it.
    pub fn revoke(&mut self, now: OffsetDateTime) -> Result<(), LifecycleError> {
        self.revoked_at.get_or_insert(Second::of(now));
        Ok(())
    }

    /// Whether tokens obtained with the credential are dead too.
    ///
    /// True when it was killed on purpose (revoked, or retired without overlap), false while it is usable and when it
    /// merely ran out. There is no `now`: a revocation holds whatever the clock says.
    #[must_use]
    pub const fn kills_tokens(&self) -> bool {
        self.revoked_at.is_some()
    }

    /// The first second at which the credential is not usable, for whoever keeps a copy; `None` when it has no end.
    ///
    /// A revoked credential is not usable before its deadline either: ask [`check`](Self::check), not this alone.
    #[must_use]
    pub fn deadline(&self) -> Option<OffsetDateTime> {
        soonest([self.expires_at, self.retiring_until, self.revoked_at]).map(Second::to_time)
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> OffsetDateTime {
        self.created_at.to_time()
    }

    /// Its own expiry.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at.map(Second::to_time)
    }

    /// The end of its overlap, once it was retired with one.
    #[must_use]
    pub fn retiring_until(&self) -> Option<OffsetDateTime> {
        self.retiring_until.map(Second::to_time)
    }

    /// When it was revoked, or retired without overlap.
    #[must_use]
    pub fn revoked_at(&self) -> Option<OffsetDateTime> {
        self.revoked_at.map(Second::to_time)
    }
}

impl Usable {
    /// The first second at which this proof no longer holds; `None` when the credential has no end.
    ///
    /// A revocation may come sooner.
    #[must_use]
    pub fn deadline(&self) -> Option<OffsetDateTime> {
        self.deadline.map(Second::to_time)
    }
}

fn soonest<const N: usize>(seconds: [Option<Second>; N]) -> Option<Second> {
    seconds.into_iter().flatten().min()
}
