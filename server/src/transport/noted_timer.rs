//! Time-outs that hardly ever come, without a timer of the runtime for each.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;

/// When what a connection waits for is late: a request's head, or its answer.
///
/// A timer of the runtime is entered into a table that all connections share and is taken out again, with each request and
/// for a moment that hardly ever comes. So the moment is only noted here; whoever drives the connection has one timer for
/// everything, [looks](Self::due) when it must ring, and [says so](Self::expire). One thing is waited for at a time.
#[derive(Debug, Clone)]
pub struct NotedTimer(Arc<Noted>);

#[derive(Debug)]
struct Noted {
    opened: Instant,
    /// Nanoseconds from `opened` on; 0 while nothing is waited for.
    due: AtomicU64,
    late: AtomicBool,
}

/// What waits.
struct Waiting(Arc<Noted>);

impl NotedTimer {
    /// The timer of a connection that opens now.
    pub(super) fn start() -> Self {
        let opened = TokioTimer::new().now();
        Self(Arc::new(Noted { opened, due: AtomicU64::new(0), late: AtomicBool::new(false) }))
    }

    /// When what is waited for is late; `None` while nothing is, or after it was said to be.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = self.0.due.load(Ordering::Relaxed);
        (due != 0).then(|| self.0.opened + Duration::from_nanos(due))
    }

    /// Says that it is late; who waits hears of it when the connection is polled next.
    pub(super) fn expire(&self) {
        self.0.due.store(0, Ordering::Relaxed);
        self.0.late.store(true, Ordering::Relaxed);
    }
}

impl Timer for NotedTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        let due = deadline.saturating_duration_since(self.0.opened).as_nanos();
        self.0.late.store(false, Ordering::Relaxed);
        self.0.due.store(u64::try_from(due).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
        Box::pin(Waiting(self.0.clone()))
    }

    fn now(&self) -> Instant {
        TokioTimer::new().now()
    }
}

impl Sleep for Waiting {}

impl Future for Waiting {
    type Output = ();

    /// Without a waker: the same task polls the connection again after it said that this is late.
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0.late.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.due.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn it_is_late_when_it_is_said_and_the_next_wait_is_anew() {
        let timer = NotedTimer::start();
        assert_eq!(timer.due(), None, "nothing is waited for");
        let mut context = Context::from_waker(Waker::noop());
        let deadline = timer.now() + Duration::from_secs(10);
        let mut first = timer.sleep_until(deadline);
        assert_eq!(timer.due(), Some(deadline));
        assert!(first.as_mut().poll(&mut context).is_pending());
        timer.expire();
        assert!(first.as_mut().poll(&mut context).is_ready());
        assert_eq!(timer.due(), None, "it rings once");
        drop(first);
        let mut second = timer.sleep(Duration::from_secs(10));
        assert!(second.as_mut().poll(&mut context).is_pending());
        assert!(timer.due().is_some_and(|due| due >= deadline));
        drop(second);
        assert_eq!(timer.due(), None, "what came is not waited for");
    }
}
