//! Many new records at once, for databases to measure and try things with.

use async_trait::async_trait;
use tollgate_apikey::Mode;

use super::Change;
use crate::account::{Credential, Merchant, NewAuditEntry, OauthClient};

/// Records that are stored together or not at all.
#[derive(Debug, Default)]
pub struct SampleBatch {
    /// Each with its `mer_` alias in each mode.
    pub merchants: Vec<(Merchant, [(Mode, String); 2])>,
    /// Clients of these merchants.
    pub clients: Vec<OauthClient>,
    /// Credentials of these merchants and clients.
    pub credentials: Vec<Credential>,
}

/// Storing many records in one transaction.
#[async_trait]
pub trait Samples: Send + Sync {
    /// Stores a batch, every merchant with `balance` in each mode, and the one entry about it.
    ///
    /// Refused as taken, with nothing written, when a merchant id is in use.
    async fn insert_samples(&self, batch: &SampleBatch, balance: &str, entry: &NewAuditEntry) -> Change<()>;
}
