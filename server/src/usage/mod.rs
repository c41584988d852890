//! How much credentials are used: counted in memory, so that the hot path touches no disk, and written down every few
//! seconds in one transaction. What a crash loses is those seconds.

mod counted;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode};
use tollgate_client_address::ClientAddress;

use crate::account::MerchantId;
use crate::storage::{HourOfUse, LastUse, StorageError, UsageBook};
use counted::{Count, Counted};

/// Counts calls.
pub struct Usage {
    book: Arc<dyn UsageBook>,
    /// Each thread counts in one of them, so that threads hardly wait for each other.
    parts: [Part; Self::PARTS],
    /// Held while counts are on their way to the book.
    flushing: tokio::sync::Mutex<()>,
}

/// Far enough from the next one that two cores do not contend for the same line of memory.
#[derive(Default)]
#[repr(align(128))]
struct Part(Mutex<Counted>);

/// Whether policy let a call pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It did.
    Passed,
    /// It did not.
    Refused,
}

impl Usage {
    const PARTS: usize = 8;

    /// Counts for this book.
    #[must_use]
    pub fn new(book: Arc<dyn UsageBook>) -> Self {
        Self { book, parts: Default::default(), flushing: tokio::sync::Mutex::default() }
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
        let mut counted = self.own_part().counted();
        let refusals = u64::from(verdict == Verdict::Refused);
        counted.add(merchant, mode, hour_of(now), Count { requests: 1, refusals });
        if let (Some(credential), Verdict::Passed) = (credential, verdict) {
            counted.note(credential, now, client);
        }
    }

    /// Writes down what was counted since the last time.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer; the counts are kept for the next time.
    pub async fn flush(&self) -> Result<(), StorageError> {
        let _turn = self.flushing.lock().await;
        let mut counted = Counted::default();
        for part in &self.parts {
            counted.take_in(std::mem::take(&mut *part.counted()));
        }
        if counted.is_empty() {
            return Ok(());
        }
        let written = self.book.add_usage(&counted.hours(), &counted.uses()).await;
        if written.is_err() {
            self.own_part().counted().take_in(counted);
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

    /// The part in which this thread counts.
    fn own_part(&self) -> &Part {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
        }
        &self.parts[THREAD.with(|thread| thread % Self::PARTS)]
    }
}

impl Part {
    /// The maps are valid at every step, so a panic elsewhere cannot have broken them.
    fn counted(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
