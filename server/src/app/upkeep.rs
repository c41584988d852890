//! What goes on beside requests: keys and changes are followed, numbers written down, what expired removed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Services;
use crate::administration::{Error, Resealing};
use crate::keys::RefreshError;
use crate::storage::{Mails, StorageError};

impl Services {
    /// How long a changed key file waits to be seen at most.
    const KEY_FILE_LOOK: Duration = Duration::from_secs(2);
    /// How often numbers of use are written down.
    const USAGE_EVERY: Duration = Duration::from_secs(5);
    /// How long sealing anew waits after a failure.
    const RESEAL_AGAIN: Duration = Duration::from_mins(1);
    /// After how many secrets sealed anew the log has another line.
    const RESEAL_TOLD: u64 = 10_000;

    /// Looks at the key file every few seconds, for as long as it is polled, and takes over the keys that changed.
    pub async fn follow_key_file(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(Self::KEY_FILE_LOOK);
        loop {
            ticks.tick().await;
            let (keys, now) = (self.signing_keys.clone(), self.clock.now());
            let looked = tokio::task::spawn_blocking(move || keys.refresh(now)).await;
            let mut told = None;
            match looked {
                Ok(Ok(false)) => {}
                Ok(Ok(true)) => tracing::info!("the key file changed: its signing keys are in use"),
                Ok(Err(error)) => {
                    report_refresh(&error);
                    told = Some(error.to_string());
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the key file was not looked at");
                }
            }
            match self.administration.take_over_secret_keys().await {
                Ok(false) => {}
                Ok(true) => tracing::info!("the key file changed: its secret keys are in use"),
                // One file, one fault, one line.
                Err(error) if told == Some(error.to_string()) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(
                        error,
                        "the changed key file cannot be used: the secret keys read before stay in use"
                    );
                }
            }
        }
    }

    /// Removes what expired a while ago.
    pub async fn sweep(&self) {
        let now = self.clock.now();
        self.gate.sweep(now);
        let day = time::Duration::DAY;
        let report = |swept: Result<u64, StorageError>| {
            if let Err(error) = swept {
                tracing::warn!(error = &error as &dyn std::error::Error, "what expired could not be removed");
            }
        };
        report(self.ledger.sweep(now - day).await);
        report(self.webhooks.sweep(now).await);
        report(self.panel_sessions.sweep(now).await);
        report(self.usage.sweep(now).await);
        report(self.administration.sweep_links(now - day).await);
        report(self.database.sweep_mails(now - day).await);
    }

    /// Writes down numbers of use every few seconds, until `stop` says so; [`close`](Self::close) writes the last.
    pub async fn keep_usage(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(Self::USAGE_EVERY);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                // A sender that is gone means stop, too.
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.flush_usage().await;
        }
    }

    async fn flush_usage(&self) {
        if let Err(error) = self.usage.flush().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "numbers of use were not written down yet");
        }
    }

    /// Seals anew what older keys sealed, at the start and whenever the keys changed, until `stop` says so.
    pub async fn follow_sealing_key(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let again = match self.seal_anew(&stop).await {
                Ok(()) => Duration::MAX,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "sealed secrets were not sealed anew: tried again in a minute");
                    Self::RESEAL_AGAIN
                }
            };
            tokio::select! {
                () = self.administration.keys_exchanged() => {}
                () = tokio::time::sleep(again) => {}
                // A sender that is gone means stop, too.
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn seal_anew(&self, stop: &watch::Receiver<bool>) -> Result<(), Error> {
        let left = self.administration.left_to_reseal().await?;
        if left == 0 {
            return Ok(());
        }
        tracing::info!(left, "sealed secrets are sealed anew under the newest key");
        let (mut walk, mut told) = (Resealing::default(), 0);
        while self.administration.reseal_part(&mut walk).await? {
            if *stop.borrow() {
                tracing::info!(resealed = walk.resealed, "stopped sealing anew: the next start goes on");
                return Ok(());
            }
            if walk.resealed >= told + Self::RESEAL_TOLD {
                told = walk.resealed;
                tracing::info!(resealed = walk.resealed, left = left.saturating_sub(walk.resealed), "sealing anew");
            }
        }
        tracing::info!(resealed = walk.resealed, unreadable = walk.unreadable, "sealed secrets were sealed anew");
        Ok(())
    }

    /// Hears of the changes of other processes on the same database until `stop` says so. To be run once, and to be ended
    /// after the last request.
    pub async fn follow_changes(self: Arc<Self>, stop: watch::Receiver<bool>) {
        self.records.follow(stop).await;
    }

    /// Closes the database after the last request and what requests had begun.
    pub async fn close(&self) {
        self.errands.finish().await;
        self.flush_usage().await;
        if let Some(feed) = &self.feed {
            feed.close().await;
        }
        self.database.close().await;
    }
}

fn report_refresh(error: &RefreshError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "the changed key file cannot be used: the keys read before stay in use");
}
