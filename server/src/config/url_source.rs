//! Where a URL that may hold a password is read from: a file or a variable, never the configuration itself.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::Problem;

/// What holds the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlSource {
    /// A file that only its owner and group can read.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
}

/// The URL cannot be read; no text says anything of it.
#[derive(Debug, thiserror::Error)]
pub enum UrlSourceError {
    /// The file is empty, too long or no text.
    #[error("{path} holds no URL", path = .0.display())]
    Content(PathBuf),
    /// Others than its owner and group may read the file, or others than its owner may change it.
    #[error("{path} is open to others than its owner: run chmod 600 on it, or 640 for a group that may read it", path = .0.display())]
    Open(PathBuf),
    /// The file cannot be read.
    #[error("{path} cannot be read: {1}", path = .0.display())]
    Unreadable(PathBuf, std::io::Error),
    /// The variable is not set, empty or no text.
    #[error("the environment variable {0} holds no URL")]
    Variable(String),
}

/// The longest URL, in bytes.
const MAX_LEN: usize = 4096;
/// Permissions that a file with a password must not give.
const FORBIDDEN: u32 = 0o027;

impl UrlSource {
    /// Reads the URL, without the blanks and line breaks around it.
    ///
    /// # Errors
    ///
    /// [`UrlSourceError`] as its variants say.
    pub fn read(&self) -> Result<Zeroizing<String>, UrlSourceError> {
        match self {
            Self::File(path) => {
                let unreadable = |error| UrlSourceError::Unreadable(path.clone(), error);
                let file = File::open(path).map_err(unreadable)?;
                if file.metadata().map_err(unreadable)?.mode() & FORBIDDEN != 0 {
                    return Err(UrlSourceError::Open(path.clone()));
                }
                let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN + 1));
                file.take(MAX_LEN as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
                let text = std::str::from_utf8(&bytes).ok().and_then(plain);
                text.ok_or_else(|| UrlSourceError::Content(path.clone()))
            }
            Self::Variable(name) => {
                let text = std::env::var(name).map(Zeroizing::new).ok();
                text.as_deref().and_then(|text| plain(text)).ok_or_else(|| UrlSourceError::Variable(name.clone()))
            }
        }
    }
}

/// One of the two, which `key` names.
pub(super) fn resolve(
    key: &str,
    file: Option<PathBuf>,
    variable: Option<String>,
    folder: &Path,
) -> Result<UrlSource, Problem> {
    match (file, variable) {
        (Some(file), None) => Ok(UrlSource::File(folder.join(file))),
        (None, Some(variable)) if is_name(&variable) => Ok(UrlSource::Variable(variable)),
        // The name is not repeated: it may be the URL itself, in the wrong place.
        (None, Some(_)) => Err(Problem::key(format!("{key}.url_env"), "is no name of an environment variable")),
        (None, None) => Err(Problem::key(key, "needs url_file or url_env: a URL with a password does not stand here")),
        (Some(_), Some(_)) => Err(Problem::key(format!("{key}.url_file"), "and url_env exclude each other")),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn plain(text: &str) -> Option<Zeroizing<String>> {
    let text = text.trim_ascii();
    (!text.is_empty() && text.len() <= MAX_LEN).then(|| Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_read_when_only_its_owner_and_group_can() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("url");
        let source = UrlSource::File(path.clone());
        assert!(matches!(source.read(), Err(UrlSourceError::Unreadable(..))));
        fs::write(&path, " postgres://u:secret@h/d\n").unwrap();
        for (mode, fits) in [(0o600, true), (0o640, true), (0o644, false), (0o660, false), (0o604, false)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match source.read() {
                Ok(url) => assert!(fits && *url == "postgres://u:secret@h/d", "{mode:o}"),
                Err(error) => assert!(!fits && !error.to_string().contains("secret"), "{mode:o}: {error}"),
            }
        }
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        for content in [Vec::new(), b"\n \n".to_vec(), vec![b'x'; MAX_LEN + 1], vec![0xff]] {
            fs::write(&path, &content).unwrap();
            assert!(matches!(source.read(), Err(UrlSourceError::Content(_))), "{} bytes", content.len());
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = UrlSource::Variable("TOLLGATE_NO_SUCH_URL".into()).read().unwrap_err();
        assert!(error.to_string().contains("TOLLGATE_NO_SUCH_URL"), "{error}");
    }
}
