//! The account commands: sent to the server that runs on the data directory, or carried out here.

use std::process::ExitCode;

use clap::Args;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::nouns::Nouns;
use super::place::{Located, Place};
use super::{Failure, files, output, table};
use crate::app::{Options, Services, StartError};
use crate::clock::Clock;
use crate::control::{Command, MerchantCommand, Reply, Sender, Shown, execute};
use crate::data_directory::DataDirectoryError;
use crate::telemetry::{self, LogFilter, LogFormat};
use crate::webhooks::TargetPolicy;

/// What every account command takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Print each record as one line of JSON
    #[arg(long, global = true)]
    json: bool,
}

/// Runs a command, after its secrets were read from their files.
pub(super) async fn run(nouns: Nouns) -> Result<ExitCode, Failure> {
    let (mut command, arguments) = nouns.split();
    files::read(&mut command)?;
    let printer = Printer { json: arguments.json };
    let located = arguments.place.locate()?;
    match Sender::connect(&located.data).await? {
        Some(mut sender) => {
            sender.send(&command).await?;
            while printer.print(sender.next().await?)? {}
        }
        None => here(command, &located, &printer).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn here(command: Command, located: &Located, printer: &Printer) -> Result<(), Failure> {
    let makes_the_first = matches!(command, Command::Merchant(MerchantCommand::Create { .. }));
    if !makes_the_first {
        located.require_database()?;
    }
    located.refuse_keys_alone()?;
    // The command's log is that of a server that it does the work of: standard error gets the line about each change.
    let _logs = telemetry::start(LogFormat::Json, LogFilter::quiet(), std::io::stderr(), Clock::system())
        .map_err(Failure::Runtime)?;
    let options = Options { storage: located.storage()?, ..Options::system(TargetPolicy::Public)? };
    let services = Services::open(&located.data, options).await.map_err(|error| match error {
        StartError::DataDirectory(DataDirectoryError::InUse(path)) => Failure::Deaf(path),
        other => other.into(),
    })?;
    let (replies, mut parts) = mpsc::channel(1);
    let work = execute(&services.administration, command, services.clock.now(), &replies);
    let print = async {
        while let Some(part) = parts.recv().await {
            if !printer.print(part)? {
                break;
            }
        }
        parts.close();
        Ok(())
    };
    let ((), printed) = tokio::join!(work, print);
    services.close().await;
    printed
}

struct Printer {
    json: bool,
}

impl Printer {
    /// Prints a part of an answer; `false` after the last.
    fn print(&self, part: Reply) -> Result<bool, Failure> {
        match part {
            Reply::End => return Ok(false),
            Reply::Lines(lines) => output::text(&lines)?,
            Reply::Records(records) if self.json => {
                for record in &records {
                    output::line(&table::json(record)?)?;
                }
            }
            Reply::Records(records) => output::line(&table(&records))?,
            Reply::Refused(refused) if refused.is_usage() => return Err(Failure::Usage(refused.to_string())),
            Reply::Refused(refused) => return Err(Failure::Refused(refused.to_string())),
        }
        Ok(true)
    }
}

fn table(records: &[Shown]) -> Zeroizing<String> {
    match records {
        [one] => table::record(one),
        many => table::rows(many),
    }
}
