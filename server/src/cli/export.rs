//! `tollgate export`: every record, to be imported elsewhere.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::place::Place;
use super::{Failure, output, table};
use crate::app::{StartError, Storage};
use crate::control::Shown;
use crate::new_file::NewFile;
use crate::rng::Rng;
use crate::storage::sql::{ExportError, Exported, Source};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Where the file goes, readable by its owner only; nothing is overwritten. Without it: standard output
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Print what was written as one line of JSON
    #[arg(long, requires = "to")]
    json: bool,
}

/// Bytes that are written at once.
const BUFFER: usize = 256 * 1024;

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let located = arguments.place.locate()?;
    located.require_database()?;
    let source = match located.storage()? {
        Storage::Sqlite => Source::sqlite(&located.database()).await?,
        Storage::Postgres { url, .. } => Source::postgres(url.expose_secret()).await?,
    };
    let Some(to) = arguments.to else {
        source.export(&mut BufWriter::with_capacity(BUFFER, std::io::stdout())).await?;
        return Ok(ExitCode::SUCCESS);
    };
    let exported = write(source, &to).await?;
    let shown = Shown::default()
        .with("file", to.display().to_string())
        .with("rows", exported.rows)
        .with("sha256", exported.sha256)
        .with("audit_head", format!("{}:{}", exported.audit_head.seq, exported.audit_head.hash_hex()))
        .with("key_file", located.keys().display().to_string());
    output::line(&if arguments.json { table::json(&shown)? } else { table::record(&shown) })?;
    Ok(ExitCode::SUCCESS)
}

async fn write(source: Source, to: &Path) -> Result<Exported, Failure> {
    let file = NewFile::begin(to, &Rng::system().base62(12).map_err(StartError::from)?)?;
    let mut out = BufWriter::with_capacity(BUFFER, file.open()?);
    let exported = source.export(&mut out).await?;
    out.flush().and_then(|()| out.get_ref().sync_all()).map_err(ExportError::Unwritable)?;
    file.name()?;
    Ok(exported)
}
