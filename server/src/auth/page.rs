//! What the bearer of a payment page's address is shown.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use tollgate_checkout_scope::CheckoutToken;

use super::authorize::{QuotaSubject, check_status};
use super::{Arrival, Fault, Gate, Principal, Reason, Refusal, Via};
use crate::account::{CredentialKind, Merchant};
use crate::clock::epoch_ms;
use crate::limits::Bucket;
use crate::storage::CheckoutGrant;

/// A browser token in the address of the page it was made for; only [`Gate::visit`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Visit {
    merchant: Arc<Merchant>,
    grant: Arc<CheckoutGrant>,
    over: Option<Fault>,
}

impl Visit {
    /// How long a token that died is still told from one that never was.
    pub const REMEMBERED: Duration = Duration::DAY;

    /// Whose page it is.
    #[must_use]
    pub fn merchant(&self) -> &Merchant {
        &self.merchant
    }

    /// What the token opens, or opened.
    #[must_use]
    pub fn grant(&self) -> &CheckoutGrant {
        &self.grant
    }

    /// Why the token opens nothing any more; `None` while it is live.
    #[must_use]
    pub fn over(&self) -> Option<Fault> {
        self.over
    }
}

impl Gate {
    /// Looks at a token that came in the address of the page for `payment_request`.
    ///
    /// A token that was good less than [`Visit::REMEMBERED`] ago still tells whose page this was. A live one pays for
    /// the page from `bucket`.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`] for a token that never was, is forgotten or is for another request;
    /// [`Reason::AccountSuspended`], [`Reason::AccountNotVerified`], [`Reason::RateLimited`].
    pub async fn visit(
        &self,
        text: &str,
        payment_request: i64,
        bucket: Bucket,
        arrival: &Arrival,
    ) -> Result<Visit, Refusal> {
        let token = CheckoutToken::parse(text).map_err(|_| self.refuse(Fault::Malformed, arrival))?;
        let grant = self.grant_of(&token).await?;
        let grant = grant.ok_or_else(|| self.refuse(Fault::Unknown, arrival))?;
        if !arrival.mode.admits(grant.mode) {
            return Err(self.refuse(Fault::OtherMode, arrival));
        }
        let source = self.records.credential(grant.credential).await?;
        let source = source.filter(|source| {
            (source.kind, source.mode, &source.merchant) == (CredentialKind::CaiboKey, grant.mode, &grant.merchant)
        });
        let source = source.ok_or_else(|| self.refuse(Fault::Unknown, arrival))?;
        if grant.payment_request != payment_request {
            return Err(self.refuse(Fault::Token, arrival));
        }
        let principal = self.principal(&grant.merchant, grant.mode, Via::Checkout(grant.clone())).await?;
        check_status(&principal).map_err(Refusal::new)?;

        let over = death(&grant, source.lifecycle.revoked_at(), arrival.now);
        if let Some((fault, at)) = over {
            let refusal = self.refuse(fault, arrival);
            let throttled = matches!(refusal.reason(), Reason::RateLimited(_));
            if throttled || arrival.now - at >= Visit::REMEMBERED {
                return Err(refusal);
            }
        } else {
            let subject = QuotaSubject::Checkout(grant.digest);
            let debited = self.quotas.debit(&bucket.scaled(self.limits_scale), &subject, epoch_ms(arrival.now));
            debited.map_err(|full| Refusal::new(Reason::RateLimited(full.retry_after_s())).with_quota(Some(full)))?;
        }
        let Principal { merchant, .. } = principal;
        Ok(Visit { merchant, grant, over: over.map(|(fault, _)| fault) })
    }
}

/// Why and since when the token opens nothing: the earliest of its ends.
fn death(
    grant: &CheckoutGrant,
    source_revoked_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Option<(Fault, OffsetDateTime)> {
    let revoked = [grant.revoked_at, source_revoked_at].into_iter().flatten().map(|at| (Fault::Revoked, at));
    let expired = (now >= grant.expires_at).then_some((Fault::Expired, grant.expires_at));
    revoked.chain(expired).min_by_key(|(_, at)| *at)
}
