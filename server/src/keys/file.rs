//! The key file: made once, never guessed; only its signing keys are exchanged in place.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tollgate_apikey::{Pepper, Peppers};
use tollgate_challenge_signature::{ChallengeKey, ChallengeKeys};
use tollgate_checkout_scope::TokenPepper;
use zeroize::{Zeroize, Zeroizing};

use super::Sealer;
use super::signing_entry::SigningEntry;
use super::token_kind::TokenKind;
use crate::rng::Rng;

/// Every secret of the server, versioned, as it stands in `keys.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    format: u32,
    pepper: Vec<Versioned>,
    sealing: Vec<Versioned>,
    challenge: Vec<Versioned>,
    pub(super) signing: Vec<SigningEntry>,
}

/// A symmetric key; the entry with the highest version is the current one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Versioned {
    version: u32,
    secret: Secret,
}

/// Base64 text, wiped on drop.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Secret(String);

/// The key file could not be used; nothing was overwritten.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Another change of the file runs.
    #[error("{path} is being changed by another command: try again", path = .0.display())]
    Busy(PathBuf),
    /// The content is not a key file.
    #[error("{path} is damaged: restore it from a backup; without it no stored key can be checked", path = .0.display())]
    Damaged(PathBuf),
    /// There is a database but no key file.
    #[error("{path} is missing beside an existing database: restore it from a backup", path = .0.display())]
    Missing(PathBuf),
    /// Others than its owner may read or write the file.
    #[error("{path} can be read by others than its owner: run chmod 600 on it", path = .0.display())]
    Open(PathBuf),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes for new keys")]
    Randomness,
    /// The file cannot be read or made.
    #[error("{path} cannot be read or made: {1}", path = .0.display())]
    Unreadable(PathBuf, std::io::Error),
}

impl KeyFile {
    const FORMAT: u32 = 1;
    /// Bytes of a symmetric key.
    const SECRET_LEN: usize = 32;
    /// The largest file that is read.
    const MAX_LEN: u64 = 256 * 1024;

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`] as its variants say.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let unreadable = |error| KeyFileError::Unreadable(path.into(), error);
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(unreadable(std::io::Error::other("it is not a file")));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(KeyFileError::Open(path.into()));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(Self::MAX_LEN).read_to_string(&mut text).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData => KeyFileError::Damaged(path.into()),
            _ => unreadable(error),
        })?;
        Self::parse(&text).ok_or_else(|| KeyFileError::Damaged(path.into()))
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        toml::from_str(text).ok().filter(|keys: &Self| keys.format == Self::FORMAT)
    }

    /// Makes a new file; fails when there is one.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::Randomness`] and [`KeyFileError::Unreadable`].
    pub fn create(path: &Path, now: OffsetDateTime, rng: &Rng) -> Result<Self, KeyFileError> {
        let keys = Self::generate(now, rng)?;
        let text = Zeroizing::new(toml::to_string(&keys).map_err(|_| KeyFileError::Damaged(path.into()))?);
        let tail = rng.base62(12).map_err(|_| KeyFileError::Randomness)?;
        write_new(path, &tail, &text).map_err(|error| KeyFileError::Unreadable(path.into(), error))?;
        Self::read(path)
    }

    fn generate(now: OffsetDateTime, rng: &Rng) -> Result<Self, KeyFileError> {
        let first = |rng: &Rng| Ok(vec![Versioned { version: 1, secret: Secret::random(rng)? }]);
        let signing = TokenKind::ALL
            .into_iter()
            .map(|kind| SigningEntry::generate(kind, now, now.unix_timestamp(), rng))
            .collect::<Result<_, _>>()?;
        Ok(Self { format: Self::FORMAT, pepper: first(rng)?, sealing: first(rng)?, challenge: first(rng)?, signing })
    }

    /// The peppers under which key digests are kept.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::Damaged`] naming `path`.
    pub fn peppers(&self, path: &Path) -> Result<Peppers, KeyFileError> {
        let damaged = || KeyFileError::Damaged(path.into());
        let mut peppers = newest_first(&self.pepper).map(|entry| {
            let bytes = entry.secret.decode().ok_or_else(damaged)?;
            Pepper::new(entry.version, &bytes).map_err(|_| damaged())
        });
        let current = peppers.next().ok_or_else(damaged)??;
        peppers.try_fold(Peppers::new(current), |all, older| all.with_previous(older?).map_err(|_| damaged()))
    }

    /// The pepper under which browser tokens are kept; they are too short-lived to need an older one.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::Damaged`] naming `path`.
    pub fn token_pepper(&self, path: &Path) -> Result<TokenPepper, KeyFileError> {
        let damaged = || KeyFileError::Damaged(path.into());
        let entry = newest_first(&self.pepper).next().ok_or_else(damaged)?;
        let bytes = entry.secret.decode().ok_or_else(damaged)?;
        TokenPepper::new(entry.version, "caibo.checkout.v1:", &bytes).map_err(|_| damaged())
    }

    /// The keys under which secrets needed in clear are sealed.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::Damaged`] naming `path`.
    pub fn sealer(&self, path: &Path) -> Result<Sealer, KeyFileError> {
        let damaged = || KeyFileError::Damaged(path.into());
        let keys = newest_first(&self.sealing)
            .map(|entry| Some((entry.version, entry.secret.decode()?)))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(damaged)?;
        Sealer::new(&keys).map_err(|_| damaged())
    }

    /// The keys that authenticate challenges: the newest and, during a rotation, the one before.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::Damaged`] naming `path`.
    pub fn challenge_keys(&self, path: &Path) -> Result<ChallengeKeys, KeyFileError> {
        let damaged = || KeyFileError::Damaged(path.into());
        let mut keys = newest_first(&self.challenge).take(2).map(|entry| {
            let version = u8::try_from(entry.version).map_err(|_| damaged())?;
            let bytes = entry.secret.decode().ok_or_else(damaged)?;
            ChallengeKey::new(version, &bytes).map_err(|_| damaged())
        });
        let current = keys.next().ok_or_else(damaged)??;
        keys.try_fold(ChallengeKeys::new(current), |all, older| all.with_previous(older?).map_err(|_| damaged()))
    }

    pub(super) fn signing(&self, kind: TokenKind) -> impl Iterator<Item = &SigningEntry> {
        self.signing.iter().filter(move |entry| entry.kind == kind)
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyFile(redacted)")
    }
}

