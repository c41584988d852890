//! Why a configuration was refused.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// One sentence that names the file and the key.
#[derive(Debug, thiserror::Error)]
#[error("{file}{problem}", file = .file.display())]
pub struct ConfigError {
    file: PathBuf,
    problem: Problem,
}

/// What is wrong in the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    /// A key has a value that it may not have.
    #[error(": {key} {what}")]
    Key { key: String, what: Cow<'static, str> },
    /// It is no TOML, or keys or kinds of values are not those of a configuration.
    #[error(", line {line}{key}: {message}")]
    Syntax { line: usize, key: String, message: String },
    /// There is no text to read.
    #[error(" cannot be read: {0}")]
    Unreadable(std::io::Error),
}

impl ConfigError {
    pub(super) fn new(file: &Path, problem: Problem) -> Self {
        Self { file: file.into(), problem }
    }
}

impl Problem {
    pub(super) fn key(key: impl Into<String>, what: impl Into<Cow<'static, str>>) -> Self {
        Self::Key { key: key.into(), what: what.into() }
    }

    /// Names the line, and the key that stands in it.
    pub(super) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let key = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
        let key = key.map(|key| format!(" ({key})")).unwrap_or_default();
        Self::Syntax { line, key, message: error.message().trim().replace('\n', " ") }
    }
}
