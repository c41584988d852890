//! `tollgate doctor credential`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::Against;
use crate::auth::ListenerMode;
use crate::cli::{Failure, input};
use crate::doctor::{self, MAX_INPUT};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The mode it is meant for; either by default
    #[arg(long, value_enum)]
    mode: Option<ModeArgument>,
    /// File with the credential; `-` or nothing reads standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    #[command(flatten)]
    against: Against,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ModeArgument {
    Live,
    Test,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let text = input::read(&arguments.file, MAX_INPUT)?;
    let listener = match arguments.mode {
        Some(ModeArgument::Live) => ListenerMode::Live,
        Some(ModeArgument::Test) => ListenerMode::Test,
        None => ListenerMode::Any,
    };
    let conditions = arguments.against.conditions(listener);
    let report = doctor::credential(&text, conditions);
    arguments.against.finish(report, conditions).await
}
