//! The configuration of `tollgate serve`: one TOML file, read once and turned into the types of the domain.
//!
//! Nothing in it is secret; what is secret is named by its file. Every key is known, or the file is refused.

mod alternative;
mod dialects;
mod error;
mod limits;
mod listener;
mod log;
mod mail;
mod metrics;
mod panel;
mod storage;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

pub use error::ConfigError;
pub use limits::LimitsConfig;
pub use listener::{ListenerConfig, Security};
pub use log::LogConfig;
pub use metrics::MetricsConfig;
pub use panel::PanelConfig;
pub use storage::StorageConfig;

use error::Problem;

use crate::mail::SmtpServer;

/// A configuration that was checked as a whole.
#[derive(Debug)]
pub struct Config {
    /// Where the records are.
    pub storage: StorageConfig,
    /// At least one, each at an address of its own.
    pub listeners: Vec<ListenerConfig>,
    /// Bounds of each listener.
    pub limits: LimitsConfig,
    /// Log lines.
    pub log: LogConfig,
    /// Metrics, if they are wanted.
    pub metrics: Option<MetricsConfig>,
    /// The control panel.
    pub panel: PanelConfig,
    /// The server that takes mail to panel users, if there is one.
    pub mail: Option<SmtpServer>,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    storage: storage::Section,
    listener: Vec<listener::Section>,
    dialects: dialects::Section,
    #[serde(default)]
    alternative: alternative::Section,
    #[serde(default)]
    limits: limits::Section,
    #[serde(default)]
    log: log::Section,
    metrics: Option<metrics::Section>,
    #[serde(default)]
    panel: panel::Section,
    mail: Option<mail::Section>,
}

/// The longest file that is read, in bytes.
const MAX_LEN: u64 = 256 * 1024;

impl Config {
    /// Reads a file. Relative paths in it start at the directory of the file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], one sentence that names the file and the key.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let refused = |problem| ConfigError::new(file, problem);
        let mut text = String::new();
        File::open(file)
            .and_then(|file| file.take(MAX_LEN).read_to_string(&mut text))
            .map_err(|error| refused(Problem::Unreadable(error)))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder).map_err(refused)
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, Problem> {
        let document: Document = toml::from_str(text).map_err(|error| Problem::syntax(text, &error))?;
        let enabled = document.dialects.resolve(&document.alternative)?;
        let metrics = document.metrics.map(metrics::Section::resolve);
        let panel = document.panel.resolve();
        let listeners = listener::resolve_all(document.listener, &enabled, panel.enabled, folder)?;
        if let Some(metrics) = &metrics
            && listeners.iter().any(|listener| listener.collides_with(metrics.address))
        {
            return Err(Problem::key("metrics.address", "is the address of a listener"));
        }
        Ok(Self {
            storage: document.storage.resolve(folder),
            listeners,
            limits: document.limits.resolve()?,
            log: document.log.resolve()?,
            metrics,
            panel,
            mail: document.mail.map(|mail| mail.resolve(folder)).transpose()?,
        })
    }
}
