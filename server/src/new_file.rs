//! A file that has its name only when it is whole.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A file that is written under another name beside its place, which it gets when it is whole; nothing is overwritten.
/// Dropped before that, it is gone.
#[derive(Debug)]
pub(crate) struct NewFile {
    place: PathBuf,
    temporary: PathBuf,
}

/// The file was not made.
#[derive(Debug, thiserror::Error)]
pub enum NewFileError {
    /// Something is there.
    #[error("{path} is there already: nothing is overwritten", path = .0.display())]
    Exists(PathBuf),
    /// It cannot be written.
    #[error("{path} cannot be written: {1}", path = .0.display())]
    Unwritable(PathBuf, std::io::Error),
}

impl NewFile {
    /// Makes the empty file, which only its owner can read; `tail` makes its first name its own.
    pub(crate) fn begin(place: &Path, tail: &str) -> Result<Self, NewFileError> {
        if std::fs::symlink_metadata(place).is_ok() {
            return Err(NewFileError::Exists(place.into()));
        }
        let temporary = beside(place, &format!(".{tail}.part"));
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        made.map_err(|error| NewFileError::Unwritable(temporary.clone(), error))?;
        Ok(Self { place: place.into(), temporary })
    }

    /// The name it will have.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// The name it has until then.
    pub(crate) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Opens it for writing.
    pub(crate) fn open(&self) -> Result<File, NewFileError> {
        OpenOptions::new().write(true).open(&self.temporary).map_err(|error| self.unwritable(error))
    }

    /// Writes all of it, durably.
    pub(crate) fn write(&self, text: &str) -> Result<(), NewFileError> {
        let mut file = self.open()?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| self.unwritable(error))
    }

    /// Gives the file its name, durably, unless something has it.
    pub(crate) fn name(&self) -> Result<(), NewFileError> {
        let unwritable = |error| NewFileError::Unwritable(self.place.clone(), error);
        std::fs::hard_link(&self.temporary, &self.place).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => NewFileError::Exists(self.place.clone()),
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
    pub(crate) fn give_up(&self) {
        // Best effort: the error that is told is the first one.
        let _ = std::fs::remove_file(&self.place);
    }

    /// What a failure to write it is told as.
    pub(crate) fn unwritable(&self, error: std::io::Error) -> NewFileError {
        NewFileError::Unwritable(self.temporary.clone(), error)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Named or given up: the other name goes. What cannot be removed bears the name of a part.
        let _ = std::fs::remove_file(&self.temporary);
    }
}

/// A name with something behind it.
pub(crate) fn beside(place: &Path, tail: &str) -> PathBuf {
    let mut name = OsString::from(place);
    name.push(tail);
    name.into()
}
