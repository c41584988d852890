//! A version of a symmetric secret, as it stands in the key file: in clear, or the place where it lies.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ring::hmac;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::file::{KeyFileError, Secret};
use super::secret_kind::SecretKind;
use crate::rng::Rng;

/// A version and its secret: exactly one of the three places is given.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretEntry {
    pub(super) version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<Secret>,
    /// A file with the base64 text; a relative path starts at the directory of the key file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_file: Option<PathBuf>,
    /// A variable of the server's environment with the base64 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_env: Option<String>,
    /// When it was made, in Unix seconds; files of earlier releases do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<i64>,
}

/// Where a new secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewSecret {
    /// A variable of the server's environment.
    Environment(String),
    /// A file.
    File(PathBuf),
    /// 32 random bytes, kept in the key file.
    Random,
}

/// What is wrong with a secret; the sentence goes on behind its name.
#[derive(Debug, thiserror::Error)]
pub enum SecretFault {
    /// The environment lacks it.
    #[error("is not in the environment: {0} is not set")]
    Absent(String),
    /// Others may read or change its file.
    #[error("lies in {path}, which others can read or change: run chmod 600 on it", path = .0.display())]
    Open(PathBuf),
    /// None or several places are given.
    #[error("must be given in exactly one of secret, secret_file and secret_env")]
    Places,
    /// Its file does not read.
    #[error("cannot be read from {path}: {1}", path = .0.display())]
    Unreadable(PathBuf, std::io::Error),
    /// It is no base64 text, or of another length.
    #[error("is not base64 of as many bytes as it must have")]
    Unusable,
}

/// Shows which secret a version is without telling it: HMAC-SHA256 of a constant under it.
///
/// No digest that is kept under a pepper is over a text of this form: keys have no colon, and the others begin with
/// another word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyCheck {
    /// What the secret is for.
    pub kind: SecretKind,
    /// Its version.
    pub version: u32,
    /// The HMAC.
    pub value: [u8; 32],
}

impl SecretEntry {
    /// The longest secret in a file, in bytes of its text.
    const MAX_TEXT: u64 = 4096;

    pub(super) fn generate(version: u32, created_at: i64, rng: &Rng) -> Result<Self, KeyFileError> {
        Ok(Self { secret: Some(Secret::random(rng)?), ..Self::empty(version, Some(created_at)) })
    }

    pub(super) fn new(version: u32, source: NewSecret, created_at: i64, rng: &Rng) -> Result<Self, KeyFileError> {
        let empty = Self::empty(version, Some(created_at));
        Ok(match source {
            NewSecret::Environment(name) => Self { secret_env: Some(name), ..empty },
            NewSecret::File(path) => Self { secret_file: Some(path), ..empty },
            NewSecret::Random => Self::generate(version, created_at, rng)?,
        })
    }

    /// The same version and secret, for another kind.
    pub(super) fn copy(&self) -> Self {
        Self {
            secret: self.secret.as_ref().map(Secret::copy),
            secret_file: self.secret_file.clone(),
            secret_env: self.secret_env.clone(),
            ..Self::empty(self.version, self.created_at)
        }
    }

    fn empty(version: u32, created_at: Option<i64>) -> Self {
        Self { version, secret: None, secret_file: None, secret_env: None, created_at }
    }

    /// Where the secret lies, when it is not in the key file itself.
    pub(super) fn elsewhere(&self) -> Option<String> {
        let file = self.secret_file.as_ref().map(|path| path.display().to_string());
        file.or_else(|| self.secret_env.as_ref().map(|name| format!("${name}")))
    }

    /// The bytes of the secret; `path` is that of the key file.
    pub(super) fn bytes(&self, kind: SecretKind, path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        let directory = path.parent().unwrap_or(Path::new(""));
        self.resolve(directory).map_err(|fault| KeyFileError::Secret(path.into(), kind, self.version, fault))
    }

    fn resolve(&self, directory: &Path) -> Result<Zeroizing<Vec<u8>>, SecretFault> {
        let text = match (&self.secret, &self.secret_file, &self.secret_env) {
            (Some(secret), None, None) => return secret.decode().ok_or(SecretFault::Unusable),
            (None, Some(file), None) => read(&directory.join(file))?,
            (None, None, Some(name)) => {
                Zeroizing::new(std::env::var(name).map_err(|_| SecretFault::Absent(name.clone()))?)
            }
            _ => return Err(SecretFault::Places),
        };
        let line = text.strip_suffix('\n').unwrap_or(&text);
        Secret::from_text(line.to_owned()).decode().ok_or(SecretFault::Unusable)
    }
}

impl KeyCheck {
    pub(super) fn of(kind: SecretKind, version: u32, secret: &[u8]) -> Self {
        let text = format!("check:{}:{version}", kind.as_str());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
        let mut value = [0; 32];
        value.copy_from_slice(tag.as_ref());
        Self { kind, version, value }
    }
}

/// Reads a small file that only its owner and perhaps its group can read.
fn read(path: &Path) -> Result<Zeroizing<String>, SecretFault> {
    let unreadable = |error| SecretFault::Unreadable(path.into(), error);
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(unreadable(std::io::Error::other("it is not a file")));
    }
    if metadata.mode() & 0o027 != 0 {
        return Err(SecretFault::Open(path.into()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(SecretEntry::MAX_TEXT).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn entry(secret: Option<&str>, file: Option<&str>) -> SecretEntry {
        SecretEntry {
            secret: secret.map(|text| Secret::from_text(text.to_owned())),
            secret_file: file.map(PathBuf::from),
            ..SecretEntry::empty(1, None)
        }
    }

    #[test]
    fn a_secret_has_exactly_one_place() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(entry(None, None).resolve(dir.path()), Err(SecretFault::Places)));
        assert!(matches!(entry(Some("QUJD"), Some("x")).resolve(dir.path()), Err(SecretFault::Places)));
        assert_eq!(**entry(Some("QUJD"), None).resolve(dir.path()).unwrap(), *b"ABC");
    }

    #[test]
    fn a_secret_file_is_read_beside_the_key_file_and_only_when_others_cannot() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pepper");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let read = || entry(None, Some("pepper")).resolve(dir.path());
        assert!(matches!(read(), Err(SecretFault::Unreadable(..))));
        std::fs::write(&path, "QUJD\n").unwrap();
        for open in [0o644, 0o604, 0o620] {
            mode(open);
            assert!(matches!(read(), Err(SecretFault::Open(_))), "{open:o}");
        }
        mode(0o440);
        assert_eq!(**read().unwrap(), *b"ABC");
        mode(0o600);
        for damaged in ["QUJD\n\n", "=", "SECRETMARK!"] {
            std::fs::write(&path, damaged).unwrap();
            let fault = read().unwrap_err();
            assert!(matches!(fault, SecretFault::Unusable), "{damaged:?}");
            assert!(!fault.to_string().contains("SECRETMARK"));
        }
    }

    #[test]
    fn a_check_depends_on_the_secret_the_kind_and_the_version() {
        let check = KeyCheck::of(SecretKind::Pepper, 1, &[7; 32]).value;
        assert_eq!(check, KeyCheck::of(SecretKind::Pepper, 1, &[7; 32]).value);
        for (label, other) in [
            ("secret", KeyCheck::of(SecretKind::Pepper, 1, &[8; 32])),
            ("kind", KeyCheck::of(SecretKind::TokenPepper, 1, &[7; 32])),
            ("version", KeyCheck::of(SecretKind::Pepper, 2, &[7; 32])),
        ] {
            assert_ne!(check, other.value, "{label}");
        }
    }
}
