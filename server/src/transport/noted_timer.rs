//! The time-out of request heads, without a timer for each request.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use hyper_util::rt::TokioTimer;

/// When the head that a connection waits for is late.
///
/// hyper asks for a timer with each request. One of the runtime would be entered into a table that all connections share and
/// be taken out again, for a moment that hardly ever comes. So the moment is only noted here; whoever drives the
/// connection has one timer for everything, [looks](Self::due) when it must ring, and [says so](Self::expire).
#[derive(Debug, Clone)]
pub(super) struct HeadTimer(Arc<Head>);

#[derive(Debug)]
struct Head {
    opened: Instant,
    /// Nanoseconds from `opened` on; 0 while no head is waited for.
    due: AtomicU64,
    late: AtomicBool,
}

/// What hyper holds while it waits for a head.
struct Waiting(Arc<Head>);

impl HeadTimer {
    /// The timer of a connection that opens now.
    pub(super) fn start() -> Self {
        let opened = TokioTimer::new().now();
        Self(Arc::new(Head { opened, due: AtomicU64::new(0), late: AtomicBool::new(false) }))
    }

    /// When the head that is waited for is late; `None` while none is, or after it was said to be.
    pub(super) fn due(&self) -> Option<Instant> {
        let due = self.0.due.load(Ordering::Relaxed);
        (due != 0).then(|| self.0.opened + Duration::from_nanos(due))
    }

    /// Says that the head is late; the connection ends when it is polled next.
    pub(super) fn expire(&self) {
        self.0.due.store(0, Ordering::Relaxed);
        self.0.late.store(true, Ordering::Relaxed);
    }
}

impl Timer for HeadTimer {
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

    /// Without a waker: the same task polls the connection again after it said that the head is late.
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
    fn a_head_is_late_when_it_is_said_and_the_next_one_waits_anew() {
        let timer = HeadTimer::start();
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
        assert_eq!(timer.due(), None, "a head that came is not waited for");
    }
}
