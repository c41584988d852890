//! `tollgate import`: every record of an exported file.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::place::Place;
use super::{Failure, output, table};
use crate::administration::{check_key_uses, check_secret_keys};
use crate::app::Storage;
use crate::clock::Clock;
use crate::control::Shown;
use crate::data_directory::DataDirectory;
use crate::keys::{KeyCheck, SecretKeys};
use crate::storage::sql::{Database, ExportFile, Importing};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The file that `export` wrote
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Print what was stored as one line of JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let located = arguments.place.locate()?;
    // What can be refused without a database is refused before one is made.
    let file = ExportFile::check(&arguments.from)?;
    if !located.keys().exists() {
        return Err(Failure::NoKeys(located.keys()));
    }
    let _directory = DataDirectory::take(&located.data)?;
    let (_, checks) = SecretKeys::open(&located.keys())?;
    check_secret_keys(file.key_checks(), &checks)?;
    let database = match located.storage()? {
        Storage::Sqlite => Database::sqlite(&located.database()).await?,
        Storage::Postgres { url, .. } => Database::postgres(url.expose_secret()).await?,
    };
    let stored = store(&database, &file, &checks).await;
    database.close().await;
    stored?;
    let head = file.audit_head();
    let shown = Shown::default()
        .with("rows", file.rows())
        .with("audit_head", format!("{}:{}", head.seq, head.hash_hex()))
        .with("key_file", located.keys().display().to_string());
    output::line(&if arguments.json { table::json(&shown)? } else { table::record(&shown) })?;
    Ok(ExitCode::SUCCESS)
}

async fn store(database: &Database, file: &ExportFile, checks: &[KeyCheck]) -> Result<(), Failure> {
    let mut importing = Importing::begin(database).await?;
    importing.store(file).await?;
    let uses = importing.key_uses(Clock::system().now()).await;
    check_key_uses(&uses.map_err(crate::app::StartError::from)?, checks)?;
    Ok(importing.commit().await?)
}
