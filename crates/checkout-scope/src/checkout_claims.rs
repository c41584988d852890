//! The private claims of the JWT form.

use serde::Deserialize;
use time::OffsetDateTime;

use crate::{claim_client::ClaimClient, claim_id::ClaimId, grant::Grant, invoice_scope::InvoiceScope};

/// What a checkout JWT says besides the registered claims: whose invoice it is for.
///
/// Read it from the payload of a token whose signature, type, audience and `exp` were checked. The registered claims
/// live in the same JSON object, so members unknown here are ignored; the four are required and stand there once. They
/// are strings of 1 to [`MAX_CLAIM_ID`](crate::MAX_CLAIM_ID) bytes of `[A-Za-z0-9_-]`; `client_id` has up to
/// [`MAX_CLAIM_CLIENT`](crate::MAX_CLAIM_CLIENT) bytes of anything but control characters.
///
/// It can be read and not be written, so that what a browser sent cannot be signed again:
///
/// ```compile_fail,E0277
/// fn sign_again(claims: &tollgate_checkout_scope::CheckoutClaims) {
///     let _ = serde_json::to_string(claims);
/// }
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the fields are named as the claims are")]
pub struct CheckoutClaims {
    partner_id: ClaimId,
    client_id: ClaimClient,
    customer_id: ClaimId,
    invoice_id: ClaimId,
}

impl CheckoutClaims {
    /// The partner, which is the merchant.
    #[must_use]
    pub fn partner_id(&self) -> &str {
        self.partner_id.as_str()
    }

    /// The OAuth client that had the token made.
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.client_id.as_str()
    }

    /// The customer who pays.
    #[must_use]
    pub fn customer_id(&self) -> &str {
        self.customer_id.as_str()
    }

    /// The invoice that is paid.
    #[must_use]
    pub fn invoice_id(&self) -> &str {
        self.invoice_id.as_str()
    }

    /// The grant behind the token, so that both token forms end in a [`Permit`](crate::Permit). `expires_at` is the
    /// `exp` of the verified token.
    pub fn grant(&self, expires_at: OffsetDateTime) -> Grant<InvoiceScope> {
        let scope = InvoiceScope::new(self.partner_id.clone(), self.customer_id.clone(), self.invoice_id.clone());
        Grant::restore(scope, expires_at)
    }
}
