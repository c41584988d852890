//! Account commands that come to a running server.

use std::future::Future;
use std::path::Path;

use tokio::sync::watch;

use crate::app::Services;
use crate::control::Listener;

/// Takes commands in the data directory until `stop`; what comes back waits for those that run then.
///
/// A server serves without: when the socket cannot be made, commands are refused and the log says why.
pub(super) fn take(data: &Path, services: &Services, stop: watch::Receiver<bool>) -> impl Future<Output = ()> + use<> {
    let task = match Listener::bind(data) {
        Ok(listener) => {
            Some(tokio::spawn(listener.serve(services.administration.clone(), services.clock.clone(), stop)))
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "account commands are not taken");
            None
        }
    };
    async move {
        if let Some(task) = task {
            // A listener that panicked has said so.
            let _ = task.await;
        }
    }
}
