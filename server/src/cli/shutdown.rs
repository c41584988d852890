//! Stopping: on SIGINT and SIGTERM, or when a part is over.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Tells every part to stop.
#[derive(Debug)]
pub(super) struct Stop(watch::Sender<bool>);

impl Stop {
    /// A stop that the first signal gives.
    pub(super) fn on_signal() -> std::io::Result<Self> {
        let (sender, _) = watch::channel(false);
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let signalled = sender.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("stopping: running requests may finish");
            signalled.send_replace(true);
        });
        Ok(Self(sender))
    }

    /// What a part watches: true once it is to stop.
    pub(super) fn receiver(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    /// Tells every part, without a signal.
    pub(super) fn now(&self) {
        self.0.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_watches_late_still_sees_the_stop() {
        let stop = Stop::on_signal().unwrap();
        stop.now();
        stop.receiver().wait_for(|stop| *stop).await.unwrap();
    }
}
