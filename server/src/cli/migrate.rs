//! `tollgate migrate`: the schema of the database.

use std::process::ExitCode;

use clap::Args;

use super::place::Place;
use super::{Failure, output, table};
use crate::app::Storage;
use crate::control::Shown;
use crate::data_directory::DataDirectory;
use crate::storage::sql::{Database, SchemaStep, StepState};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Change nothing: say what is missing, and end with 1 if anything is
    #[arg(long)]
    check: bool,
    /// Print each step as one line of JSON
    #[arg(long)]
    json: bool,
}

/// 0: the schema is that of this release; 1: it is not, and was only looked at.
pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let located = arguments.place.locate()?;
    // A new database is made by what can make its keys, too.
    located.require_database()?;
    let steps = match (located.storage()?, arguments.check) {
        (Storage::Sqlite, true) => Database::sqlite_schema(&located.database()).await?,
        (Storage::Sqlite, false) => {
            let _directory = DataDirectory::take(&located.data)?;
            Database::migrate_sqlite(&located.database()).await?
        }
        (Storage::Postgres { url, .. }, true) => Database::postgres_schema(url.expose_secret()).await?,
        (Storage::Postgres { url, .. }, false) => Database::migrate_postgres(url.expose_secret()).await?,
    };
    let shown: Vec<Shown> = steps.iter().map(shown).collect();
    if arguments.json {
        for step in &shown {
            output::line(&table::json(step)?)?;
        }
    } else {
        output::line(&table::rows(&shown))?;
    }
    let missing = steps.iter().any(|step| step.state == StepState::Missing);
    Ok(if missing { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn shown(step: &SchemaStep) -> Shown {
    Shown::default().with("step", step.version).with("name", step.name.as_str()).with("state", step.state.as_str())
}
