//! The key rings of one listener over time, and their exchange when the key file changes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use time::OffsetDateTime;
use tollgate_apikey::Mode;

use super::current::Current;
use super::file::{KeyFile, KeyFileError};
use super::rings::{Rings, RingsError};
use super::succession::Succession;
use super::token_kind::TokenKind;
use super::watched_file::WatchedFile;
use crate::rng::Rng;

/// The rings of one listener: at each moment those of the keys that sign and verify then.
///
/// They are made ahead for every moment at which a key takes over or dies, so a server that keeps running follows a
/// rotation to the second, and no request waits for a key to be parsed.
#[derive(Debug)]
pub struct TokenRings {
    issuer: String,
    mode: Mode,
    /// By time; never empty.
    phases: Current<Box<[Phase]>>,
}

#[derive(Debug)]
struct Phase {
    /// Unix seconds.
    from: i64,
    rings: Arc<Rings>,
}

/// The key file of a running server, and the rings that were made of it.
pub struct SigningKeys {
    path: PathBuf,
    rng: Rng,
    state: Mutex<State>,
}

struct State {
    keys: KeyFile,
    file: WatchedFile,
    listeners: Vec<Weak<TokenRings>>,
}

/// The changed key file cannot be used; the keys read before stay in use.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Its signing keys.
    #[error(transparent)]
    Rings(#[from] RingsError),
}

impl TokenRings {
    /// The rings at a moment.
    #[must_use]
    pub fn at(&self, now: OffsetDateTime) -> Arc<Rings> {
        let phases = self.phases.get();
        let past = phases.partition_point(|phase| phase.from <= now.unix_timestamp());
        // A clock that was set back gets the rings of the start.
        phases[past.saturating_sub(1)].rings.clone()
    }
}

impl SigningKeys {
    /// Reads the file for its signing keys.
    ///
    /// # Errors
    ///
    /// As for [`KeyFile::read`].
    pub fn open(path: &Path, rng: Rng) -> Result<Self, KeyFileError> {
        let (file, keys) = WatchedFile::open(path)?;
        let state = State { keys, file, listeners: Vec::new() };
        Ok(Self { path: path.into(), rng, state: Mutex::new(state) })
    }

    /// The rings of a listener whose external base URL is `issuer`; they follow the key file.
    ///
    /// # Errors
    ///
    /// [`RingsError`] when a key is missing or damaged.
    pub fn rings(&self, issuer: &str, mode: Mode, now: OffsetDateTime) -> Result<Arc<TokenRings>, RingsError> {
        let mut state = self.lock();
        let phases = phases(&state.keys, issuer, mode, now, &self.rng)?;
        let rings = Arc::new(TokenRings { issuer: issuer.to_owned(), mode, phases: Current::new(phases) });
        state.listeners.push(Arc::downgrade(&rings));
        Ok(rings)
    }

    /// Reads the file again if it is another one than before, and exchanges the rings of all listeners or of none.
    ///
    /// `true` when they were exchanged. A file that cannot be used is an error once, until it changes again; one that
    /// cannot be read is an error once, too, and is read as soon as it can be.
    ///
    /// # Errors
    ///
    /// [`RefreshError`]; all rings are as before then.
    pub fn refresh(&self, now: OffsetDateTime) -> Result<bool, RefreshError> {
        let mut state = self.lock();
        let Some(keys) = state.file.read(&self.path)? else { return Ok(false) };
        state.listeners.retain(|rings| rings.strong_count() > 0);
        let mut exchanges = Vec::new();
        for rings in state.listeners.iter().filter_map(Weak::upgrade) {
            let phases = phases(&keys, &rings.issuer, rings.mode, now, &self.rng)?;
            exchanges.push((rings, phases));
        }
        for (rings, phases) in exchanges {
            rings.phases.exchange(phases);
        }
        state.keys = keys;
        Ok(true)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(redacted)")
    }
}

/// The rings of now, and of every later moment at which a key takes over or dies.
fn phases(
    keys: &KeyFile,
    issuer: &str,
    mode: Mode,
    now: OffsetDateTime,
    rng: &Rng,
) -> Result<Box<[Phase]>, RingsError> {
    let now = now.unix_timestamp();
    let mut moments: Vec<i64> = TokenKind::ALL
        .into_iter()
        .flat_map(|kind| Succession::new(keys.signing(kind)).changes().collect::<Vec<_>>())
        .filter(|moment| *moment > now)
        .chain([now])
        .collect();
    moments.sort_unstable();
    moments.dedup();
    let phase = |from| Ok(Phase { from, rings: Arc::new(Rings::new(keys, issuer, mode, from, rng)?) });
    moments.into_iter().map(phase).collect()
}
