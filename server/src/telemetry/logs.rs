//! Logs: structured lines on standard error.

use std::str::FromStr;

use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Which log lines there are: a comma-separated list of `target=level`, such as `tollgate=info`.
#[derive(Debug, Clone)]
pub struct LogFilter(Targets);

impl Default for LogFilter {
    /// `tollgate=info`.
    fn default() -> Self {
        Self(Targets::new().with_target("tollgate", tracing::Level::INFO))
    }
}

impl FromStr for LogFilter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(Self)
    }
}

/// Sends log lines to standard error.
///
/// Nothing secret is ever a field: paths are logged as route templates, queries and headers not at all.
pub fn start(format: LogFormat, LogFilter(targets): LogFilter) {
    let registry = tracing_subscriber::registry().with(targets);
    // A second start, as in tests, keeps the first subscriber.
    let _ = match format {
        LogFormat::Json => registry
            .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr))
            .try_init(),
        LogFormat::Text => {
            registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false)).try_init()
        }
    };
}
