//! What every serving command does alike: opened services, listeners on them, and an orderly end.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Failure;
use super::shutdown::Stop;
use crate::app::Services;
use crate::telemetry::Meter;
use crate::transport::{Bound, Bounds, Wire};

/// A bound address and what is served there.
pub(super) struct Part {
    pub(super) bound: Bound,
    pub(super) router: Router,
    pub(super) wire: Wire,
    pub(super) bounds: Bounds,
    pub(super) meter: Option<Meter>,
}

/// How often what expired is removed.
const SWEEP_EVERY: Duration = Duration::from_mins(5);

/// Serves and delivers webhooks until a signal, or until one part breaks: that stops the others, which still finish what
/// they have begun. `commands` is what [`commands::take`](super::commands::take) answered. Then the database is closed.
pub(super) async fn until_stopped(
    services: Arc<Services>,
    parts: Vec<Part>,
    commands: impl Future<Output = ()>,
    stop: Stop,
) -> Result<(), Failure> {
    let sweeper = tokio::spawn(sweep(services.clone(), stop.receiver()));
    let follower = tokio::spawn(services.clone().follow_key_file());
    let bookkeeper = tokio::spawn(services.clone().keep_usage(stop.receiver()));
    let sealing = tokio::spawn(services.clone().follow_sealing_key(stop.receiver()));
    let (mail_stop, mail_stopped) = watch::channel(false);
    let mailer = services.mailer.clone();
    let mail = tokio::spawn(async move { mailer.run(mail_stopped).await });
    let mut running = JoinSet::new();
    let (webhooks, stopping) = (services.webhooks.clone(), stop.receiver());
    running.spawn(async move {
        webhooks.run(stopping).await;
        Ok(())
    });
    for Part { bound, router, wire, bounds, meter } in parts {
        running.spawn(bound.serve(router, wire, bounds, meter, stop.receiver()));
    }
    let mut end = Ok(());
    while let Some(over) = running.join_next().await {
        stop.now();
        end = end.and(match over {
            Ok(served) => served.map_err(Failure::from),
            Err(broken) => Err(Failure::Runtime(broken.into())),
        });
    }
    follower.abort();
    // What requests had begun may write mail, so mail goes last.
    services.errands.finish().await;
    mail_stop.send_replace(true);
    if mail.await.is_err() {
        tracing::error!("sending mail broke down: what waits is sent after the next start");
    }
    // A sweep that runs holds a connection: cut off, it would leave the database's log to the next start.
    if sweeper.await.is_err() {
        tracing::error!("the sweeper broke down");
    }
    if sealing.await.is_err() {
        tracing::error!("sealing anew broke down");
    }
    if bookkeeper.await.is_err() {
        tracing::error!("writing down numbers of use broke down");
    }
    commands.await;
    services.close().await;
    end
}

async fn sweep(services: Arc<Services>, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            // A sender that is gone means stop, too.
            _ = stop.wait_for(|stop| *stop) => return,
        }
        services.sweep().await;
    }
}
