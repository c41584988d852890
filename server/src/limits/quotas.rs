//! What a rate limit asks of whoever keeps the windows.

use async_trait::async_trait;

use super::{Bucket, Quota};

/// Exact sliding windows of many subjects, in this process or shared by several.
#[async_trait]
pub trait Quotas<S>: Send + Sync {
    /// Takes one grant if every window has room, and else says how they stand; a refused call is not counted. `now_ms`
    /// is milliseconds since 1970.
    ///
    /// # Errors
    ///
    /// [`QuotasUnavailable`]: nothing is known, so the call must not pass.
    async fn debit(&self, bucket: &Bucket, subject: &S, now_ms: i64)
    -> Result<Result<Quota, Quota>, QuotasUnavailable>;

    /// How the windows stand, without taking a grant.
    ///
    /// # Errors
    ///
    /// [`QuotasUnavailable`].
    async fn peek(&self, bucket: &Bucket, subject: &S, now_ms: i64) -> Result<Quota, QuotasUnavailable>;

    /// Forgets the subjects that have no live grant; to be called now and then.
    fn sweep(&self, now_ms: i64);
}

/// A subject whose windows can be kept outside this process.
pub trait QuotaKey {
    /// A text that no other subject has.
    fn key(&self) -> String;
}

/// Whoever keeps the windows did not answer, or could not keep the grant.
#[derive(Debug, thiserror::Error)]
#[error("the quota windows are not available")]
pub struct QuotasUnavailable;
