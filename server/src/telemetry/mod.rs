//! Logs: structured lines on standard error.

mod batch;
mod json;

use tracing_subscriber::filter::Targets;
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

/// Sends log lines to standard error; `filter` is a comma-separated list of `target=level`, such as `tollgate=info`.
///
/// Nothing secret is ever a field: paths are logged as route templates, queries and headers not at all.
pub fn start(format: LogFormat, filter: &str) {
    let targets =
        filter.parse::<Targets>().unwrap_or_else(|_| Targets::new().with_target("tollgate", tracing::Level::INFO));
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
