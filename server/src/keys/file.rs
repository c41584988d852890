//! The key file: made once, never guessed; its keys are exchanged in place, version by version.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
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

use super::panel_key::PanelKey;
use super::sealer::{Sealer, SealingKey};
use super::secret_entry::{KeyCheck, SecretEntry, SecretFault};
use super::secret_file::read_secret_file;
use super::secret_kind::SecretKind;
use super::signing_entry::SigningEntry;
use super::token_kind::TokenKind;
use super::token_peppers::TokenPeppers;
use crate::rng::Rng;

/// Every secret of the server, versioned, as it stands in `keys.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFile {
    format: u32,
    pub(super) pepper: Vec<SecretEntry>,
    /// Without any, the newest pepper is also that of browser tokens: so did release 0.1.0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) token_pepper: Vec<SecretEntry>,
    pub(super) sealing: Vec<SecretEntry>,
    pub(super) challenge: Vec<SecretEntry>,
    pub(super) signing: Vec<SigningEntry>,
}

/// Base64 text, wiped on drop.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Secret(String);

/// The key file could not be used; nothing was overwritten, but where it says so.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Another change of the file runs.
    #[error("{path} is being changed by another command: try again", path = .0.display())]
    Busy(PathBuf),
    /// The content is not a key file.
    #[error("{path} is damaged: restore it from a backup; without it no stored key can be checked", path = .0.display())]
    Damaged(PathBuf),
    /// The name is that of a link, which a change would replace.
    #[error("{path} is a link: name the directory that holds the file itself", path = .0.display())]
    Link(PathBuf),
    /// There is a database but no key file.
    #[error("{path} is missing beside an existing database: restore it from a backup", path = .0.display())]
    Missing(PathBuf),
    /// Others than its owner may read or write the file.
    #[error("{path} can be read by others than its owner: run chmod 600 on it", path = .0.display())]
    Open(PathBuf),
    /// The file was exchanged, but perhaps not durably.
    #[error(
        "{path} was changed and the change is in force, but it may not survive a power cut: {1}: run sync, then list",
        path = .0.display()
    )]
    NotDurable(PathBuf, std::io::Error),
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes for new keys")]
    Randomness,
    /// A secret that it names cannot be used.
    #[error("{path}: the secret of {kind} {version} {fault}", path = .0.display(), kind = .1.as_str(), version = .2, fault = .3)]
    Secret(PathBuf, SecretKind, u32, SecretFault),
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
        let bytes = read_secret_file(&file, Self::MAX_LEN).map_err(unreadable)?;
        let text = std::str::from_utf8(&bytes).ok();
        text.and_then(Self::parse).ok_or_else(|| KeyFileError::Damaged(path.into()))
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
        let first = || Ok(vec![SecretEntry::generate(1, now.unix_timestamp(), rng)?]);
        let signing = TokenKind::ALL
            .into_iter()
            .map(|kind| SigningEntry::generate(kind, now, now.unix_timestamp(), rng))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            format: Self::FORMAT,
            pepper: first()?,
            token_pepper: first()?,
            sealing: first()?,
            challenge: first()?,
            signing,
        })
    }

    /// The peppers under which key digests are kept.
    ///
    /// # Errors
    ///
    /// [`KeyFileError::Damaged`] and [`KeyFileError::Secret`] naming `path`, where the file was read.
    pub fn peppers(&self, path: &Path) -> Result<Peppers, KeyFileError> {
        let mut peppers = self.resolved(SecretKind::Pepper, path, |version, bytes| Pepper::new(version, bytes).ok());
        let current = peppers.next().ok_or_else(|| KeyFileError::Damaged(path.into()))??;
        peppers.try_fold(Peppers::new(current), |all, older| {
            all.with_previous(older?).map_err(|_| KeyFileError::Damaged(path.into()))
        })
    }

    /// The peppers under which browser tokens are kept.
    ///
    /// # Errors
    ///
    /// As for [`peppers`](Self::peppers).
    pub fn token_peppers(&self, path: &Path) -> Result<TokenPeppers, KeyFileError> {
        let pepper = |version, bytes: &[u8]| TokenPepper::new(version, "caibo.checkout.v1:", bytes).ok();
        let mut peppers = self.resolved(SecretKind::TokenPepper, path, pepper);
        let current = peppers.next().ok_or_else(|| KeyFileError::Damaged(path.into()))??;
        Ok(TokenPeppers::new(current, peppers.collect::<Result<_, _>>()?))
    }

    /// The key behind the control panel's cookies, form tokens and links, from the newest pepper: a new one ends them.
    ///
    /// # Errors
    ///
    /// As for [`peppers`](Self::peppers).
    pub fn panel_key(&self, path: &Path) -> Result<PanelKey, KeyFileError> {
        let key = |_, secret: &[u8]| (secret.len() >= Self::SECRET_LEN).then(|| PanelKey::derive(secret));
        self.resolved(SecretKind::Pepper, path, key).next().ok_or_else(|| KeyFileError::Damaged(path.into()))?
    }

    /// The keys under which secrets needed in clear are sealed.
    ///
    /// # Errors
    ///
    /// As for [`peppers`](Self::peppers).
    pub fn sealer(&self, path: &Path) -> Result<Sealer, KeyFileError> {
        let keys = self.resolved(SecretKind::Sealing, path, SealingKey::new).collect::<Result<_, _>>()?;
        Sealer::new(keys).map_err(|_| KeyFileError::Damaged(path.into()))
    }

    /// The keys that authenticate challenges: the newest, and the one before if it has the version before.
    ///
    /// # Errors
    ///
    /// As for [`peppers`](Self::peppers).
    pub fn challenge_keys(&self, path: &Path) -> Result<ChallengeKeys, KeyFileError> {
        let damaged = || KeyFileError::Damaged(path.into());
        let key = |version, bytes: &[u8]| ChallengeKey::new(u8::try_from(version).ok()?, bytes).ok();
        let mut keys = self.resolved(SecretKind::Challenge, path, key).take(2);
        let current = keys.next().ok_or_else(damaged)??;
        let before = current.version().checked_sub(1);
        match keys.next().transpose()? {
            Some(previous) if Some(previous.version()) == before => {
                ChallengeKeys::new(current).with_previous(previous).map_err(|_| damaged())
            }
            _ => Ok(ChallengeKeys::new(current)),
        }
    }

    /// What tells every secret from others of its kind and version.
    ///
    /// # Errors
    ///
    /// As for [`peppers`](Self::peppers).
    pub fn checks(&self, path: &Path) -> Result<Vec<KeyCheck>, KeyFileError> {
        let of = |kind| {
            self.resolved(kind, path, move |version, bytes| Some(KeyCheck::of(kind, version, bytes)))
                .collect::<Vec<_>>()
        };
        SecretKind::ALL.into_iter().flat_map(of).collect()
    }

    /// The versions of a kind, newest first.
    pub(super) fn secrets(&self, kind: SecretKind) -> Vec<&SecretEntry> {
        let (entries, count) = match kind {
            SecretKind::Pepper => (&self.pepper, usize::MAX),
            SecretKind::TokenPepper if self.token_pepper.is_empty() => (&self.pepper, 1),
            SecretKind::TokenPepper => (&self.token_pepper, usize::MAX),
            SecretKind::Sealing => (&self.sealing, usize::MAX),
            SecretKind::Challenge => (&self.challenge, usize::MAX),
        };
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_by_key(|entry| std::cmp::Reverse(entry.version));
        sorted.truncate(count);
        sorted
    }

    /// What `make` makes of each version and its bytes, newest first.
    fn resolved<'f, T: 'f>(
        &'f self,
        kind: SecretKind,
        path: &'f Path,
        make: impl Fn(u32, &[u8]) -> Option<T> + 'f,
    ) -> impl Iterator<Item = Result<T, KeyFileError>> + 'f {
        self.secrets(kind).into_iter().map(move |entry| {
            let made = make(entry.version, &entry.bytes(kind, path)?);
            made.ok_or_else(|| KeyFileError::Secret(path.into(), kind, entry.version, SecretFault::Unusable))
        })
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

    /// The same text once more, for another entry.
    pub(super) fn copy(&self) -> Self {
        Self(self.0.clone())
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
        keys.token_peppers(&path).unwrap();
        assert_eq!(keys.checks(&path).unwrap().len(), 4);
        keys.sealer(&path).unwrap();
        keys.panel_key(&path).unwrap();
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
