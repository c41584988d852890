//! Logs: structured lines on standard error.

use std::str::FromStr;

use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::batch::{BatchWriter, Flush};
use super::json::JsonLines;
use crate::clock::Clock;

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

/// Sends log lines to standard error, until what is answered is dropped.
///
/// Nothing secret is ever a field: paths are logged as route templates, queries and headers not at all.
///
/// # Errors
///
/// Those of the operating system, which starts a thread.
pub fn start(format: LogFormat, LogFilter(targets): LogFilter, clock: Clock) -> std::io::Result<Flush> {
    let (writer, flush) = BatchWriter::start(std::io::stderr())?;
    let registry = tracing_subscriber::registry().with(targets);
    // A second start, as in tests, keeps the first subscriber.
    let _ = match format {
        LogFormat::Json => registry.with(JsonLines::new(writer, clock)).try_init(),
        LogFormat::Text => registry.with(fmt::layer().with_writer(move || writer.clone()).with_ansi(false)).try_init(),
    };
    Ok(flush)
}
