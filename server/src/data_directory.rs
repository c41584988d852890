//! The data directory: made when it is missing, and one process's at a time.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// A data directory that is this process's for as long as the value lives: two processes on one directory would not see
/// each other's revocations.
#[derive(Debug)]
pub struct DataDirectory {
    _lock: File,
}

/// The directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirectoryError {
    /// Another process uses it.
    #[error("{path} is used by another tollgate: stop it, or choose another directory", path = .0.display())]
    InUse(PathBuf),
    /// It cannot be made or entered.
    #[error("{path} cannot be used as data directory: {1}", path = .0.display())]
    Unusable(PathBuf, std::io::Error),
}

impl DataDirectory {
    /// Makes the directory if there is none, and takes it for this process.
    ///
    /// # Errors
    ///
    /// [`DataDirectoryError`] as its variants say.
    pub fn take(path: &Path) -> Result<Self, DataDirectoryError> {
        let unusable = |error| DataDirectoryError::Unusable(path.into(), error);
        if !path.is_dir() {
            make(path).map_err(unusable)?;
        }
        let directory = File::open(path).map_err(unusable)?;
        if directory.metadata().map_err(unusable)?.mode() & 0o022 != 0 {
            return Err(unusable(std::io::Error::other("others than its owner can write to it")));
        }
        match directory.try_lock() {
            Ok(()) => Ok(Self { _lock: directory }),
            Err(TryLockError::WouldBlock) => Err(DataDirectoryError::InUse(path.into())),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}

/// Makes the directory, and those above it that are missing, so that they outlast a power failure.
fn make(path: &Path) -> std::io::Result<()> {
    let missing: Vec<_> = path.ancestors().take_while(|folder| !folder.is_dir()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // A new entry is durable once the directory that holds it is.
    for holder in missing.into_iter().filter_map(Path::parent) {
        let holder = if holder.as_os_str().is_empty() { Path::new(".") } else { holder };
        File::open(holder)?.sync_all()?;
    }
    Ok(())
}
