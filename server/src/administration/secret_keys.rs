//! The server's own secrets: rotating and pruning them under a running server.

use std::collections::HashMap;

use serde_json::json;
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use super::{Actor, Administration};
use crate::account::NewAuditEntry;
use crate::keys::{
    KeyCheck, KeyFile, KeyFileChange, KeyFileError, NewSecret, RotationReason, SecretKeyLine, SecretKeySet, SecretKind,
    SecretRotation, SecretRotationError,
};
use crate::storage::{KeyUse, SecretKeyRecords, StorageError, complete};

/// A secret and how many records need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretKey {
    /// The secret.
    pub line: SecretKeyLine,
    /// How many records need it; `None` for challenge keys, of whose work nothing is kept.
    pub records: Option<u64>,
}

/// The secrets could not be shown or changed, or may not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretKeyError {
    /// The key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// A secret is not the one that the records were made with.
    #[error(
        "{kind} {version} of the key file is not the secret that this database was written with: put the key file in \
         its place that belongs to the database",
        kind = .0.as_str(), version = .1
    )]
    Foreign(SecretKind, u32),
    /// A secret is not there, and records need it.
    #[error(
        "the key file lacks {kind} {version}, and {records} stored records need it: put the key file in its place that \
         belongs to the database",
        kind = .0.as_str(), version = .1, records = .2
    )]
    Lacking(SecretKind, u32, u64),
    /// The rotation.
    #[error(transparent)]
    Rotation(#[from] SecretRotationError),
    /// Storage did not answer.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Storage did not answer when the key file was changed already; its change counts.
    #[error("the key file has {kind} {version} now, but {source}: it is used as soon as the database answers", kind = .0.as_str(), version = .1, source = .2)]
    Unfinished(SecretKind, u32, StorageError),
}

impl Administration {
    /// The secrets of these kinds, of each the newest first.
    ///
    /// # Errors
    ///
    /// [`SecretKeyError::File`], [`SecretKeyError::Storage`].
    pub async fn secret_keys(&self, kinds: &[SecretKind]) -> Result<Vec<SecretKey>, SecretKeyError> {
        let now = self.clock.now();
        let needed = Needed::by(&self.directory.key_uses(now).await?);
        let path = self.secret_keys.path().to_owned();
        let keys = blocking(move || KeyFile::read(&path)).await??;
        let settled = self.secret_keys.settled_since();
        let lines = keys.secret_keys(kinds, |kind, version| needed.of(kind, version), settled, now);
        Ok(lines.into_iter().map(|line| needed.beside(line)).collect())
    }

    /// Adds a version of a kind and uses it from then on.
    ///
    /// # Errors
    ///
    /// [`SecretKeyError`] as its variants say.
    pub async fn rotate_secret_key(
        &self,
        actor: &Actor,
        kind: SecretKind,
        source: NewSecret,
        reason: RotationReason,
    ) -> Result<SecretKey, SecretKeyError> {
        let (administration, actor) = (self.clone(), actor.clone());
        // The file first, then the records: a check of a secret that is in no file would be in the way of the next.
        complete(async move { Ok(administration.rotate(&actor, kind, source, reason).await) }).await?
    }

    async fn rotate(
        &self,
        actor: &Actor,
        kind: SecretKind,
        source: NewSecret,
        reason: RotationReason,
    ) -> Result<SecretKey, SecretKeyError> {
        self.use_the_file().await?;
        let checks = self.directory.key_checks().await?;
        let known = checks.iter().filter(|check| check.kind == kind).map(|check| check.version).max().unwrap_or(0);
        let (path, rng, now) = (self.secret_keys.path().to_owned(), self.rng.clone(), self.clock.now());
        let line = blocking(move || {
            let mut change = KeyFileChange::begin(&path)?;
            let line = change.keys.rotate_secret(SecretRotation { kind, source, reason, known }, &path, now, &rng)?;
            // Also that it can be used: a file that the server cannot take over is not put in place.
            SecretKeySet::of(&change.keys, &path)?;
            change.commit(&rng)?;
            Ok::<_, SecretKeyError>(line)
        });
        let line = line.await??;
        self.finish_rotation(actor, &line, reason, now).await.map_err(|error| match error {
            SecretKeyError::Storage(error) => SecretKeyError::Unfinished(kind, line.version, error),
            other => other,
        })?;
        Ok(Needed::default().beside(line))
    }

    async fn finish_rotation(
        &self,
        actor: &Actor,
        line: &SecretKeyLine,
        reason: RotationReason,
        now: OffsetDateTime,
    ) -> Result<(), SecretKeyError> {
        self.take_over_secret_keys().await?;
        if line.kind == SecretKind::TokenPepper && reason == RotationReason::Compromised {
            self.directory.end_grants_before(line.version, now).await?;
            self.records.forget_grants();
            self.records.settle().await;
        }
        let given_up = reason == RotationReason::Compromised;
        Ok(self.note_secret_key(actor, "secret_key.rotated", line, given_up, now).await?)
    }

    /// Takes out the versions of these kinds that nothing needs, and answers them.
    ///
    /// # Errors
    ///
    /// [`SecretKeyError::File`], [`SecretKeyError::Storage`].
    pub async fn prune_secret_keys(
        &self,
        actor: &Actor,
        kinds: &'static [SecretKind],
    ) -> Result<Vec<SecretKeyLine>, SecretKeyError> {
        let (administration, actor) = (self.clone(), actor.clone());
        complete(async move { Ok(administration.prune(&actor, kinds).await) }).await?
    }

