//! `tollgate doctor request`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Against, Listener};
use crate::cli::{Failure, input};
use crate::doctor::{self, MAX_INPUT};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The listener it was sent to
    #[arg(long, value_enum, default_value_t = Listener::Any)]
    listener: Listener,
    /// File with the webhook secret, to check a delivery's signature
    #[arg(long, value_name = "FILE")]
    webhook_secret: Option<PathBuf>,
    /// File with the capture; `-` or nothing reads standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    #[command(flatten)]
    against: Against,
}

/// The longest webhook secret file, in bytes.
const MAX_SECRET: usize = 4096;

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let text = input::read(&arguments.file, MAX_INPUT)?;
    let secret = arguments.webhook_secret.as_deref().map(|path| input::read(path, MAX_SECRET)).transpose()?;
    let conditions = arguments.against.conditions(arguments.listener.into());
    let report = doctor::request(&text, secret.as_ref().map(|secret| secret.as_str()), conditions)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    arguments.against.finish(report, conditions).await
}
