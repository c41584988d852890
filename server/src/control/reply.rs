//! What comes back.

use std::error::Error as _;

use serde::{Deserialize, Serialize};

use super::Shown;
use crate::administration::{AuditError, BackupError, Error, SecretKeyError};
use crate::storage::StorageError;

/// One part of an answer; [`End`](Self::End) or [`Refused`](Self::Refused) is the last.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// All that was asked for was given.
    End,
    /// Lines to be printed as they are, each ended.
    Lines(String),
    /// Records.
    Records(Vec<Shown>),
    /// Nothing was done.
    Refused(Refused),
}

/// Why nothing was done: one sentence without a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(deny_unknown_fields)]
#[error("{sentence}")]
pub struct Refused {
    sentence: String,
    /// The command was not written right, so that it fails whatever the records say.
    usage: bool,
}

impl Refused {
    pub(super) fn usage(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), usage: true }
    }

    pub(super) fn new(sentence: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), usage: false }
    }

    pub(super) fn not_found() -> Self {
        Self::from(Error::NotFound)
    }

    /// Whether the command was not written right.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        self.usage
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let usage = matches!(error, Error::Invalid(_) | Error::Weak);
        let sentence = match (&error, error.source()) {
            (Error::RsaKey(_), Some(source)) => format!("{error}: {source}"),
            _ => error.to_string(),
        };
        Self { sentence, usage }
    }
}

impl From<AuditError> for Refused {
    fn from(error: AuditError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<SecretKeyError> for Refused {
    fn from(error: SecretKeyError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<BackupError> for Refused {
    fn from(error: BackupError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        Self::new(error.to_string())
    }
}
