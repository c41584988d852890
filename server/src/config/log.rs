//! `[log]`.

use serde::Deserialize;

use super::error::Problem;
use crate::telemetry::{LogFilter, LogFormat};

/// Log lines.
#[derive(Debug)]
pub struct LogConfig {
    /// How they look.
    pub format: LogFormat,
    /// Which there are.
    pub filter: LogFilter,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    #[serde(default)]
    format: Format,
    filter: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Text,
}

impl Section {
    pub(super) fn resolve(self) -> Result<LogConfig, Problem> {
        let format = match self.format {
            Format::Json => LogFormat::Json,
            Format::Text => LogFormat::Text,
        };
        let filter = match self.filter.as_deref() {
            None => LogFilter::default(),
            Some("") => return Err(Problem::key("log.filter", "is empty: leave it out for tollgate=info")),
            Some(text) => text
                .parse()
                .map_err(|_| Problem::key("log.filter", "is not a list such as tollgate=info,hyper=warn"))?,
        };
        Ok(LogConfig { format, filter })
    }
}
