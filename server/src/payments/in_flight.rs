//! Creating calls that are still running, so that a repetition beside the first is told so.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tollgate_apikey::Mode;

use crate::account::MerchantId;

/// What makes two calls the same one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallKey {
    /// Whose call it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// The route's own name.
    pub route: &'static str,
    /// The idempotency key.
    pub key: String,
}

/// The calls that are running in this process.
///
/// This only decides between "still running" and an answer: that a key creates one object holds by the transaction.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<Mutex<HashSet<CallKey>>>);

/// A running call; it ends when this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Running {
    calls: InFlight,
    key: CallKey,
}

impl InFlight {
    /// Enters a call; `None` when the same one is running.
    pub fn enter(&self, key: CallKey) -> Option<Running> {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.insert(key.clone()).then(|| Running { calls: self.clone(), key })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.calls.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_runs_once_at_a_time() {
        let calls = InFlight::default();
        let key = CallKey {
            merchant: MerchantId::new("COL", "7QX2Z").unwrap(),
            mode: Mode::Test,
            route: "POST /x",
            key: "k".to_owned(),
        };
        let running = calls.enter(key.clone()).unwrap();
        assert!(calls.enter(key.clone()).is_none());
        assert!(calls.enter(CallKey { mode: Mode::Live, ..key.clone() }).is_some());
        drop(running);
        assert!(calls.enter(key).is_some());
    }
}
