//! The object of a checkout JWT.

use crate::{bound_id::BoundId, claim_id::ClaimId};

/// One invoice of one customer of one partner; made by [`CheckoutClaims::grant`](crate::CheckoutClaims::grant) only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InvoiceScope {
    partner: ClaimId,
    customer: ClaimId,
    invoice: ClaimId,
}

impl InvoiceScope {
    pub(crate) const fn new(partner: ClaimId, customer: ClaimId, invoice: ClaimId) -> Self {
        Self { partner, customer, invoice }
    }

    /// The partner, which is the merchant.
    #[must_use]
    pub fn partner_id(&self) -> &str {
        self.partner.as_str()
    }

    /// The customer who pays.
    #[must_use]
    pub fn customer_id(&self) -> &str {
        self.customer.as_str()
    }

    /// The invoice that is paid.
    #[must_use]
    pub fn invoice_id(&self) -> &str {
        self.invoice.as_str()
    }
}

/// Named by no segment: these ids come from the token alone, so its templates have no parameter.
impl BoundId for InvoiceScope {
    fn matches(&self, _segment: &str) -> bool {
        false
    }
}
