//! What every serving command does alike: opened services, listeners on them, and an orderly end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Failure;
use super::shutdown::Stop;
use crate::app::Services;
use crate::edge::Edge;
use crate::telemetry::Meter;
use crate::transport::{Bound, Bounds, Front, Patience, Wire};

/// A bound address and what is served there.
pub(super) struct Part {
    pub(super) bound: Bound,
    pub(super) site: Site,
    pub(super) wire: Wire,
    pub(super) bounds: Bounds,
    pub(super) meter: Option<Meter>,
}

/// What a listener serves.
#[derive(Clone)]
pub(super) enum Site {
    /// The dialects.
    Api(Edge),
    /// What is beside them: the demo shop, the metrics.
    Aside(Router),
}

impl Front for Site {
    fn of_connection(&self) -> Self {
        match self {
            Self::Api(edge) => Self::Api(edge.of_connection()),
            Self::Aside(router) => Self::Aside(router.of_connection()),
        }
    }

    async fn answer(&self, peer: SocketAddr, patience: &Patience, request: Request) -> Response {
        match self {
            Self::Api(edge) => edge.answer(peer, patience, request).await,
            Self::Aside(router) => router.answer(peer, patience, request).await,
        }
    }
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
    // It ends after everything that revokes: a change settles over it.
    let (hang_up, hung_up) = watch::channel(false);
    let feed = tokio::spawn(services.clone().follow_changes(hung_up));
    let (mail_stop, mail_stopped) = watch::channel(false);
    let mailer = services.mailer.clone();
    let mail = tokio::spawn(async move { mailer.run(mail_stopped).await });
    let mut running = JoinSet::new();
    let (webhooks, stopping) = (services.webhooks.clone(), stop.receiver());
    running.spawn(async move {
        webhooks.run(stopping).await;
        Ok(())
    });
    for Part { bound, site, wire, bounds, meter } in parts {
        running.spawn(bound.serve(site, wire, bounds, meter, stop.receiver()));
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
    hang_up.send_replace(true);
    if feed.await.is_err() {
        tracing::error!("the line to the other nodes broke down");
    }
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
