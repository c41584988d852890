//! The key file under a running server: read when it is another one than before.

use std::io::{Error, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::file::{KeyFile, KeyFileError};

/// What a look at the file remembers for the next one.
pub(super) struct WatchedFile {
    /// The version whose content was judged last, usable or not; `None` has the next look read it.
    judged: Option<Stamp>,
    /// How the last look failed, if the system did not let the file be read.
    failed: Option<ReadFault>,
}

/// What tells one way in which a file cannot be read from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadFault(ErrorKind, Option<i32>);

/// What tells one version of the file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl WatchedFile {
    /// Reads the file for the first time.
    pub(super) fn open(path: &Path) -> Result<(Self, KeyFile), KeyFileError> {
        // The stamp comes first: if the file is exchanged after it, the next look sees another one.
        let judged = Stamp::of(path).map_err(|error| KeyFileError::Unreadable(path.into(), error))?;
        Ok((Self { judged: Some(judged), failed: None }, KeyFile::read(path)?))
    }

    /// Reads the file if it is another one than the one judged last.
    ///
    /// A file that cannot be used is an error once, until it changes again. A look that says nothing about the content
    /// is repeated, and told when it fails otherwise than the last one.
    pub(super) fn read(&mut self, path: &Path) -> Result<Option<KeyFile>, KeyFileError> {
        let stamp = match Stamp::of(path) {
            Ok(stamp) if Some(stamp) == self.judged => {
                self.failed = None;
                return Ok(None);
            }
            Ok(stamp) => stamp,
            Err(error) => return self.fail(path.into(), error),
        };
        match KeyFile::read(path) {
            Err(KeyFileError::Unreadable(path, error)) => self.fail(path, error),
            judged => {
                (self.judged, self.failed) = (Some(stamp), None);
                judged.map(Some)
            }
        }
    }

    /// Has the next look read the file, whether it changed or not.
    pub(super) fn read_again(&mut self) {
        (self.judged, self.failed) = (None, None);
    }

    fn fail(&mut self, path: PathBuf, error: Error) -> Result<Option<KeyFile>, KeyFileError> {
        let failed = Some(ReadFault::of(&error));
        if failed == self.failed {
            return Ok(None);
        }
        self.failed = failed;
        Err(KeyFileError::Unreadable(path, error))
    }
}

impl ReadFault {
    pub(super) fn of(error: &Error) -> Self {
        Self(error.kind(), error.raw_os_error())
    }
}

impl Stamp {
    fn of(path: &Path) -> std::io::Result<Self> {
        let metadata = std::fs::metadata(path)?;
        Ok(Self {
            inode: metadata.ino(),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}
