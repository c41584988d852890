//! Changing the key file in place: one change at a time, never seen half-written.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::file::{KeyFile, KeyFileError};
use crate::rng::Rng;

/// The key file, held for one change; other changes wait, readers do not.
#[derive(Debug)]
pub struct KeyFileChange {
    /// What is in the file, to be changed.
    pub keys: KeyFile,
    path: PathBuf,
    held: File,
}

impl KeyFileChange {
    /// Reads the file and keeps other changes out.
    ///
    /// # Errors
    ///
    /// As for [`KeyFile::read`], and [`KeyFileError::Busy`] while another change runs; [`KeyFileError::Link`] when the
    /// file is elsewhere: putting another in its place would leave that one as it is.
    pub fn begin(path: &Path) -> Result<Self, KeyFileError> {
        let unreadable = |error| KeyFileError::Unreadable(path.into(), error);
        if std::fs::symlink_metadata(path).map_err(unreadable)?.is_symlink() {
            return Err(KeyFileError::Link(path.into()));
        }
        let held = File::open(path).map_err(unreadable)?;
        match held.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(KeyFileError::Busy(path.into())),
            Err(TryLockError::Error(error)) => return Err(unreadable(error)),
        }
        // The lock is on the file that was opened; another change may have put a new one in its place before.
        let (locked, there) = (held.metadata().map_err(unreadable)?, std::fs::metadata(path).map_err(unreadable)?);
        if (locked.dev(), locked.ino()) != (there.dev(), there.ino()) {
            return Err(KeyFileError::Busy(path.into()));
        }
        Ok(Self { keys: KeyFile::read(path)?, path: path.into(), held })
    }

    /// Puts the changed file in the place of the old one, with its owner and mode 0600, and durably.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::NotDurable`] when the new file is there, but may be gone after a power cut. After any other
    /// [`KeyFileError`] the old file is still there.
    pub fn commit(self, rng: &Rng) -> Result<(), KeyFileError> {
        self.commit_with(rng, File::sync_all)
    }

    fn commit_with(
        self,
        rng: &Rng,
        sync_folder: impl FnOnce(&File) -> std::io::Result<()>,
    ) -> Result<(), KeyFileError> {
        let text = self.text()?;
        let tail = rng.base62(12).map_err(|_| KeyFileError::Randomness)?;
        let temporary = self.path.with_extension(format!("toml.{}", *tail));
        let folder = self.replace(&temporary, &text).map_err(|error| {
            // Best effort: the error that is told is the first one.
            let _ = std::fs::remove_file(&temporary);
            KeyFileError::Unreadable(self.path.clone(), error)
        })?;
        sync_folder(&folder).map_err(|error| KeyFileError::NotDurable(self.path.clone(), error))
    }

    /// The file as it would be written now.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::Damaged`] when no start could read it.
    pub fn text(&self) -> Result<Zeroizing<String>, KeyFileError> {
        let damaged = || KeyFileError::Damaged(self.path.clone());
        let text = Zeroizing::new(toml::to_string(&self.keys).map_err(|_| damaged())?);
        KeyFile::parse(&text).ok_or_else(damaged)?;
        Ok(text)
    }

    /// Puts the text in the place of the file, and answers the folder, whose entry is to be synced.
    fn replace(&self, temporary: &Path, text: &str) -> std::io::Result<File> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")))?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
        let (old, new) = (self.held.metadata()?, file.metadata()?);
        if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
            // The server must still be able to read it when root has rotated its keys.
            fchown(&file, Some(old.uid()), Some(old.gid()))?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(temporary, &self.path)?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::chown;

    use time::OffsetDateTime;

    use super::*;
    use crate::keys::rotation::RotationReason;
    use crate::keys::token_kind::TokenKind;

    fn made(dir: &Path) -> PathBuf {
        let path = dir.join("keys.toml");
        KeyFile::create(&path, OffsetDateTime::UNIX_EPOCH, &Rng::system()).unwrap();
        path
    }

    fn changed(path: &Path) -> KeyFileChange {
        let mut change = KeyFileChange::begin(path).unwrap();
        let (now, rng) = (OffsetDateTime::UNIX_EPOCH, Rng::system());
        change.keys.rotate(&TokenKind::ALL, time::Duration::DAY, RotationReason::Routine, now, &rng).unwrap();
        change
    }

    #[test]
    fn puts_a_whole_file_in_the_place_of_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let before = std::fs::metadata(&path).unwrap();
        changed(&path).commit(&Rng::system()).unwrap();
        let after = std::fs::metadata(&path).unwrap();
        assert_eq!(after.mode() & 0o777, 0o600);
        assert_ne!(before.ino(), after.ino(), "the old file is not written over");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
        assert_eq!(KeyFile::read(&path).unwrap().signing_keys(&TokenKind::ALL, OffsetDateTime::UNIX_EPOCH).len(), 10);
    }

    #[test]
    fn one_change_runs_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let first = changed(&path);
        assert!(matches!(KeyFileChange::begin(&path), Err(KeyFileError::Busy(_))));
        KeyFile::read(&path).unwrap();
        first.commit(&Rng::system()).unwrap();
        KeyFileChange::begin(&path).unwrap();
    }

    #[test]
    fn a_change_that_fails_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let change = changed(&path);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(matches!(change.commit(&Rng::system()), Err(KeyFileError::Unreadable(..))));
        assert!(path.is_dir());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_change_that_is_in_force_is_not_told_as_one_that_failed() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        let broken = |_: &File| Err(std::io::Error::other("the disk is gone"));
        let error = changed(&path).commit_with(&Rng::system(), broken).unwrap_err();
        assert!(matches!(&error, KeyFileError::NotDurable(..)), "{error}");
        assert!(error.to_string().contains("in force"), "{error}");
        assert_eq!(KeyFile::read(&path).unwrap().signing_keys(&TokenKind::ALL, OffsetDateTime::UNIX_EPOCH).len(), 10);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_link_is_read_and_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let target = made(dir.path());
        let elsewhere = tempfile::tempdir().unwrap();
        let link = elsewhere.path().join("keys.toml");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        KeyFile::read(&link).unwrap();
        assert!(matches!(KeyFileChange::begin(&link), Err(KeyFileError::Link(_))));
    }

    #[test]
    fn the_owner_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = made(dir.path());
        if let Err(error) = chown(&path, Some(12_345), Some(12_345)) {
            // Only root can give a file away; for anybody else there is no other owner to keep.
            eprintln!("the_owner_stays: SKIPPED, it needs root: {error}");
            return;
        }
        changed(&path).commit(&Rng::system()).unwrap();
        let after = std::fs::metadata(&path).unwrap();
        assert_eq!((after.uid(), after.gid()), (12_345, 12_345));
    }
}
