//! Work that goes on when the request that began it is over: it is bounded in number, and an orderly stop waits for it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Begins work in tasks of its own.
#[derive(Debug, Clone)]
pub struct Errands(Arc<Semaphore>);

/// As many are under way as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too much is under way at this moment")]
pub struct TooManyErrands;

impl Errands {
    /// Errands under way at one time.
    const MOST: u32 = 1024;
    /// How long a stop waits for them.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Begins something. It reaches its end whether anybody waits for the answer or not.
    ///
    /// # Errors
    ///
    /// [`TooManyErrands`], also once [`finish`](Self::finish) was called; nothing was begun.
    pub fn begin<T: Send + 'static>(
        &self,
        errand: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, TooManyErrands> {
        let place = self.0.clone().try_acquire_owned().map_err(|_| TooManyErrands)?;
        Ok(tokio::spawn(async move {
            let _place = place;
            errand.await
        }))
    }

    /// Waits until the last one is done, for a bounded time; no further one is begun.
    pub async fn finish(&self) {
        let all = tokio::time::timeout(Self::PATIENCE, self.0.acquire_many(Self::MOST)).await;
        if all.is_err() {
            let left = Self::MOST as usize - self.0.available_permits();
            tracing::error!(left, "work that requests had begun was still under way at the end");
        }
        self.0.close();
    }
}

impl Default for Errands {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(Self::MOST as usize)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_stop_waits_for_what_was_begun_and_lets_nothing_begin() {
        let (errands, go, done) = (Errands::default(), Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
        let (going, doing) = (go.clone(), done.clone());
        // Nobody keeps the handle.
        drop(errands.begin(async move {
            going.notified().await;
            doing.store(true, Ordering::SeqCst);
        }));
        let stop = errands.finish();
        tokio::pin!(stop);
        assert!(tokio::time::timeout(Duration::ZERO, &mut stop).await.is_err(), "it is not done yet");
        go.notify_one();
        stop.await;
        assert!(done.load(Ordering::SeqCst));
        assert!(errands.begin(async {}).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_does_not_wait_for_ever() {
        let errands = Errands::default();
        let endless = errands.begin(std::future::pending::<()>()).unwrap();
        errands.finish().await;
        endless.abort();
    }

    #[tokio::test]
    async fn they_are_bounded_in_number() {
        let errands = Errands::default();
        let endless: Vec<_> =
            (0..Errands::MOST).map(|_| errands.begin(std::future::pending::<()>()).unwrap()).collect();
        assert!(errands.begin(async {}).is_err());
        endless[0].abort();
        while errands.0.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(errands.begin(async {}).is_ok());
        endless.iter().for_each(JoinHandle::abort);
    }
}
