//! `tollgate dev`: a local server with a demo merchant.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tollgate_client_address::TrustedProxies;

use super::shutdown::Stop;
use super::{Failure, guide};
use crate::app::{App, Options, Services, Storage};
use crate::auth::ListenerMode;
use crate::clock::Clock;
use crate::demo::{self, DemoError};
use crate::dialects;
use crate::edge::router;
use crate::rng::Rng;
use crate::telemetry::{self, LogFormat};
use crate::transport::{Bound, bind};

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
    /// How the credentials are printed: a guide with curl lines, or one line of JSON
    #[arg(long, value_enum, default_value_t = Print::Text)]
    print: Print,
    /// Multiply every rate limit, for load tests
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limits_scale: u32,
    /// Log filter, such as `tollgate=debug`
    #[arg(long, value_name = "FILTER", env = "TOLLGATE_LOG", default_value = "tollgate=info")]
    log: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Print {
    Text,
    Json,
}

/// How often expired grants are removed.
const SWEEP_EVERY: Duration = Duration::from_mins(5);

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    for address in [arguments.sandbox, arguments.live] {
        if !address.ip().is_loopback() {
            return Err(Failure::NotLoopback(address));
        }
    }
    telemetry::start(LogFormat::Json, &arguments.log);
    if arguments.limits_scale > 1 {
        tracing::warn!(scale = arguments.limits_scale, "every rate limit is multiplied: for load tests only");
    }
    // The addresses come first: a port in use must not leave a new data directory behind.
    let sandbox = bind(arguments.sandbox)?;
    let live = bind(arguments.live)?;
    let options = Options {
        clock: Clock::system(),
        rng: Rng::system(),
        limits_scale: arguments.limits_scale,
        storage: Storage::Sqlite,
    };
    let services = Arc::new(Services::open(&arguments.data, options).await?);
    let printed = demo::credentials(&services, &base_url(&sandbox), &base_url(&live)).await?;

    let stop = Stop::on_signal().map_err(Failure::Runtime)?;
    let sandbox = listen(&services, sandbox, ListenerMode::Test)?;
    let live = listen(&services, live, ListenerMode::Live)?;
    let sweeper = tokio::spawn(sweep(services.clone()));

    let text = match arguments.print {
        Print::Json => printed.to_json().map_err(|_| DemoError::Incomplete("its credentials do not print"))?,
        Print::Text => guide::text(&printed, &arguments.data),
    };
    print(&text)?;
    // One listener that breaks stops the other, which still finishes what it has begun.
    let sandbox = sandbox.0.serve(sandbox.1, stop.receiver());
    let live = live.0.serve(live.1, stop.receiver());
    let (sandbox, live) = tokio::join!(stop.when_over(sandbox), stop.when_over(live));
    sweeper.abort();
    services.close().await;
    sandbox?;
    live?;
    Ok(())
}

fn listen(services: &Arc<Services>, bound: Bound, mode: ListenerMode) -> Result<(Bound, axum::Router), Failure> {
    let listener = services
        .listener(mode, &base_url(&bound), TrustedProxies::new(Vec::new()))
        .map_err(crate::app::StartError::from)?;
    let app = App { services: services.clone(), listener: Arc::new(listener) };
    Ok((bound, router(&app, dialects::ALL)))
}

fn base_url(bound: &Bound) -> String {
    format!("http://{}", bound.address())
}

async fn sweep(services: Arc<Services>) {
    let day = time::Duration::DAY;
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let now = services.clock.now();
        services.gate.sweep(now);
        if let Err(error) = services.ledger.sweep(now - day).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "expired grants could not be removed");
        }
    }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush())
        .map_err(Failure::Output)
}
