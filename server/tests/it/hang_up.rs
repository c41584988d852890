//! Callers that do not wait for their answer.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// What a call came to, or nothing if it had to wait so many times and was dropped then.
pub(crate) async fn after<F: Future>(waits: u32, call: F) -> Option<F::Output> {
    let mut call = pin!(call);
    let mut waited = 0;
    poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => {
            waited += 1;
            if waited == waits { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await
}
