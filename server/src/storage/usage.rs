//! Numbers of use, as they are kept.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode};

use super::StorageError;
use crate::account::MerchantId;

/// Calls of a merchant in one mode within one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourOfUse {
    /// Whose.
    pub merchant: MerchantId,
    /// In which mode.
    pub mode: Mode,
    /// Hours since 1970.
    pub hour: i64,
    /// Calls whose credential was good.
    pub requests: u64,
    /// How many of them policy refused.
    pub refusals: u64,
}

/// When and from where a credential was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUse {
    /// Which.
    pub credential: KeyId,
    /// When.
    pub at: OffsetDateTime,
    /// From where, if that is known.
    pub address: Option<String>,
}

/// Numbers of use.
#[async_trait]
pub trait UsageBook: Send + Sync {
    /// Adds these counts and notes these uses, in one transaction; an older use never replaces a newer one.
    async fn add_usage(&self, hours: &[HourOfUse], uses: &[LastUse]) -> Result<(), StorageError>;
    /// The hours of a merchant and mode that had calls, from this one on, oldest first.
    async fn usage_since(&self, merchant: &MerchantId, mode: Mode, hour: i64) -> Result<Vec<HourOfUse>, StorageError>;
    /// The last use of a credential, if it was ever used.
    async fn last_use(&self, credential: KeyId) -> Result<Option<LastUse>, StorageError>;
    /// The last uses of these credentials, in any order; those that were never used are not among them.
    async fn last_uses(&self, credentials: &[KeyId]) -> Result<Vec<LastUse>, StorageError>;
    /// Removes hours before this one; answers how many.
    async fn sweep_usage(&self, before_hour: i64) -> Result<u64, StorageError>;
}
