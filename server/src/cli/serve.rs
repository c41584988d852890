//! `tollgate serve`: the server as a configuration file says.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::rustls::ServerConfig;
use tollgate_client_address::TrustedProxies;

use super::serving::{Part, Site, until_stopped};
use super::shutdown::Stop;
use super::{Failure, commands, open_files};
use crate::app::{App, Options, Services, StartError};
use crate::clock::Clock;
use crate::config::{Config, ListenerConfig, Security};
use crate::edge::Edge;
use crate::mail::Mailer;
use crate::telemetry::{self, Metrics, exporter};
use crate::transport::{Bound, Bounds, Channel, TlsIdentity, Wire, bind};
use crate::webhooks::TargetPolicy;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration, a TOML file
    #[arg(long, value_name = "FILE", env = "TOLLGATE_CONFIG")]
    config: PathBuf,
}

/// A certificate in use, and the way to put another in its place.
struct Certificate {
    identity: TlsIdentity,
    current: watch::Sender<Arc<ServerConfig>>,
}

/// A listener that is bound and has its certificate.
struct Ready {
    config: ListenerConfig,
    bound: Bound,
    wire: Wire,
}

/// Connections of scrapers at one time.
const SCRAPERS: usize = 16;

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Config { storage, listeners, limits, log, metrics, panel: _, mail } = Config::read(&arguments.config)?;
    let _logs =
        telemetry::start(log.format, log.filter, std::io::stderr(), Clock::system()).map_err(Failure::Runtime)?;
    let connections = listeners.len().saturating_mul(limits.max_connections);
    open_files::check(u64::try_from(connections).unwrap_or(u64::MAX), open_files::raise())?;
    // Signals first: from here on none is lost. Then what can fail without leaving anything behind.
    let stop = Stop::on_signal().map_err(Failure::Runtime)?;
    let hangup = signal(SignalKind::hangup()).map_err(Failure::Runtime)?;
    let vault = super::storage::storage(&storage.vault)?;
    let mut certificates = Vec::new();
    let ready = listeners
        .into_iter()
        .map(|listener| prepare(listener, &mut certificates))
        .collect::<Result<Vec<_>, Failure>>()?;
    let scraped = metrics.map(|metrics| bind(metrics.address)).transpose()?;
    let counted = scraped.is_some().then(Metrics::new);
    let options = Options { storage: vault, ..Options::system(TargetPolicy::Public)? };
    let mut services = Services::open(&storage.data, options).await?;
    services.webhooks.meter = counted.as_ref().map(Metrics::webhook_meter);
    if let Some(server) = mail {
        services.mailer = Mailer::smtp(&server, services.post_parts())?;
    }
    if let (Some(metrics), Some(feed)) = (&counted, &services.feed) {
        metrics.watch_feed(feed.clone());
    }
    let services = Arc::new(services);

    // Before any listener is reported: who reads that may send a command at once.
    let commands = commands::take(&storage.data, &services, stop.receiver());
    let bounds =
        Bounds { per_address: limits.max_connections_per_address, ..Bounds::with_connections(limits.max_connections) };
    let mut parts = Vec::new();
    for ready in ready {
        parts.push(listen(&services, ready, bounds, counted.as_ref())?);
    }
    if let (Some(bound), Some(metrics)) = (scraped, counted) {
        tracing::info!(address = %bound.address(), "metrics");
        let bounds = Bounds::with_connections(SCRAPERS);
        parts.push(Part { bound, site: Site::Aside(exporter(metrics)), wire: Wire::Plain, bounds, meter: None });
    }
    let reloader = tokio::spawn(reload(hangup, certificates));
    let end = until_stopped(services, parts, commands, stop).await;
    reloader.abort();
    end
}

fn prepare(config: ListenerConfig, certificates: &mut Vec<Certificate>) -> Result<Ready, Failure> {
    let wire = match &config.security {
        Security::Terminator(_) => Wire::Plain,
        Security::Tls(identity) => {
            let (current, receiver) = watch::channel(identity.load()?);
            certificates.push(Certificate { identity: identity.clone(), current });
            Wire::Tls(receiver)
        }
    };
    let bound = bind(config.address)?;
    Ok(Ready { config, bound, wire })
}

fn listen(
    services: &Arc<Services>,
    Ready { config, bound, wire }: Ready,
    bounds: Bounds,
    metrics: Option<&Metrics>,
) -> Result<Part, Failure> {
    let (channel, proxies) = match config.security {
        Security::Terminator(proxies) => (Channel::Terminated, proxies),
        Security::Tls(_) => (Channel::Tls, TrustedProxies::default()),
    };
    let meter = metrics.map(|metrics| metrics.meter(bound.address(), config.mode.as_str()));
    let mut listener = services.listener(config.mode, &config.base_url, proxies, channel).map_err(StartError::from)?;
    listener.meter.clone_from(&meter);
    listener.panel = config.panel;
    let listener = Arc::new(listener);
    let site = Site::Api(Edge::new(&App::new(services.clone(), listener), &config.dialects));
    tracing::info!(
        address = %bound.address(),
        mode = config.mode.as_str(),
        base_url = config.base_url,
        tls = channel == Channel::Tls,
        "listening"
    );
    Ok(Part { bound, site, wire, bounds, meter })
}

/// Reads the certificates again at each SIGHUP; connections that stand keep theirs, and so does a listener whose new
/// files cannot be used.
async fn reload(mut hangup: Signal, certificates: Vec<Certificate>) {
    while hangup.recv().await.is_some() {
        for Certificate { identity, current } in &certificates {
            let certificate = identity.certificate.display();
            match identity.load() {
                Ok(configuration) => {
                    current.send_replace(configuration);
                    tracing::info!(%certificate, "certificate reloaded");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, %certificate, "certificate not reloaded: the one before stays");
                }
            }
        }
    }
}
