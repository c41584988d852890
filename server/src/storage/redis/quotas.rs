//! Quota windows shared by several nodes.

use async_trait::async_trait;
use redis::Script;

use super::RedisStore;
use crate::limits::{Bucket, CLOCK_STEP_MS, Figures, Quota, QuotaKey, Quotas, QuotasUnavailable};
use crate::storage::StorageError;

/// The same windows as [`QuotaWindows`](crate::limits::QuotaWindows), one list of times a bucket and subject.
///
/// A script looks at all windows and takes the grant, or takes none; Redis runs one script at a time. Nodes whose clocks
/// differ write in the order in which Redis hears them, never with an earlier time than the last.
#[derive(Debug)]
pub struct RedisQuotas {
    store: RedisStore,
    script: Script,
}

/// Grants in a window, the oldest of them, and the one whose leaving makes room.
type Window = (u64, Option<i64>, Option<i64>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Debit,
    Peek,
}

impl RedisQuotas {
    /// Windows in this store.
    #[must_use]
    pub fn new(store: RedisStore) -> Self {
        Self { store, script: Script::new(include_str!("quotas.lua")) }
    }

    /// Whether a grant was taken, and how the windows stand then.
    async fn ask(&self, ask: Ask, bucket: &Bucket, subject: &str, now_ms: i64) -> Result<(bool, Quota), StorageError> {
        let mut call = self.script.key(self.store.key("quota", format!("{}:{subject}", bucket.name).as_bytes()));
        call.arg(if ask == Ask::Debit { "debit" } else { "peek" }).arg(now_ms).arg(CLOCK_STEP_MS);
        for window in bucket.windows() {
            call.arg(window.limit).arg(window.length_ms());
        }
        let (taken, now_ms, figures): (i64, i64, Vec<Window>) = call.invoke_async(&mut self.store.connection()).await?;
        let figures = figures.into_iter().map(|(used, oldest_ms, leaving_ms)| Figures { used, oldest_ms, leaving_ms });
        Ok((taken == 1, Quota::tightest(bucket, now_ms, figures)))
    }
}

#[async_trait]
impl<S: QuotaKey + Send + Sync> Quotas<S> for RedisQuotas {
    async fn debit(
        &self,
        bucket: &Bucket,
        subject: &S,
        now_ms: i64,
    ) -> Result<Result<Quota, Quota>, QuotasUnavailable> {
        let (taken, quota) =
            self.ask(Ask::Debit, bucket, &subject.key(), now_ms).await.map_err(|error| unavailable(&error))?;
        Ok(if taken { Ok(quota) } else { Err(quota) })
    }

    async fn peek(&self, bucket: &Bucket, subject: &S, now_ms: i64) -> Result<Quota, QuotasUnavailable> {
        let (_, quota) =
            self.ask(Ask::Peek, bucket, &subject.key(), now_ms).await.map_err(|error| unavailable(&error))?;
        Ok(quota)
    }

    /// Keys end by themselves.
    fn sweep(&self, _now_ms: i64) {}
}

fn unavailable(error: &StorageError) -> QuotasUnavailable {
    tracing::error!(error = error as &dyn std::error::Error, "quota windows failed");
    QuotasUnavailable
}
