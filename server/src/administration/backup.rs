//! A copy of the database and the key file that belongs to it.

use std::path::PathBuf;

use serde_json::json;

use super::{Actor, Administration};
use crate::account::{AuditHead, NewAuditEntry};
use crate::keys::{KeyFileChange, KeyFileError};
use crate::new_file::{NewFile, NewFileError, beside};
use crate::rng::RngError;
use crate::storage::{SnapshotError, StorageError, complete};

/// A copy that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBackup {
    /// Where the copy of the database goes; nothing may be there.
    pub file: PathBuf,
    /// Whether the key file is copied beside it.
    pub keys: BackupKeys,
}

/// Whether a copy holds the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupKeys {
    /// The key file goes with it.
    With,
    /// The key file is kept elsewhere.
    Without,
}

/// A copy that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The copy of the database.
    pub database: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// The copy of the key file.
    pub keys: Option<PathBuf>,
    /// Where secrets lie that the key file only names: they are in no copy.
    pub elsewhere: Vec<String>,
    /// The newest entry of the copied log of changes.
    pub audit_head: AuditHead,
}

/// No copy was made, and nothing is left of the attempt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// A file of the copy.
    #[error(transparent)]
    File(#[from] NewFileError),
    /// The key file.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// There are no random bytes for a name.
    #[error(transparent)]
    Randomness(#[from] RngError),
    /// The copy of the database.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Storage did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Administration {
    /// Copies the database, as it is at one moment, and the keys that all of it can be read with.
    ///
    /// Both files are whole when they get their names. Changes of the key file wait meanwhile, so that the two fit.
    ///
    /// # Errors
    ///
    /// [`BackupError`] as its variants say.
    pub async fn back_up(&self, actor: &Actor, new: NewBackup) -> Result<Backup, BackupError> {
        let (administration, actor) = (self.clone(), actor.clone());
        complete(async move { Ok(administration.copy(&actor, new).await) }).await?
    }

    async fn copy(&self, actor: &Actor, new: NewBackup) -> Result<Backup, BackupError> {
        let held = KeyFileChange::begin(self.secret_keys.path())?;
        let tail = self.rng.base62(12)?;
        self.directory.can_snapshot()?;
        let database = NewFile::begin(&new.file, &tail)?;
        let keys = match new.keys {
            BackupKeys::With => Some(NewFile::begin(&beside(&new.file, ".keys.toml"), &tail)?),
            BackupKeys::Without => None,
        };
        let (action, subject) = ("backup.made", new.file.display().to_string());
        let detail = [("keys".to_owned(), json!(keys.is_some()))].into_iter().collect();
        let (actor, at) = (actor.clone(), self.clock.now());
        // Before the copy, so that it tells of itself.
        self.directory.append_audit(&NewAuditEntry { actor, at, merchant: None, action, subject, detail }).await?;
        let snapshot = self.directory.snapshot(database.temporary()).await?;
        if let Some(keys) = &keys {
            keys.write(&held.text()?)?;
            keys.name()?;
        }
        if let Err(error) = database.name() {
            if let Some(keys) = &keys {
                keys.give_up();
            }
            return Err(error.into());
        }
        Ok(Backup {
            database: new.file,
            bytes: snapshot.bytes,
            keys: keys.map(|copy| copy.place().to_owned()),
            elsewhere: held.keys.secrets_elsewhere(),
            audit_head: snapshot.audit_head,
        })
    }
}
