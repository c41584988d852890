//! Rotating the symmetric secrets in the key file.

use std::path::Path;

use subtle::ConstantTimeEq as _;
use time::{Duration, OffsetDateTime};
use tollgate_apikey::MAX_PEPPERS;
use tollgate_challenge_signature::LIFETIME;

use super::file::{KeyFile, KeyFileError};
use super::rotation::RotationReason;
use super::secret_entry::{NewSecret, SecretEntry};
use super::secret_kind::SecretKind;
use crate::rng::Rng;

/// A secret as people see it; moments are Unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretKeyLine {
    /// What it is for.
    pub kind: SecretKind,
    /// Its version.
    pub version: u32,
    /// What it is for now.
    pub state: SecretState,
    /// When it was made; unknown for secrets of earlier releases.
    pub created_at: Option<i64>,
    /// Where it lies, when it is not in the key file itself.
    pub elsewhere: Option<String>,
}

/// A new version that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRotation {
    /// Of which kind.
    pub kind: SecretKind,
    /// Where its secret comes from.
    pub source: NewSecret,
    /// What becomes of the old versions: with [`Compromised`](RotationReason::Compromised) they are taken out.
    pub reason: RotationReason,
    /// The highest version that was ever in use; the new one is higher.
    pub known: u32,
}

/// What a secret is for at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretState {
    /// What is made now is made with it.
    Current,
    /// What was made with it may still be in use.
    Previous,
    /// Nothing needs it.
    Dead,
}

/// The secrets were not rotated; the file is as before.
#[derive(Debug, thiserror::Error)]
pub enum SecretRotationError {
    /// Its challenges live, and only one older key is kept.
    #[error(
        "the challenges of the key before still live: rotate again five minutes after the last time, or with --compromised"
    )]
    Early,
    /// The key could not be made.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// What was made with the old one is on record and lives on.
    #[error("a {kind} key cannot be given up at once: stored records need it", kind = .0.as_str())]
    Lasting(SecretKind),
    /// The new secret is an old one.
    #[error("the new {kind} secret is one of the old ones", kind = .0.as_str())]
    Same(SecretKind),
    /// There are as many versions as a kind may have.
    #[error("there are {MAX_PEPPERS} {kind} keys: prune those that nothing needs first", kind = .0.as_str())]
    TooMany(SecretKind),
    /// The versions are used up.
    #[error("there is no {kind} version after {1}", kind = .0.as_str())]
    UsedUp(SecretKind, u32),
}

/// How long after it was replaced a key may still be used by a request that runs: longer than any may take.
const SETTLING: Duration = Duration::MINUTE;

impl SecretState {
    /// Its name in lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Dead => "dead",
        }
    }
}

impl KeyFile {
    /// Adds a version of a kind, which is the current one from then on, and answers it. `path` is where the file is.
    ///
    /// # Errors
    ///
    /// [`SecretRotationError`] as its variants say.
    pub fn rotate_secret(
        &mut self,
        rotation: SecretRotation,
        path: &Path,
        now: OffsetDateTime,
        rng: &Rng,
    ) -> Result<SecretKeyLine, SecretRotationError> {
        let SecretRotation { kind, source, reason, known } = rotation;
        let entries = self.secrets(kind);
        let newest = entries.first().map_or(0, |entry| entry.version).max(known);
        let made = entries.first().and_then(|entry| entry.created_at);
        let count = entries.len();
        let version = newest.checked_add(1).filter(|version| *version <= kind.last_version());
        let version = version.ok_or(SecretRotationError::UsedUp(kind, newest))?;
        match reason {
            RotationReason::Compromised if !kind.is_short_lived() => return Err(SecretRotationError::Lasting(kind)),
            RotationReason::Routine if count >= MAX_PEPPERS => return Err(SecretRotationError::TooMany(kind)),
            RotationReason::Routine
                if kind == SecretKind::Challenge && count > 1 && !outlived(made, LIFETIME + SETTLING, now) =>
            {
                return Err(SecretRotationError::Early);
            }
            _ => {}
        }
        let new = SecretEntry::new(version, source, now.unix_timestamp(), rng)?;
        let secret = new.bytes(kind, path)?;
        for old in self.secrets(kind) {
            if bool::from(old.bytes(kind, path)?.ct_eq(&secret)) {
                return Err(SecretRotationError::Same(kind));
            }
        }
        // As long as they have none of their own, browser tokens go by the newest pepper, and must not lose it.
        if self.token_pepper.is_empty() && matches!(kind, SecretKind::Pepper | SecretKind::TokenPepper) {
            self.token_pepper = self.secrets(SecretKind::TokenPepper).into_iter().map(SecretEntry::copy).collect();
        }
        let entries = self.entries(kind);
        match (reason, kind) {
            (RotationReason::Compromised, _) => entries.clear(),
            // Of challenge keys no more than two count.
            (RotationReason::Routine, SecretKind::Challenge) => entries.retain(|entry| entry.version == newest),
            (RotationReason::Routine, _) => {}
        }
        let line = line(kind, &new, SecretState::Current);
        entries.push(new);
        Ok(line)
    }

