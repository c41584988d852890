//! Rotating the signing keys in the key file.

use time::{Duration, OffsetDateTime};
use tollgate_jwt_session::{Algorithm, MAX_KEYS};

use super::file::{KeyFile, KeyFileError};
use super::signing_entry::SigningEntry;
use super::succession::{KeyState, Succession};
use super::token_kind::TokenKind;
use crate::rng::Rng;

/// Why keys are rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationReason {
    /// Nobody else knows the old key: what it signed lives out its time.
    Routine,
    /// The old key may be known: what it signed is refused as soon as the new one signs.
    Compromised,
}

/// A signing key as people see it; moments are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyLine {
    /// What it signs.
    pub kind: TokenKind,
    /// Its name.
    pub kid: String,
    /// What it is for now.
    pub state: KeyState,
    /// From when on it signs; unknown for keys of earlier releases.
    pub use_from: Option<i64>,
    /// From when on nothing it signed is accepted; `None` while no key is to follow it.
    pub dead_at: Option<i64>,
}

/// The keys were not rotated; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// Verifiers would meet the key before they had a day to read it.
    #[error(
        "an ES256 key ({kind}) signs 24h after it is published at the earliest; a key that others may know is replaced \
         with --compromised",
        kind = .0.as_str()
    )]
    Early(TokenKind),
    /// The date lies too far ahead or behind.
    #[error("a new key signs within 90 days")]
    Late,
    /// A key could not be made.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// There are as many keys as a ring may have.
    #[error("there are {MAX_KEYS} keys for {kind}: prune the dead ones first", kind = .0.as_str())]
    TooMany(TokenKind),
    /// The last rotation is not over.
    #[error("{1} already waits to sign for {kind}: list shows from when on", kind = .0.as_str())]
    Waiting(TokenKind, String),
}

/// The shortest time from the publication of an ES256 key to its first use: verifiers read key sets daily at worst.
pub const MIN_PUBLICATION: Duration = Duration::DAY;
/// The longest time to the first use.
const MAX_WAIT: Duration = Duration::days(90);

impl KeyFile {
    /// Adds a key of each kind that signs from `use_after` on, and answers the new ones.
    ///
    /// When the current key is to end earlier, because an earlier call said that it may be known, the new one signs from
    /// that end on: nothing gives such a key a longer life.
    ///
    /// # Errors
    ///
    /// [`RotationError`] as its variants say; then no key was added.
    pub fn rotate(
        &mut self,
        kinds: &[TokenKind],
        use_after: Duration,
        reason: RotationReason,
        now: OffsetDateTime,
        rng: &Rng,
    ) -> Result<Vec<SigningKeyLine>, RotationError> {
        if use_after.is_negative() || use_after > MAX_WAIT {
            return Err(RotationError::Late);
        }
        let use_from = now.unix_timestamp().saturating_add(use_after.whole_seconds());
        let mut added = Vec::new();
        for &kind in kinds {
            let published = kind.algorithm() == Algorithm::Es256;
            if published && reason == RotationReason::Routine && use_after < MIN_PUBLICATION {
                return Err(RotationError::Early(kind));
            }
            let use_from = match reason {
                RotationReason::Routine => use_from,
                RotationReason::Compromised => {
                    self.promised_end(kind, now).map_or(use_from, |end| use_from.min(end.max(now.unix_timestamp())))
                }
            };
            let lines = self.signing_keys(&[kind], now);
            if let Some(next) = lines.iter().find(|line| line.state == KeyState::Next)
                && reason == RotationReason::Routine
            {
                return Err(RotationError::Waiting(kind, next.kid.clone()));
            }
            // With a key that may be known goes all that is dead by then, so what is dead never stands in its way.
            let goes = |state| match reason {
                RotationReason::Routine => state == KeyState::Next,
                RotationReason::Compromised => {
                    matches!(state, KeyState::Next | KeyState::Dead) || use_from <= now.unix_timestamp()
                }
            };
            if lines.iter().filter(|line| !goes(line.state)).count() >= MAX_KEYS {
                return Err(RotationError::TooMany(kind));
            }
            added.push(SigningEntry::generate(kind, now, use_from, rng)?);
        }
        let names: Vec<String> = added.iter().map(|entry| entry.kid.clone()).collect();
        if reason == RotationReason::Compromised {
            self.prune(kinds, now);
            for new in &added {
                self.give_up(new.kind, new.use_from.unwrap_or(use_from), now);
            }
        }
        self.signing.extend(added);
        let mut lines = self.signing_keys(kinds, now);
        lines.retain(|line| names.contains(&line.kid));
        Ok(lines)
    }

    /// Removes the keys of these kinds of which no token lives, and answers them.
    pub fn prune(&mut self, kinds: &[TokenKind], now: OffsetDateTime) -> Vec<SigningKeyLine> {
        let mut dead = self.signing_keys(kinds, now);
        dead.retain(|line| line.state == KeyState::Dead);
        self.signing.retain(|entry| !dead.iter().any(|line| line.kind == entry.kind && line.kid == entry.kid));
        dead
    }

    /// The keys of these kinds: of each kind the one that signs, those to come, those that were.
    #[must_use]
    pub fn signing_keys(&self, kinds: &[TokenKind], now: OffsetDateTime) -> Vec<SigningKeyLine> {
        let line = |kind| {
            let succession = Succession::new(self.signing(kind));
            let keys = succession.at(now.unix_timestamp());
            let lines = keys.into_iter().map(|(key, state)| SigningKeyLine {
                kind,
                kid: key.entry.kid.clone(),
                state,
                use_from: key.entry.use_from,
                dead_at: key.dead_at,
            });
            lines.collect::<Vec<_>>()
        };
        kinds.iter().copied().flat_map(line).collect()
    }

    /// When the key that signs must no longer be accepted, if that was said.
    fn promised_end(&self, kind: TokenKind, now: OffsetDateTime) -> Option<i64> {
        let succession = Succession::new(self.signing(kind));
        let keys = succession.at(now.unix_timestamp());
        keys.first().and_then(|(current, _)| current.entry.verify_until)
    }

    /// Keys that may be known end at `end`; those that never signed are thrown away.
    fn give_up(&mut self, kind: TokenKind, end: i64, now: OffsetDateTime) {
        let lines = self.signing_keys(&[kind], now);
        let state = |entry: &SigningEntry| {
            lines.iter().find(|line| line.kind == entry.kind && line.kid == entry.kid).map(|line| line.state)
        };
        self.signing.retain(|entry| state(entry) != Some(KeyState::Next));
        for entry in self.signing.iter_mut().filter(|entry| entry.kind == kind) {
            entry.verify_until = Some(entry.verify_until.map_or(end, |until| until.min(end)));
        }
    }
}
