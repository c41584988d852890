//! Changes that must reach their end.

use std::future::Future;

use super::StorageError;

/// Runs a change and what must follow it to the end, also when the caller goes away.
///
/// A client that hangs up drops its request wherever it waits. Between the commit of a revocation and the moment the
/// cache forgets the record there must be no such place, or the dead credential would live on in the cache.
///
/// # Errors
///
/// Those of `change`; [`StorageErrorKind::Unavailable`](super::StorageErrorKind::Unavailable) when it panicked.
pub async fn complete<T, F>(change: F) -> Result<T, StorageError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StorageError>> + Send + 'static,
{
    tokio::spawn(change).await.map_err(|_| StorageError::unavailable())?
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_change_is_finished_when_its_caller_is_gone() {
        let (committed, go_on, forgotten) =
            (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let done = Arc::new(Notify::new());
        let change = {
            let (committed, go_on, forgotten, done) =
                (committed.clone(), go_on.clone(), forgotten.clone(), done.clone());
            async move {
                committed.notify_one();
                go_on.notified().await;
                forgotten.store(true, Ordering::SeqCst);
                done.notify_one();
                Ok(())
            }
        };
        let caller = tokio::spawn(complete(change));
        committed.notified().await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        go_on.notify_one();
        done.notified().await;
        assert!(forgotten.load(Ordering::SeqCst));
    }
}