    async fn prune(&self, actor: &Actor, kinds: &'static [SecretKind]) -> Result<Vec<SecretKeyLine>, SecretKeyError> {
        self.use_the_file().await?;
        let (now, settled) = (self.clock.now(), self.secret_keys.settled_since());
        // Nothing new comes to need an old version, so what is counted before the change is never too little.
        let needed = Needed::by(&self.directory.key_uses(now).await?);
        let (path, rng) = (self.secret_keys.path().to_owned(), self.rng.clone());
        let pruned = blocking(move || {
            let mut change = KeyFileChange::begin(&path)?;
            let pruned = change.keys.prune_secrets(kinds, |kind, version| needed.of(kind, version), settled, now);
            if !pruned.is_empty() {
                change.commit(&rng)?;
            }
            Ok::<_, KeyFileError>(pruned)
        });
        let pruned = pruned.await??;
        self.take_over_secret_keys().await?;
        for line in &pruned {
            self.note_secret_key(actor, "secret_key.pruned", line, false, now).await?;
        }
        Ok(pruned)
    }

    /// Uses the secrets of the key file if it changed; `true` when it did.
    ///
    /// # Errors
    ///
    /// [`SecretKeyError`]; the secrets read before stay in use then.
    pub async fn take_over_secret_keys(&self) -> Result<bool, SecretKeyError> {
        let _one_at_a_time = self.taking_over.lock().await;
        let keys = self.secret_keys.clone();
        let Some(set) = blocking(move || keys.look()).await?? else { return Ok(false) };
        let now = self.clock.now();
        let confirmed = confirm_secret_keys(&*self.directory, set.checks(), now).await;
        if matches!(confirmed, Err(SecretKeyError::Storage(_))) {
            self.secret_keys.look_again();
        }
        confirmed?;
        self.secret_keys.put_in_use(set, now);
        self.reseal_wake.notify_one();
        Ok(true)
    }

    /// Makes sure that the file as it stands is in use: what is decided by its versions must hold for the server, too.
    async fn use_the_file(&self) -> Result<(), SecretKeyError> {
        self.secret_keys.look_again();
        self.take_over_secret_keys().await.map(drop)
    }

    async fn note_secret_key(
        &self,
        actor: &Actor,
        action: &'static str,
        line: &SecretKeyLine,
        compromised: bool,
        at: OffsetDateTime,
    ) -> Result<(), StorageError> {
        let detail = [("compromised".to_owned(), json!(compromised))].into_iter().filter(|_| compromised).collect();
        let subject = format!("{}:{}", line.kind.as_str(), line.version);
        let entry = NewAuditEntry { actor: actor.clone(), at, merchant: None, action, subject, detail };
        self.directory.append_audit(&entry).await
    }
}

/// Holds the secrets of a key file against what the records know of each version, and notes those that are new.
///
/// # Errors
///
/// [`SecretKeyError::Foreign`], [`SecretKeyError::Lacking`], [`SecretKeyError::Storage`].
pub async fn confirm_secret_keys<R: SecretKeyRecords + ?Sized>(
    records: &R,
    checks: &[KeyCheck],
    now: OffsetDateTime,
) -> Result<(), SecretKeyError> {
    let mut known = records.key_checks().await?;
    let same = |a: &KeyCheck, b: &KeyCheck| (a.kind, a.version) == (b.kind, b.version);
    if !checks.iter().all(|check| known.iter().any(|known| same(known, check))) {
        check_secret_keys(&known, checks)?;
        records.keep_key_checks(checks, now).await?;
        // Whoever came first counts.
        known = records.key_checks().await?;
    }
    check_secret_keys(&known, checks)?;
    check_key_uses(&records.key_uses(now).await?, checks)
}

/// That the secrets which stored records need are among those of a key file.
///
/// # Errors
///
/// [`SecretKeyError::Lacking`].
pub fn check_key_uses(uses: &[KeyUse], checks: &[KeyCheck]) -> Result<(), SecretKeyError> {
    for KeyUse { kind, version, records } in uses {
        // Browser tokens whose pepper was given up die by themselves.
        let lasting = matches!(kind, SecretKind::Pepper | SecretKind::Sealing);
        if lasting && *records > 0 && !checks.iter().any(|check| (check.kind, check.version) == (*kind, *version)) {
            return Err(SecretKeyError::Lacking(*kind, *version, *records));
        }
    }
    Ok(())
}

/// Holds the secrets of a key file against what is known of each version.
///
/// # Errors
///
/// [`SecretKeyError::Foreign`].
pub fn check_secret_keys(known: &[KeyCheck], checks: &[KeyCheck]) -> Result<(), SecretKeyError> {
    for check in checks {
        let mut known = known.iter().filter(|known| (known.kind, known.version) == (check.kind, check.version));
        if known.any(|known| !bool::from(known.value.ct_eq(&check.value))) {
            return Err(SecretKeyError::Foreign(check.kind, check.version));
        }
    }
    Ok(())
}

/// How many records need each version.
#[derive(Default)]
struct Needed(HashMap<(SecretKind, u32), u64>);

impl Needed {
    fn by(uses: &[KeyUse]) -> Self {
        let mut needed = HashMap::new();
        for KeyUse { kind, version, records } in uses {
            *needed.entry((*kind, *version)).or_default() += records;
        }
        Self(needed)
    }

    fn of(&self, kind: SecretKind, version: u32) -> u64 {
        let count = |version| self.0.get(&(kind, version)).copied().unwrap_or(0);
        // A browser token from before versions were noted may need any of them.
        let unnoted = if kind == SecretKind::TokenPepper { count(0) } else { 0 };
        count(version) + unnoted
    }

    fn beside(&self, line: SecretKeyLine) -> SecretKey {
        let records = (line.kind != SecretKind::Challenge).then(|| self.of(line.kind, line.version));
        SecretKey { line, records }
    }
}

/// Runs what waits for the disk where it keeps no request waiting.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StorageError::unavailable())
}
