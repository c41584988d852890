//! The claims of a new JWT.

use serde::Serialize;

use crate::{authority::MintAuthority, claim_client::ClaimClient, claim_id::ClaimId, error::ClaimsError};

/// The identifiers of a new checkout JWT, each with its name so that two cannot change places.
#[derive(Clone, Copy, Debug)]
pub struct CheckoutIds<'a> {
    /// The partner, which is the merchant.
    pub partner_id: &'a str,
    /// The OAuth client that has the token made.
    pub client_id: &'a str,
    /// The customer who pays.
    pub customer_id: &'a str,
    /// The invoice that is paid.
    pub invoice_id: &'a str,
}

/// The private claims of a checkout JWT that is about to be signed. It can be written and not be read.
///
/// ```
/// use tollgate_checkout_scope::{CheckoutClaims, CheckoutIds, MintAuthority, MintedClaims, ServerCredential};
///
/// struct VerifiedAccessToken;
/// impl ServerCredential for VerifiedAccessToken {}
///
/// let proof = VerifiedAccessToken;
/// let authority = MintAuthority::for_server_credential(&proof);
/// let ids = CheckoutIds { partner_id: "MCH-USA-4KD9P", client_id: "client_1", customer_id: "cus_8f2b", invoice_id: "inv_51c0" };
/// let payload = serde_json::to_string(&MintedClaims::new(&authority, ids)?)?;
///
/// let claims: CheckoutClaims = serde_json::from_str(&payload)?;
/// assert_eq!(claims.invoice_id(), "inv_51c0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
#[must_use]
#[expect(clippy::struct_field_names, reason = "the fields are named as the claims are")]
pub struct MintedClaims {
    partner_id: ClaimId,
    client_id: ClaimClient,
    customer_id: ClaimId,
    invoice_id: ClaimId,
}

impl MintedClaims {
    /// Checks the identifiers of a new token; that they belong together is the caller's check.
    ///
    /// # Errors
    ///
    /// [`Length`](crate::ClaimsErrorKind::Length) for an identifier that is empty or longer than
    /// [`MAX_CLAIM_ID`](crate::MAX_CLAIM_ID), [`Alphabet`](crate::ClaimsErrorKind::Alphabet) for a byte outside
    /// `[A-Za-z0-9_-]`; of the client id beyond [`MAX_CLAIM_CLIENT`](crate::MAX_CLAIM_CLIENT), and for a control
    /// character.
    pub fn new(_authority: &MintAuthority<'_>, ids: CheckoutIds<'_>) -> Result<Self, ClaimsError> {
        Ok(Self {
            partner_id: ClaimId::parse(ids.partner_id)?,
            client_id: ClaimClient::parse(ids.client_id)?,
            customer_id: ClaimId::parse(ids.customer_id)?,
            invoice_id: ClaimId::parse(ids.invoice_id)?,
        })
    }
}
