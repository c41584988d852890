//! The symmetric secrets in use, and their exchange when the key file changes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::Guard;
use time::OffsetDateTime;
use tollgate_apikey::Peppers;
use tollgate_challenge_signature::ChallengeKeys;

use super::current::Current;
use super::file::{KeyFile, KeyFileError};
use super::panel_key::PanelKey;
use super::sealer::Sealer;
use super::secret_entry::{KeyCheck, SecretFault};
use super::secret_kind::SecretKind;
use super::token_peppers::TokenPeppers;
use super::watched_file::{ReadFault, WatchedFile};

/// The symmetric secrets of a running server.
///
/// A changed file is read by [`look`](Self::look) and counts from [`put_in_use`](Self::put_in_use) on. Between the two
/// its [`checks`](SecretKeySet::checks) are held against what the database knows of each version.
pub struct SecretKeys {
    path: PathBuf,
    seen: Mutex<Seen>,
    peppers: Current<Peppers>,
    token_peppers: Current<TokenPeppers>,
    challenge_keys: Current<ChallengeKeys>,
    panel_key: Current<PanelKey>,
    sealer: Arc<Sealer>,
    newest: Mutex<Newest>,
}

/// The versions that things are made with, one of each kind.
struct Newest {
    checks: Vec<KeyCheck>,
    /// Since when, in Unix seconds.
    since: i64,
}

/// What the last look saw.
struct Seen {
    file: WatchedFile,
    /// How it failed, if the system did not let a file be read that the key file names.
    failed: Option<ReadFault>,
}

/// All symmetric secrets of a key file, ready for use.
pub struct SecretKeySet {
    peppers: Peppers,
    token_peppers: TokenPeppers,
    challenge_keys: ChallengeKeys,
    panel_key: PanelKey,
    sealer: Sealer,
    checks: Vec<KeyCheck>,
}

impl SecretKeySet {
    /// The secrets of a file that was read at `path`.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`] when one cannot be used.
    pub fn of(keys: &KeyFile, path: &Path) -> Result<Self, KeyFileError> {
        Ok(Self {
            peppers: keys.peppers(path)?,
            token_peppers: keys.token_peppers(path)?,
            challenge_keys: keys.challenge_keys(path)?,
            panel_key: keys.panel_key(path)?,
            sealer: keys.sealer(path)?,
            checks: keys.checks(path)?,
        })
    }

    /// What tells each of them from others of its kind and version.
    #[must_use]
    pub fn checks(&self) -> &[KeyCheck] {
        &self.checks
    }
}

impl SecretKeys {
    /// Reads the file for its symmetric secrets; their checks come with them.
    ///
    /// # Errors
    ///
    /// As for [`KeyFile::read`] and [`SecretKeySet::of`].
    pub fn open(path: &Path) -> Result<(Self, Vec<KeyCheck>), KeyFileError> {
        let (file, keys) = WatchedFile::open(path)?;
        let SecretKeySet { peppers, token_peppers, challenge_keys, panel_key, sealer, checks } =
            SecretKeySet::of(&keys, path)?;
        let keys = Self {
            path: path.into(),
            seen: Mutex::new(Seen { file, failed: None }),
            peppers: Current::new(peppers),
            token_peppers: Current::new(token_peppers),
            challenge_keys: Current::new(challenge_keys),
            panel_key: Current::new(panel_key),
            sealer: Arc::new(sealer),
            // No request of this process has used others.
            newest: Mutex::new(Newest { checks: newest(&checks), since: i64::MIN }),
        };
        Ok((keys, checks))
    }

    /// Reads the file if it is another one than at the last look. A file that cannot be used is an error once, until it
    /// changes again; one that cannot be read, itself or a file that it names, is one once, too, and is read as soon as
    /// it can be.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub fn look(&self) -> Result<Option<SecretKeySet>, KeyFileError> {
        let mut seen = self.lock();
        let Some(keys) = seen.file.read(&self.path)? else { return Ok(None) };
        let judged = SecretKeySet::of(&keys, &self.path);
        let failed = match &judged {
            Err(KeyFileError::Secret(_, _, _, SecretFault::Unreadable(_, error))) => Some(ReadFault::of(error)),
            _ => None,
        };
        let before = std::mem::replace(&mut seen.failed, failed);
        if failed.is_some() {
            seen.file.read_again();
            if failed == before {
                return Ok(None);
            }
        }
        judged.map(Some)
    }

    /// Has the next look read the file, whether it changed or not, and tell what is wrong with it.
    pub fn look_again(&self) {
        let mut seen = self.lock();
        seen.file.read_again();
        seen.failed = None;
    }

    /// Uses these secrets from now on; who has taken one of those before finishes with it.
    pub fn put_in_use(&self, set: SecretKeySet, now: OffsetDateTime) {
        let SecretKeySet { peppers, token_peppers, challenge_keys, panel_key, sealer, checks } = set;
        self.peppers.exchange(peppers);
        self.token_peppers.exchange(token_peppers);
        self.challenge_keys.exchange(challenge_keys);
        self.panel_key.exchange(panel_key);
        self.sealer.exchange(sealer);
        let mut known = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let checks = newest(&checks);
        if known.checks != checks {
            *known = Newest { checks, since: now.unix_timestamp() };
        }
    }

    /// Since when nothing begins to be made with other versions than the newest, in Unix seconds.
    #[must_use]
    pub fn settled_since(&self) -> i64 {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).since
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The peppers under which key digests are kept.
    #[must_use]
    pub fn peppers(&self) -> Guard<Arc<Peppers>> {
        self.peppers.get()
    }

    /// The peppers under which browser tokens are kept.
    #[must_use]
    pub fn token_peppers(&self) -> Guard<Arc<TokenPeppers>> {
        self.token_peppers.get()
    }

    /// The keys that authenticate challenges.
    #[must_use]
    pub fn challenge_keys(&self) -> Guard<Arc<ChallengeKeys>> {
        self.challenge_keys.get()
    }

    /// The key behind the control panel's cookies, form tokens and links.
    #[must_use]
    pub fn panel_key(&self) -> Guard<Arc<PanelKey>> {
        self.panel_key.get()
    }

    /// Seals secrets that are needed in clear; it follows the file by itself.
    #[must_use]
    pub fn sealer(&self) -> Arc<Sealer> {
        self.sealer.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first of each kind; they come newest first.
fn newest(checks: &[KeyCheck]) -> Vec<KeyCheck> {
    let first = |kind| checks.iter().find(|check| check.kind == kind).copied();
    SecretKind::ALL.into_iter().filter_map(first).collect()
}

impl fmt::Debug for SecretKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKeySet(redacted)")
    }
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKeys(redacted)")
    }
}
