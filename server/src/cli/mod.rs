//! The command line.

mod account;
mod commands;
mod dev;
mod doctor;
mod export;
mod failure;
mod files;
mod guide;
mod import;
mod input;
mod migrate;
mod nouns;
mod open_files;
mod openapi;
mod output;
mod place;
mod seed;
mod serve;
mod serving;
mod shutdown;
mod signing_key;
mod storage;
mod table;

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
    Dev(Box<dev::Arguments>),
    /// Show, rotate and prune the keys that sign tokens
    SigningKey(signing_key::Arguments),
    /// Print the description of the API (OpenAPI 3.1)
    Openapi(openapi::Arguments),
    /// Start the server as a configuration file says
    Serve(serve::Arguments),
    /// Say why a credential or a captured request would be refused, without a server
    Doctor(doctor::Arguments),
    /// Bring the schema of the database up to date, or say how far it is
    Migrate(migrate::Arguments),
    /// Write every record to a file, to import it into another database
    Export(export::Arguments),
    /// Store every record of an exported file in an empty database
    Import(import::Arguments),
    /// Add sample merchants with credentials and print these as lines of JSON
    Seed(seed::Arguments),
    #[command(flatten)]
    Account(nouns::Nouns),
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
                    Command::Dev(arguments) => dev::run(*arguments).await.map(done),
                    Command::SigningKey(arguments) => signing_key::run(&arguments).map(done),
                    Command::Openapi(arguments) => openapi::run(&arguments).map(done),
                    Command::Serve(arguments) => serve::run(arguments).await.map(done),
                    Command::Doctor(arguments) => doctor::run(arguments).await,
                    Command::Migrate(arguments) => migrate::run(arguments).await,
                    Command::Export(arguments) => export::run(arguments).await,
                    Command::Import(arguments) => import::run(arguments).await,
                    Command::Seed(arguments) => seed::run(arguments).await,
                    Command::Account(nouns) => account::run(nouns).await,
                }
            })
        },
    );
    match result {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            failure.code()
        }
    }
}

fn done((): ()) -> ExitCode {
    ExitCode::SUCCESS
}
