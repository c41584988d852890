//! Short-lived facts, as a few atomic verbs.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode};

use super::StorageError;
use crate::account::MerchantId;

/// A stored checkout grant: what a browser token opens.
#[derive(Debug, Clone)]
pub struct CheckoutGrant {
    /// HMAC-SHA256 of the token; the look-up key.
    pub digest: [u8; 32],
    /// The version of the pepper that made it; 0 when it was stored without.
    pub pepper_version: u32,
    /// The one payment request it opens.
    pub payment_request: i64,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// The API key it was made with.
    pub credential: KeyId,
    /// Live while `now` is before this.
    pub expires_at: OffsetDateTime,
    /// Dead since.
    pub revoked_at: Option<OffsetDateTime>,
}

/// What became of an attempt to take a single use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Claim {
    /// This call took it.
    First,
    /// It was taken before, or its time is over.
    Seen,
}

/// Why no grant was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MintRefusal {
    /// The payment request is in a final state.
    Final,
    /// No such payment request for this merchant and mode.
    NotFound,
    /// As many tokens as allowed are alive; the first of them dies at this time.
    TooMany {
        /// When the oldest one expires.
        until: OffsetDateTime,
    },
}

/// Checkout grants, stored and read by keyed digest.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Stores a grant if its payment request is open and has fewer than `limit` live ones, atomically.
    async fn store_grant(
        &self,
        grant: &CheckoutGrant,
        limit: u32,
        now: OffsetDateTime,
    ) -> Result<Result<(), MintRefusal>, StorageError>;
    /// Reads a grant, also an expired or revoked one.
    async fn grant(&self, digest: &[u8; 32]) -> Result<Option<CheckoutGrant>, StorageError>;
    /// Takes the first use of `key` until `until`: of any number of calls with one key, one is told [`Claim::First`].
    ///
    /// From `until` on every call is told [`Claim::Seen`], as the record may be gone.
    async fn claim_once(
        &self,
        namespace: &'static str,
        key: &[u8],
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Claim, StorageError>;
    /// Marks a token id as dead until the token would have expired anyway.
    async fn revoke_token(&self, id: &str, until: OffsetDateTime) -> Result<(), StorageError>;
    /// Every token id that is marked as dead and has not expired.
    async fn revoked_tokens(&self, now: OffsetDateTime) -> Result<Vec<(String, OffsetDateTime)>, StorageError>;
    /// Removes what expired before `before`; answers how many rows went.
    async fn sweep(&self, before: OffsetDateTime) -> Result<u64, StorageError>;
}
