//! Stopping: on SIGINT and SIGTERM, or when a part is over.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells every part to stop.
#[derive(Debug)]
pub(super) struct Stop(watch::Sender<()>);

impl Stop {
    /// A stop that the first signal gives.
    pub(super) fn on_signal() -> std::io::Result<Self> {
        let (sender, _) = watch::channel(());
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let signalled = sender.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("stopping: running requests may finish");
            signalled.send_replace(());
        });
        Ok(Self(sender))
    }

    /// What a part watches.
    pub(super) fn receiver(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }

    /// Runs a part and stops the others when it is over.
    pub(super) async fn when_over<T>(&self, part: impl Future<Output = T>) -> T {
        let result = part.await;
        self.0.send_replace(());
        result
    }
}
