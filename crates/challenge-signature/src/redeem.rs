//! Redeeming: the first use is taken, and only the first.

use std::future::Future;

use time::OffsetDateTime;

use crate::{Answered, Nonce, RedeemError};

/// The store that all nodes share and that knows which challenges were used.
pub trait FirstUse {
    /// Why the store could not answer.
    type Error;

    /// Takes the first use of `nonce`, atomically among all nodes: of any number of calls with one nonce, at most one
    /// is ever told [`First`](FirstUseOutcome::First).
    ///
    /// The record must be durable before the answer, and kept while the store's own clock is before `until`. From
    /// `until` on, when the record may be gone, the answer for any nonce is [`Seen`](FirstUseOutcome::Seen): a request
    /// that was checked just before expiry and reaches the store after it must not pass as a first use.
    ///
    /// # Errors
    ///
    /// When the store is unreachable or full. It must not drop a live record to make room.
    fn first_use(
        &self,
        nonce: &Nonce,
        until: OffsetDateTime,
    ) -> impl Future<Output = Result<FirstUseOutcome, Self::Error>> + Send;
}

/// What a store says about a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum FirstUseOutcome {
    /// It was free and is taken now, by this call.
    First,
    /// It was taken before, or its time is over.
    Seen,
}

impl Answered {
    /// Takes the single use of this challenge.
    ///
    /// # Errors
    ///
    /// [`AlreadyUsed`](crate::RedeemErrorKind::AlreadyUsed) when it was redeemed before,
    /// [`StoreUnavailable`](crate::RedeemErrorKind::StoreUnavailable) when the store could not answer, which is never
    /// a pass.
    pub async fn redeem<S: FirstUse>(self, store: &S) -> Result<Redeemed, RedeemError<S::Error>> {
        match store.first_use(&self.nonce(), self.expires_at()).await {
            Ok(FirstUseOutcome::First) => Ok(Redeemed { nonce: self.nonce() }),
            Ok(FirstUseOutcome::Seen) => Err(RedeemError::already_used()),
            Err(cause) => Err(RedeemError::store(cause)),
        }
    }
}

/// Proof that the caller answered a challenge and that this was its only use; only [`Answered::redeem`] makes one.
#[derive(Debug)]
#[must_use = "this is the proof that the request was signed"]
pub struct Redeemed {
    nonce: Nonce,
}

impl Redeemed {
    /// The nonce that was taken, for the audit log.
    #[must_use]
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }
}
