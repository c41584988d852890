//! Changes that must reach their end.

use std::cell::RefCell;
use std::future::Future;

use super::StorageError;
use crate::account::AuditEntry;
use crate::telemetry::AUDIT_TARGET;

tokio::task_local! {
    /// What the change that runs has written to the audit log.
    static WRITTEN: RefCell<Vec<AuditEntry>>;
}

/// Runs a change and what must follow it to the end, also when the caller goes away.
///
/// A client that hangs up drops its request wherever it waits. Between the commit of a revocation and the moment the
/// cache forgets the record there must be no such place, or the dead credential would live on in the cache. For the same
/// reason what was written to the audit log is told at the end: a log that is not taken makes whoever logs wait.
///
/// # Errors
///
/// Those of `change`; [`StorageErrorKind::Unavailable`](super::StorageErrorKind::Unavailable) when it panicked.
pub async fn complete<T, F>(change: F) -> Result<T, StorageError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StorageError>> + Send + 'static,
{
    let announced = async {
        let changed = change.await;
        let written = WRITTEN.with(RefCell::take);
        written.iter().for_each(tell);
        changed
    };
    tokio::spawn(WRITTEN.scope(RefCell::default(), announced)).await.map_err(|_| StorageError::unavailable())?
}

/// Has an entry told in the log of the process, once the change that wrote it has come to its end.
pub(super) fn announce(entry: &AuditEntry) {
    if WRITTEN.try_with(|written| written.borrow_mut().push(entry.clone())).is_err() {
        tell(entry);
    }
}

/// The log of the process leaves the machine: whoever keeps it has an anchor that the database cannot rewrite.
fn tell(entry: &AuditEntry) {
    tracing::info!(
        target: AUDIT_TARGET,
        seq = entry.seq,
        hash = %entry.as_head().hash_hex(),
        action = %entry.action,
        "audit"
    );
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex};

    use time::OffsetDateTime;
    use tokio::sync::Notify;
    use tracing::Dispatch;

    use super::*;
    use crate::account::{Actor, AuditHead, NewAuditEntry};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn an_audit_entry_is_told_when_all_that_follows_the_commit_is_done() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        let _captured = tracing::subscriber::set_default(subscriber);
        // Were it alone, a test on another thread that comes first to a place that logs would switch it off for all.
        let _other = Dispatch::new(tracing_subscriber::fmt().with_writer(std::io::sink).finish());
        let entry = NewAuditEntry {
            actor: Actor::system(),
            at: OffsetDateTime::UNIX_EPOCH,
            merchant: None,
            action: "key.revoked",
            subject: String::new(),
            detail: serde_json::Map::new(),
        };
        let first = entry.follow(&AuditHead::EMPTY);
        let second = entry.follow(&first.as_head());
        let change = async move {
            announce(&first);
            tracing::info!("forgotten");
            Ok(())
        };
        complete(change).await.unwrap();
        announce(&second);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let told: Vec<&str> = ["forgotten", "seq=1", "seq=2"].into_iter().filter(|told| text.contains(told)).collect();
        assert_eq!(told, ["forgotten", "seq=1", "seq=2"], "{text}");
        let places: Vec<_> = told.iter().map(|told| text.find(told)).collect();
        assert!(places.is_sorted(), "{text}");
    }

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
