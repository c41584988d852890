//! `tollgate dev`: a local server with a demo merchant.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use tollgate_client_address::TrustedProxies;

use super::serving::{Part, Site, until_stopped};
use super::shutdown::Stop;
use super::{Failure, commands, guide, open_files};
use crate::account::Switch;
use crate::app::{App, Options, Services, StartError};
use crate::auth::ListenerMode;
use crate::clock::Clock;
use crate::demo::{self, DemoError};
use crate::dialects;
use crate::edge::Edge;
use crate::mail::{Mailer, Paper};
use crate::shop::{self, Sandbox, Till};
use crate::telemetry::{self, LogFilter, LogFormat};
use crate::transport::{Bound, Bounds, Channel, ServeError, Wire, bind};
use crate::webhooks::TargetPolicy;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the database and the keys are kept; made if it does not exist
    #[arg(long, value_name = "DIR", default_value = "tollgate-data")]
    data: PathBuf,
    /// Address of the listener for test credentials
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    sandbox: SocketAddr,
    /// Address of the listener for live credentials
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    live: SocketAddr,
    /// Address of the demo shop, a page of another origin that pays in the browser [default: 127.0.0.1:8082, or any free port]
    #[arg(long, value_name = "ADDR")]
    shop: Option<SocketAddr>,
    /// How the credentials are printed: a guide with curl lines, or one line of JSON
    #[arg(long, value_enum, default_value_t = Print::Text)]
    print: Print,
    /// Multiply every rate limit, for load tests
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limits_scale: u32,
    /// Log filter, such as `tollgate=debug`
    #[arg(long, value_name = "FILTER", env = "TOLLGATE_LOG", default_value = "tollgate=info", value_parser = log_filter)]
    log: LogFilter,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Print {
    Text,
    Json,
}

/// Where the demo shop usually is.
const SHOP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8082);

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    for address in [arguments.sandbox, arguments.live].into_iter().chain(arguments.shop) {
        if !address.ip().is_loopback() {
            return Err(Failure::NotLoopback(address));
        }
    }
    let _logs = telemetry::start(LogFormat::Json, arguments.log, std::io::stderr(), Clock::system())
        .map_err(Failure::Runtime)?;
    // As far as it goes: this is no server whose every connection must find a place.
    open_files::raise();
    if arguments.limits_scale > 1 {
        tracing::warn!(scale = arguments.limits_scale, "every rate limit is multiplied: for load tests only");
    }
    // The addresses come first: a port in use must not leave a new data directory behind.
    let sandbox = bind(arguments.sandbox)?;
    let live = bind(arguments.live)?;
    let shop = bind_shop(arguments.shop)?;
    let options = Options { limits_scale: arguments.limits_scale, ..Options::system(TargetPolicy::Development)? };
    let mut services = Services::open(&arguments.data, options).await?;
    services.mailer = Mailer::printed(match arguments.print {
        // The one line of standard output is for the program that reads it.
        Print::Json => Paper::Error,
        Print::Text => Paper::Output,
    });
    let services = Arc::new(services);
    let mut printed = demo::credentials(&services, &base_url(&sandbox), &base_url(&live)).await?;

    let (keys, books) = demo::shop(&services, &base_url(&shop)).await?;
    printed.shop = Some(base_url(&shop));

    let stop = Stop::on_signal().map_err(Failure::Runtime)?;
    // Before anything is printed: who reads that may send a command at once.
    let commands = commands::take(&arguments.data, &services, stop.receiver());
    let test = edge(&services, &sandbox, ListenerMode::Test)?;
    let live_edge = edge(&services, &live, ListenerMode::Live)?;
    let api = Sandbox::new(test.clone().into_router(), &base_url(&sandbox), shop.address());
    let till = shop::router(Till::new(api, keys, &base_url(&shop), books));
    let parts = vec![part(sandbox, Site::Api(test)), part(live, Site::Api(live_edge)), part(shop, Site::Aside(till))];

    let text = match arguments.print {
        Print::Json => printed.to_json().map_err(|_| DemoError::Incomplete("its credentials do not print"))?,
        Print::Text => guide::text(&printed, &arguments.data),
    };
    print(&text)?;
    until_stopped(services, parts, commands, stop).await
}

fn edge(services: &Arc<Services>, bound: &Bound, mode: ListenerMode) -> Result<Edge, Failure> {
    let mut listener = services
        .listener(mode, &base_url(bound), TrustedProxies::default(), Channel::Loopback)
        .map_err(StartError::from)?;
    listener.panel = Switch::On;
    let app = App::new(services.clone(), Arc::new(listener));
    Ok(Edge::new(&app, dialects::ALL))
}

fn part(bound: Bound, site: Site) -> Part {
    Part { bound, site, wire: Wire::Plain, bounds: Bounds::default(), meter: None }
}

/// The shop's address; without one, the usual or, if that is taken, any free one.
fn bind_shop(address: Option<SocketAddr>) -> Result<Bound, ServeError> {
    match address {
        Some(address) => bind(address),
        None => bind(SHOP).or_else(|_| bind(SocketAddr::new(SHOP.ip(), 0))),
    }
}

/// Reads a filter as the configuration file of `serve` does.
fn log_filter(text: &str) -> Result<LogFilter, &'static str> {
    if text.is_empty() {
        return Err("leave it out for tollgate=info");
    }
    text.parse().map_err(|_| "not a list such as tollgate=info,hyper=warn")
}

fn base_url(bound: &Bound) -> String {
    format!("http://{}", bound.address())
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(Failure::Output)
}
