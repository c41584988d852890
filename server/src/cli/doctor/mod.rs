//! `tollgate doctor`: why a credential or a captured request would be refused.

mod credential;
mod records;
mod request;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::place::Place;
use super::{Failure, output};
use crate::auth::ListenerMode;
use crate::clock::Clock;
use crate::doctor::{Conditions, Report};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Judge one credential: a key, a client id or secret, a token, a Basic value, a webhook secret
    Credential(credential::Arguments),
    /// Judge a request: raw HTTP/1.1, output of `curl -v`, a curl command line, or a webhook delivery
    Request(request::Arguments),
}

/// What both take.
#[derive(Debug, Args)]
struct Against {
    /// The time to judge at, RFC 3339 or Unix seconds; now by default
    #[arg(long, value_name = "TIME", value_parser = time_argument)]
    at: Option<OffsetDateTime>,
    #[command(flatten)]
    place: Place,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Listener {
    Live,
    Test,
    Any,
}

/// 0: nothing found; 1: findings.
pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.what {
        What::Credential(arguments) => credential::run(arguments).await,
        What::Request(arguments) => request::run(arguments).await,
    }
}

impl Against {
    fn conditions(&self, listener: ListenerMode) -> Conditions {
        Conditions { now: self.at.unwrap_or_else(|| Clock::system().now()), listener }
    }

    async fn finish(&self, mut report: Report, conditions: Conditions) -> Result<ExitCode, Failure> {
        if self.place.is_named() {
            records::look_up(&self.place.locate()?, &mut report, conditions.now).await?;
        }
        let text = if self.json { output::json(&report)? } else { report.to_string() };
        output::line(&text)?;
        Ok(if report.findings().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl From<Listener> for ListenerMode {
    fn from(listener: Listener) -> Self {
        match listener {
            Listener::Live => Self::Live,
            Listener::Test => Self::Test,
            Listener::Any => Self::Any,
        }
    }
}

fn time_argument(text: &str) -> Result<OffsetDateTime, String> {
    let seconds = text.parse().ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    seconds
        .or_else(|| OffsetDateTime::parse(text, &Rfc3339).ok())
        .ok_or_else(|| "neither RFC 3339, such as 2026-01-01T00:00:00Z, nor Unix seconds".to_owned())
}
