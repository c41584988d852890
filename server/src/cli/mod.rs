//! The command line.

mod dev;
mod failure;
mod guide;
mod openapi;
mod serve;
mod serving;
mod shutdown;
mod signing_key;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use failure::Failure;

/// Payment-API authentication in five dialects, on one server.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, about, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start a local server with a demo merchant and print its credentials
    Dev(dev::Arguments),
    /// Show, rotate and prune the keys that sign tokens
    SigningKey(signing_key::Arguments),
    /// Print the description of the API (OpenAPI 3.1)
    Openapi(openapi::Arguments),
    /// Start the server as a configuration file says
    Serve(serve::Arguments),
}

/// Runs the command line; a failure is one sentence on standard error and an exit code other than 0.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let result = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::Runtime).and_then(
        |runtime| {
            runtime.block_on(async {
                match arguments.command {
                    Command::Dev(arguments) => dev::run(arguments).await,
                    Command::SigningKey(arguments) => signing_key::run(&arguments),
                    Command::Openapi(arguments) => openapi::run(&arguments),
                    Command::Serve(arguments) => serve::run(arguments).await,
                }
            })
        },
    );
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    }
}
