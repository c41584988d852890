//! `tollgate seed`: sample merchants with credentials, for measuring and for trying things out.

use std::io::{BufWriter, Write};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::Failure;
use super::place::Place;
use crate::account::Actor;
use crate::administration::{NewSamples, Sample};
use crate::app::{Options, Services};
use crate::clock::Clock;
use crate::control::ModeWord;
use crate::telemetry::{self, LogFilter, LogFormat};
use crate::webhooks::TargetPolicy;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// How many merchants to add
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    merchants: u32,
    /// How many credentials each merchant gets; the five dialects take turns
    #[arg(long, value_name = "M", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    keys: u32,
    /// The mode of the credentials
    #[arg(long, value_enum, default_value_t = ModeWord::Test)]
    mode: ModeWord,
}

/// One line of the output.
#[derive(Serialize)]
struct Line<'s> {
    merchant: &'s str,
    dialect: &'s str,
    id: &'s str,
    client_id: Option<&'s str>,
    secret: &'s str,
}

/// Credentials of one transaction, about.
const BATCH: u32 = 5000;

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    if !arguments.place.is_named() {
        return Err(Failure::Usage("name the data directory with --data, or a configuration with --config".to_owned()));
    }
    let located = arguments.place.locate()?;
    located.refuse_keys_alone()?;
    let _logs = telemetry::start(LogFormat::Json, LogFilter::quiet(), std::io::stderr(), Clock::system())
        .map_err(Failure::Runtime)?;
    let options = Options { storage: located.storage()?, ..Options::system(TargetPolicy::Public)? };
    let services = Services::open(&located.data, options).await?;
    let result = add(&services, &arguments).await;
    services.close().await;
    result.map(|()| ExitCode::SUCCESS)
}

async fn add(services: &Services, arguments: &Arguments) -> Result<(), Failure> {
    let bar = progress(arguments.merchants.into());
    let mut out = BufWriter::new(std::io::stdout().lock());
    let per_batch = (BATCH / arguments.keys).max(1);
    let mut done = 0;
    while done < arguments.merchants {
        let merchants = per_batch.min(arguments.merchants - done);
        let new =
            NewSamples { merchants, keys: arguments.keys, first: u64::from(done) + 1, mode: arguments.mode.into() };
        let samples = services.administration.add_samples(&Actor::operator(), new).await;
        let samples = samples.map_err(|error| Failure::Refused(error.to_string()))?;
        // Only what is stored is printed, and all of it before the next batch.
        print(&mut out, &samples)?;
        done += merchants;
        bar.set_position(done.into());
    }
    bar.finish();
    Ok(())
}

fn print(out: &mut impl Write, samples: &[Sample]) -> Result<(), Failure> {
    for sample in samples {
        let line = Line {
            merchant: sample.merchant.as_str(),
            dialect: sample.dialect,
            id: sample.id.as_str(),
            client_id: sample.client_id.as_deref(),
            secret: sample.text.expose_secret(),
        };
        serde_json::to_writer(&mut *out, &line).map_err(|error| Failure::Output(error.into()))?;
        out.write_all(b"\n").map_err(Failure::Output)?;
    }
    out.flush().map_err(Failure::Output)
}

/// On standard error, and only where that is a terminal.
fn progress(merchants: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(merchants), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:40} {pos}/{len} merchants, {per_sec}, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
