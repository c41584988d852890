//! A copy of the database and the key file that belongs to it.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Actor, Administration};
use crate::account::{AuditHead, NewAuditEntry};
use crate::keys::{KeyFileChange, KeyFileError};
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
    /// Something is there.
    #[error("{path} is there already: a backup never overwrites", path = .0.display())]
    Exists(PathBuf),
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
    /// A file cannot be written.
    #[error("{path} cannot be written: {1}", path = .0.display())]
    Unwritable(PathBuf, std::io::Error),
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
        let database = Copy::begin(&new.file, &tail)?;
        let keys = match new.keys {
            BackupKeys::With => Some(Copy::begin(&beside(&new.file, ".keys.toml"), &tail)?),
            BackupKeys::Without => None,
        };
        let (action, subject) = ("backup.made", new.file.display().to_string());
        let detail = [("keys".to_owned(), json!(keys.is_some()))].into_iter().collect();
        let (actor, at) = (actor.clone(), self.clock.now());
        // Before the copy, so that it tells of itself.
        self.directory.append_audit(&NewAuditEntry { actor, at, merchant: None, action, subject, detail }).await?;
        let snapshot = self.directory.snapshot(&database.temporary).await?;
        if let Some(keys) = &keys {
            keys.write(&held.text()?)?;
            keys.name()?;
        }
        if let Err(error) = database.name() {
            if let Some(keys) = &keys {
                keys.give_up();
            }
            return Err(error);
        }
        Ok(Backup {
            database: new.file,
            bytes: snapshot.bytes,
            keys: keys.map(|copy| copy.place.clone()),
            elsewhere: held.keys.secrets_elsewhere(),
            audit_head: snapshot.audit_head,
        })
    }
}

/// A file that is written under another name beside its place, which it gets when it is whole.
struct Copy {
    place: PathBuf,
    temporary: PathBuf,
}

impl Copy {
    /// Makes the empty file, which only its owner can read.
    fn begin(place: &Path, tail: &str) -> Result<Self, BackupError> {
        if std::fs::symlink_metadata(place).is_ok() {
            return Err(BackupError::Exists(place.into()));
        }
        let temporary = beside(place, &format!(".{tail}.part"));
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        made.map_err(|error| BackupError::Unwritable(temporary.clone(), error))?;
        Ok(Self { place: place.into(), temporary })
    }

    fn write(&self, text: &str) -> Result<(), BackupError> {
        let written = OpenOptions::new().write(true).open(&self.temporary).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| BackupError::Unwritable(self.temporary.clone(), error))
    }

    /// Gives the file its name, durably, unless something has it.
    fn name(&self) -> Result<(), BackupError> {
        let unwritable = |error| BackupError::Unwritable(self.place.clone(), error);
        std::fs::hard_link(&self.temporary, &self.place).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => BackupError::Exists(self.place.clone()),
            _ => unwritable(error),
        })?;
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
        let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        synced.map_err(|error| {
            self.give_up();
            unwritable(error)
        })
    }

    /// Takes back a name that was given.
    fn give_up(&self) {
        // Best effort: the error that is told is the first one.
        let _ = std::fs::remove_file(&self.place);
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // Named or given up: the other name goes. What cannot be removed bears the name of a part.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

/// A name with something behind it.
fn beside(place: &Path, tail: &str) -> PathBuf {
    let mut name = OsString::from(place);
    name.push(tail);
    name.into()
}
