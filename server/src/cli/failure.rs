//! Why a command ended early.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use super::signing_key::SigningKeyError;
use crate::administration::SecretKeyError;
use crate::app::StartError;
use crate::config::{ConfigError, UrlSourceError};
use crate::control::SendError;
use crate::data_directory::DataDirectoryError;
use crate::demo::DemoError;
use crate::keys::KeyFileError;
use crate::mail::SmtpError;
use crate::new_file::NewFileError;
use crate::storage::sql::{ExportError, ImportError, OpenError};
use crate::transport::{ServeError, TlsError};
use crate::webhooks::TlsSetupError;

/// One clear sentence for the person at the terminal; it holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A server holds the data directory and listens for no commands.
    #[error("{path} is used by another tollgate that takes no commands: try again when it has started, or stop it", path = .0.display())]
    Deaf(PathBuf),
    /// The data directory.
    #[error(transparent)]
    DataDirectory(#[from] DataDirectoryError),
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The demo merchant.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// Not everything was exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Nothing was imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The key file.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The mail server.
    #[error(transparent)]
    Mail(#[from] SmtpError),
    /// A file to be made.
    #[error(transparent)]
    NewFile(#[from] NewFileError),
    /// There is nothing to work on.
    #[error("{path} holds no database: name the directory with --data, or make a merchant first", path = .0.display())]
    NoData(PathBuf),
    /// The records of an export open under its key file only.
    #[error("{path} is missing: put the key file there that belongs to the export, readable by its owner only", path = .0.display())]
    NoKeys(PathBuf),
    /// The records are not in the data directory.
    #[error("{path} holds keys and no database: if a server keeps its records elsewhere, name its configuration with --config; if the database was moved away, put it back or take another directory", path = .0.display())]
    KeysAlone(PathBuf),
    /// The address is open to other machines.
    #[error("{0} is not a loopback address: dev serves plain HTTP and demo credentials, so it stays on this machine")]
    NotLoopback(SocketAddr),
    /// The input cannot be read.
    #[error("{0} cannot be read: {1}")]
    Input(String, std::io::Error),
    /// The system does not let the process have as many open files as there may be connections.
    #[error(
        "the listeners may need {needed} open files and this process may have {allowed}: raise its hard limit \
         (LimitNOFILE=, ulimit -Hn) or lower limits.max_connections"
    )]
    OpenFiles {
        /// For all connections and what else is open.
        needed: u64,
        /// The hard limit.
        allowed: u64,
    },
    /// Standard output is closed.
    #[error("standard output cannot be written: {0}")]
    Output(std::io::Error),
    /// The command was understood and not carried out.
    #[error("{0}")]
    Refused(String),
    /// The runtime could not be started.
    #[error("the runtime could not be started: {0}")]
    Runtime(std::io::Error),
    /// The key file is not that of the records.
    #[error(transparent)]
    SecretKeys(#[from] SecretKeyError),
    /// The server could not be asked.
    #[error(transparent)]
    Send(#[from] SendError),
    /// An address could not be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The signing keys could not be shown or changed.
    #[error(transparent)]
    SigningKeys(#[from] SigningKeyError),
    /// The command cannot be carried out as it was written.
    #[error("{0}")]
    Usage(String),
    /// The services could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A URL of the storage.
    #[error(transparent)]
    Url(#[from] UrlSourceError),
    /// Webhooks could not be sent.
    #[error(transparent)]
    Webhooks(#[from] TlsSetupError),
}

impl Failure {
    pub(super) fn print(&self) {
        // With standard error closed there is nobody to tell; the exit code remains.
        let _ = writeln!(std::io::stderr(), "tollgate: {self}");
    }

    /// 2 for a command that was not written right, 1 for all else.
    pub(super) fn code(&self) -> ExitCode {
        match self {
            Self::Input(..) | Self::Usage(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
