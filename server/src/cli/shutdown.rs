//! Stopping: on SIGINT and SIGTERM, or when a part is over.

use std::future::Future;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells every part to stop.
#[derive(Debug)]
pub(super) struct Stop {
    sender: watch::Sender<()>,
    /// Has seen nothing, so that its copies see also a stop that came before them.
    unseen: watch::Receiver<()>,
}

impl Stop {
    /// A stop that the first signal gives.
    pub(super) fn on_signal() -> std::io::Result<Self> {
        let (sender, unseen) = watch::channel(());
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
        Ok(Self { sender, unseen })
    }

    /// What a part watches; a stop before this call counts, too.
    pub(super) fn receiver(&self) -> watch::Receiver<()> {
        self.unseen.clone()
    }

    /// Runs a part and stops the others when it is over.
    pub(super) async fn when_over<T>(&self, part: impl Future<Output = T>) -> T {
        let result = part.await;
        self.sender.send_replace(());
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_starts_after_the_stop_stops_at_once() {
        let stop = Stop::on_signal().unwrap();
        stop.when_over(async {}).await;
        stop.receiver().changed().await.unwrap();
    }
}
