//! Why a command ended early.

use std::io::Write;
use std::net::SocketAddr;

use super::signing_key::SigningKeyError;
use crate::app::StartError;
use crate::config::ConfigError;
use crate::demo::DemoError;
use crate::transport::{ServeError, TlsError};
use crate::webhooks::TlsSetupError;

/// One clear sentence for the person at the terminal; it holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The demo merchant.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The address is open to other machines.
    #[error("{0} is not a loopback address: dev serves plain HTTP and demo credentials, so it stays on this machine")]
    NotLoopback(SocketAddr),
    /// Standard output is closed.
    #[error("standard output cannot be written: {0}")]
    Output(std::io::Error),
    /// The runtime could not be started.
    #[error("the runtime could not be started: {0}")]
    Runtime(std::io::Error),
    /// An address could not be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The signing keys could not be shown or changed.
    #[error(transparent)]
    SigningKeys(#[from] SigningKeyError),
    /// The services could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Webhooks could not be sent.
    #[error(transparent)]
    Webhooks(#[from] TlsSetupError),
}

impl Failure {
    pub(super) fn print(&self) {
        // With standard error closed there is nobody to tell; the exit code remains.
        let _ = writeln!(std::io::stderr(), "tollgate: {self}");
    }
}