impl Secret {
    pub(super) fn from_text(base64: String) -> Self {
        Self(base64)
    }

    pub(super) fn random(rng: &Rng) -> Result<Self, KeyFileError> {
        let mut bytes = Zeroizing::new([0_u8; KeyFile::SECRET_LEN]);
        rng.fill(&mut *bytes).map_err(|_| KeyFileError::Randomness)?;
        Ok(Self(STANDARD.encode(*bytes)))
    }

    pub(super) fn decode(&self) -> Option<Zeroizing<Vec<u8>>> {
        STANDARD.decode(&self.0).ok().map(Zeroizing::new)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

fn newest_first(entries: &[Versioned]) -> impl Iterator<Item = &Versioned> {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|entry| std::cmp::Reverse(entry.version));
    sorted.into_iter()
}

/// Writes the whole file beside its place, then links it there: it is never seen half-written, and a file that is
/// already there stays.
fn write_new(path: &Path, tail: &str, text: &str) -> std::io::Result<()> {
    let temporary = path.with_extension(format!("toml.{tail}"));
    let result = write_and_link(path, &temporary, text);
    match std::fs::remove_file(&temporary) {
        Err(error) if result.is_ok() => Err(error),
        _ => result,
    }
}

fn write_and_link(path: &Path, temporary: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::hard_link(temporary, path)?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn reads_back_what_it_made_and_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        let rng = Rng::system();
        KeyFile::create(&path, NOW, &rng).unwrap();
        let before = std::fs::read(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(matches!(KeyFile::create(&path, NOW, &rng), Err(KeyFileError::Unreadable(..))));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let keys = KeyFile::read(&path).unwrap();
        keys.peppers(&path).unwrap();
        keys.token_pepper(&path).unwrap();
        keys.sealer(&path).unwrap();
        keys.challenge_keys(&path).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn refuses_a_file_that_others_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        KeyFile::create(&path, NOW, &Rng::system()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(KeyFile::read(&path), Err(KeyFileError::Open(_))));
    }

    #[test]
    fn refuses_a_damaged_file_without_quoting_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.toml");
        KeyFile::create(&path, NOW, &Rng::system()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        for damaged in [&text[..text.len() / 2], "", "format = 2\n", "\u{0}", "pepper = \"SECRETMARK\""] {
            std::fs::write(&path, damaged).unwrap();
            let error = KeyFile::read(&path).unwrap_err();
            assert!(matches!(error, KeyFileError::Damaged(_)), "{damaged:?}");
            assert!(!error.to_string().contains("SECRETMARK"));
        }
    }
}