    /// Takes out the versions of these kinds that nothing needs, and answers them.
    ///
    /// `needed` says how many stored records need a version, and `settled` since when, in Unix seconds, nothing more
    /// begins to be made with old ones; the current one is never taken out.
    pub fn prune_secrets(
        &mut self,
        kinds: &[SecretKind],
        needed: impl Fn(SecretKind, u32) -> u64,
        settled: i64,
        now: OffsetDateTime,
    ) -> Vec<SecretKeyLine> {
        let mut dead = self.secret_keys(kinds, needed, settled, now);
        dead.retain(|line| line.state == SecretState::Dead);
        for line in &dead {
            self.entries(line.kind).retain(|entry| entry.version != line.version);
        }
        dead
    }

    /// The versions of these kinds, of each the newest first; `needed` and `settled` as for
    /// [`prune_secrets`](Self::prune_secrets).
    #[must_use]
    pub fn secret_keys(
        &self,
        kinds: &[SecretKind],
        needed: impl Fn(SecretKind, u32) -> u64,
        settled: i64,
        now: OffsetDateTime,
    ) -> Vec<SecretKeyLine> {
        let mut lines = Vec::new();
        for &kind in kinds {
            let lingers = if kind == SecretKind::Challenge { LIFETIME + SETTLING } else { SETTLING };
            let mut successor: Option<&SecretEntry> = None;
            for entry in self.secrets(kind) {
                let state = match successor {
                    None => SecretState::Current,
                    Some(next)
                        if needed(kind, entry.version) == 0
                            && outlived(next.created_at, lingers, now)
                            && outlived(Some(settled), lingers, now) =>
                    {
                        SecretState::Dead
                    }
                    Some(_) => SecretState::Previous,
                };
                lines.push(line(kind, entry, state));
                successor = Some(entry);
            }
        }
        lines
    }

    /// Where secrets lie that the file only names.
    #[must_use]
    pub fn secrets_elsewhere(&self) -> Vec<String> {
        SecretKind::ALL.into_iter().flat_map(|kind| self.secrets(kind)).filter_map(SecretEntry::elsewhere).collect()
    }

    fn entries(&mut self, kind: SecretKind) -> &mut Vec<SecretEntry> {
        match kind {
            SecretKind::Pepper => &mut self.pepper,
            SecretKind::TokenPepper => &mut self.token_pepper,
            SecretKind::Sealing => &mut self.sealing,
            SecretKind::Challenge => &mut self.challenge,
        }
    }
}

/// Whether so much time has gone since; a secret without a date is old.
fn outlived(since: Option<i64>, time: Duration, now: OffsetDateTime) -> bool {
    since.is_none_or(|since| since.saturating_add(time.whole_seconds()) <= now.unix_timestamp())
}

