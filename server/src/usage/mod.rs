//! How much credentials are used: counted in memory, so that the hot path touches no disk, and written down every few
//! seconds in one transaction. What a crash loses is those seconds.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode};
use tollgate_client_address::ClientAddress;

use crate::account::MerchantId;
use crate::storage::{HourOfUse, LastUse, StorageError, UsageBook};

/// Counts calls.
pub struct Usage {
    book: Arc<dyn UsageBook>,
    counted: Mutex<Counted>,
    /// Held while counts are on their way to the book.
    flushing: tokio::sync::Mutex<()>,
}

/// Whether policy let a call pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Passed,
    /// It did not.
    Refused,
}

#[derive(Default)]
struct Counted {
    hours: HashMap<(MerchantId, Mode, i64), Count>,
    uses: HashMap<KeyId, (OffsetDateTime, ClientAddress)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    requests: u64,
    refusals: u64,
}

impl Usage {
    /// Merchants' hours and credentials counted between two flushes; what comes on top is not counted.
    const MOST: usize = 200_000;

    /// Counts for this book.
    #[must_use]
    pub fn new(book: Arc<dyn UsageBook>) -> Self {
        Self { book, counted: Mutex::default(), flushing: tokio::sync::Mutex::default() }
    }

    /// Counts a call of a known caller; a credential counts as used when the call passed.
    pub fn count(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        credential: Option<KeyId>,
        client: ClientAddress,
        now: OffsetDateTime,
        verdict: Verdict,
    ) {
        let mut counted = self.counted();
        let Counted { hours, uses } = &mut *counted;
        let key = (merchant.clone(), mode, hour_of(now));
        if hours.len() < Self::MOST || hours.contains_key(&key) {
            let count = hours.entry(key).or_default();
            count.requests = count.requests.saturating_add(1);
            if verdict == Verdict::Refused {
                count.refusals = count.refusals.saturating_add(1);
            }
        }
        if let (Some(credential), Verdict::Passed) = (credential, verdict)
            && (uses.len() < Self::MOST || uses.contains_key(&credential))
        {
            uses.insert(credential, (now, client));
        }
    }

    /// Writes down what was counted since the last time.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer; the counts are kept for the next time.
    pub async fn flush(&self) -> Result<(), StorageError> {
        let _turn = self.flushing.lock().await;
        let Counted { hours, uses } = std::mem::take(&mut *self.counted());
        if hours.is_empty() && uses.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = hours
            .iter()
            .map(|((merchant, mode, hour), Count { requests, refusals })| HourOfUse {
                merchant: merchant.clone(),
                mode: *mode,
                hour: *hour,
                requests: *requests,
                refusals: *refusals,
            })
            .collect();
        let address = |client: &ClientAddress| match client {
            ClientAddress::Known(address) => Some(address.to_string()),
            ClientAddress::Unknown => None,
        };
        let last: Vec<_> = uses
            .iter()
            .map(|(credential, (at, client))| LastUse { credential: *credential, at: *at, address: address(client) })
            .collect();
        let written = self.book.add_usage(&rows, &last).await;
        if written.is_err() {
            self.put_back(hours, uses);
        }
        written
    }

    /// The hours of a merchant and mode from this one on, oldest first; those without calls are not among them.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn since(&self, merchant: &MerchantId, mode: Mode, hour: i64) -> Result<Vec<HourOfUse>, StorageError> {
        self.flush().await?;
        self.book.usage_since(merchant, mode, hour).await
    }

    /// When and from where a credential was last used.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn last_use(&self, credential: KeyId) -> Result<Option<LastUse>, StorageError> {
        self.flush().await?;
        self.book.last_use(credential).await
    }

    /// When and from where these credentials were last used; those that were never used are not there.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn last_uses(&self, credentials: &[KeyId]) -> Result<HashMap<KeyId, LastUse>, StorageError> {
        self.flush().await?;
        let uses = self.book.last_uses(credentials).await?;
        Ok(uses.into_iter().map(|last| (last.credential, last)).collect())
    }

    /// Forgets hours that no page shows any more.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StorageError> {
        self.book.sweep_usage(hour_of(now) - KEPT_HOURS).await
    }

    fn put_back(
        &self,
        hours: HashMap<(MerchantId, Mode, i64), Count>,
        uses: HashMap<KeyId, (OffsetDateTime, ClientAddress)>,
    ) {
        let mut counted = self.counted();
        for (key, Count { requests, refusals }) in hours {
            let count = counted.hours.entry(key).or_default();
            count.requests = count.requests.saturating_add(requests);
            count.refusals = count.refusals.saturating_add(refusals);
        }
        for (credential, last) in uses {
            counted.uses.entry(credential).or_insert(last);
        }
    }

    /// The maps are valid at every step, so a panic elsewhere cannot have broken them.
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Usage")
    }
}

/// Hours since 1970.
#[must_use]
pub fn hour_of(now: OffsetDateTime) -> i64 {
    now.unix_timestamp().div_euclid(3600)
}

/// Hours are kept for 90 days.
const KEPT_HOURS: i64 = 90 * 24;
