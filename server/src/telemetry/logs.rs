//! Logs: structured lines.

use std::io::Write;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;
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
///
/// Two things hold whatever the list says. Nothing switches [`AUDIT_TARGET`] off: its lines are what the audit log is
/// checked against. And libraries say no more than warnings: what they tell about a request for their own authors holds
/// its path and query.
#[derive(Debug, Clone)]
pub struct LogFilter(Targets);

/// The target of the line about each entry of the audit log.
pub const AUDIT_TARGET: &str = "tollgate::audit";
/// What the targets of this program begin with.
const OWN: &str = "tollgate";

impl LogFilter {
    /// The audit log, warnings and errors: for a command that does its work and ends.
    #[must_use]
    pub fn quiet() -> Self {
        Self::bounded(&Targets::new().with_target(OWN, LevelFilter::WARN))
    }

    fn bounded(wanted: &Targets) -> Self {
        let others = wanted.default_level().unwrap_or(LevelFilter::OFF);
        let own = |target: &str| target.starts_with(OWN);
        let bounded = Targets::new().with_default(others.min(LevelFilter::WARN)).with_target(OWN, others).with_targets(
            wanted.iter().map(|(target, level)| {
                (target.to_owned(), if own(target) { level } else { level.min(LevelFilter::WARN) })
            }),
        );
        Self(bounded.with_target(AUDIT_TARGET, LevelFilter::INFO))
    }
}

impl Default for LogFilter {
    /// `tollgate=info`.
    fn default() -> Self {
        Self::bounded(&Targets::new().with_target(OWN, LevelFilter::INFO))
    }
}

impl FromStr for LogFilter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.parse().map(|wanted| Self::bounded(&wanted))
    }
}

/// Sends log lines to `output`, until what is answered is dropped.
///
/// Nothing secret is ever a field: paths are logged as route templates, queries and headers not at all.
///
/// # Errors
///
/// Those of the operating system, which starts a thread.
pub fn start(
    format: LogFormat,
    LogFilter(targets): LogFilter,
    output: impl Write + Send + 'static,
    clock: Clock,
) -> std::io::Result<Flush> {
    let (writer, flush) = BatchWriter::start(output)?;
    let registry = tracing_subscriber::registry().with(targets);
    // A second start, as in tests, keeps the first subscriber.
    let _ = match format {
        LogFormat::Json => registry.with(JsonLines::new(writer, clock)).try_init(),
        LogFormat::Text => registry.with(fmt::layer().with_writer(move || writer.clone()).with_ansi(false)).try_init(),
    };
    Ok(flush)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[track_caller]
    fn says(filter: &str, target: &str, level: Level) -> bool {
        filter.parse::<LogFilter>().unwrap().0.would_enable(target, &level)
    }

    #[test]
    fn no_filter_switches_the_audit_lines_off() {
        for filter in
            ["tollgate=warn", "tollgate=off", "off", "h2=warn", "tollgate::audit=off", "tollgate::audit=error"]
        {
            assert!(says(filter, AUDIT_TARGET, Level::INFO), "{filter}");
        }
        assert!(LogFilter::quiet().0.would_enable(AUDIT_TARGET, &Level::INFO));
        assert!(!says("tollgate=warn", "tollgate::edge", Level::INFO), "the others follow the filter");
        assert!(!LogFilter::quiet().0.would_enable("tollgate::edge", &Level::INFO));
    }

    #[test]
    fn libraries_say_no_more_than_warnings() {
        for filter in
            ["h2=debug", "h2::codec=trace", "debug", "trace", "h=trace", "t=trace", "tollgate=debug,hyper=info"]
        {
            for target in ["h2::codec", "hyper::proto", "tower_http", "tracing", "sqlx::query"] {
                assert!(!says(filter, target, Level::INFO), "{filter}: {target}");
            }
        }
        assert!(says("debug", "tollgate::edge", Level::DEBUG), "a level alone is ours");
        assert!(!says("debug", "tollgate::edge", Level::TRACE));
        assert!(says("trace,tollgate::edge=warn", "tollgate::auth", Level::TRACE));
        assert!(!says("trace,tollgate::edge=warn", "tollgate::edge", Level::INFO), "what is said closer counts");
        assert!(says("h2=debug", "h2::codec", Level::WARN));
        assert!(!says("h2=off", "h2::codec", Level::ERROR));
    }
}