fn line(kind: SecretKind, entry: &SecretEntry, state: SecretState) -> SecretKeyLine {
    let SecretEntry { version, created_at, .. } = *entry;
    SecretKeyLine { kind, version, state, created_at, elsewhere: entry.elsewhere() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(dir: &Path) -> KeyFile {
        KeyFile::create(&dir.join("keys.toml"), at(0), &Rng::system()).unwrap()
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_767_225_600 + seconds).unwrap()
    }

    fn rotate(keys: &mut KeyFile, kind: SecretKind, seconds: i64) -> Result<SecretKeyLine, SecretRotationError> {
        rotate_from(keys, kind, RotationReason::Routine, 0, seconds)
    }

    fn rotate_from(
        keys: &mut KeyFile,
        kind: SecretKind,
        reason: RotationReason,
        known: u32,
        seconds: i64,
    ) -> Result<SecretKeyLine, SecretRotationError> {
        let rotation = SecretRotation { kind, source: NewSecret::Random, reason, known };
        keys.rotate_secret(rotation, Path::new("keys.toml"), at(seconds), &Rng::system())
    }

    fn states(keys: &KeyFile, kind: SecretKind, needed: u64, seconds: i64) -> String {
        let lines = keys.secret_keys(&[kind], |_, _| needed, i64::MIN, at(seconds));
        let words: Vec<_> = lines.iter().map(|line| format!("{} {}", line.version, line.state.as_str())).collect();
        words.join(", ")
    }

    #[test]
    fn a_version_is_taken_out_when_nothing_needs_it_and_no_request_can_still_use_it() {
        let dir = tempfile::tempdir().unwrap();
        for kind in [SecretKind::Pepper, SecretKind::TokenPepper, SecretKind::Sealing] {
            let mut keys = keys(dir.path());
            std::fs::remove_file(dir.path().join("keys.toml")).unwrap();
            rotate(&mut keys, kind, 10).unwrap();
            assert_eq!(states(&keys, kind, 3, 9000), "2 current, 1 previous");
            assert_eq!(states(&keys, kind, 0, 69), "2 current, 1 previous");
            assert_eq!(states(&keys, kind, 0, 70), "2 current, 1 dead");
            assert!(keys.prune_secrets(&[kind], |_, _| 3, i64::MIN, at(9000)).is_empty());
            let taken_over = at(40).unix_timestamp();
            assert!(keys.prune_secrets(&[kind], |_, _| 0, taken_over, at(99)).is_empty(), "taken over late");
            assert_eq!(keys.prune_secrets(&SecretKind::ALL, |_, _| 0, taken_over, at(100)).len(), 1);
            assert_eq!(states(&keys, kind, 0, 9000), "2 current", "the current one stays");
        }
    }

    #[test]
    fn the_challenges_of_a_key_outlive_its_rotation() {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = keys(dir.path());
        rotate(&mut keys, SecretKind::Challenge, 0).unwrap();
        assert_eq!(states(&keys, SecretKind::Challenge, 0, 359), "2 current, 1 previous");
        assert!(matches!(rotate(&mut keys, SecretKind::Challenge, 359), Err(SecretRotationError::Early)));
        assert_eq!(states(&keys, SecretKind::Challenge, 0, 360), "2 current, 1 dead");
        rotate(&mut keys, SecretKind::Challenge, 360).unwrap();
        assert_eq!(states(&keys, SecretKind::Challenge, 0, 360), "3 current, 2 previous");
        rotate_from(&mut keys, SecretKind::Challenge, RotationReason::Compromised, 0, 361).unwrap();
        assert_eq!(states(&keys, SecretKind::Challenge, 0, 361), "4 current");
        let path = dir.path().join("keys.toml");
        keys.challenge_keys(&path).unwrap();
    }

    #[test]
    fn a_version_the_database_has_seen_is_not_given_again_and_a_byte_holds_that_of_a_challenge_key() {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = keys(dir.path());
        let mut rotate = |kind, known| rotate_from(&mut keys, kind, RotationReason::Routine, known, 9000);
        assert_eq!(rotate(SecretKind::Pepper, 6).unwrap().version, 7);
        assert_eq!(rotate(SecretKind::Challenge, 254).unwrap().version, 255);
        assert!(matches!(rotate(SecretKind::Challenge, 255), Err(SecretRotationError::UsedUp(_, 255))));
        keys.challenge_keys(&dir.path().join("keys.toml")).unwrap();
    }

    #[test]
    fn versions_of_which_records_stay_are_bounded_and_cannot_be_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = keys(dir.path());
        for kind in [SecretKind::Pepper, SecretKind::Sealing] {
            let refused = rotate_from(&mut keys, kind, RotationReason::Compromised, 0, 0);
            assert!(matches!(refused, Err(SecretRotationError::Lasting(_))));
            for _ in 1..MAX_PEPPERS {
                rotate(&mut keys, kind, 0).unwrap();
            }
            assert!(matches!(rotate(&mut keys, kind, 0), Err(SecretRotationError::TooMany(_))));
        }
    }
}
