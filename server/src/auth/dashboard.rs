//! A panel user's e-mail and password as an HTTP Basic credential.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ring::hmac;
use time::{Duration, OffsetDateTime};
use tollgate_apikey::Mode;
use tollgate_http_credentials::BasicToken;
use zeroize::Zeroizing;

use super::{Arrival, Fault, Gate, Principal, Refusal, Via};
use crate::account::{EmailAddress, Passwords, User, UserId};
use crate::mail::Mailer;
use crate::rng::{Rng, RngError};
use crate::storage::StorageError;

/// Headers whose password was right a moment ago, by keyed digest, so that a burst of calls costs one hash.
///
/// The key is drawn at the start of the process and kept nowhere else: the digests mean nothing outside it.
pub struct VerifiedHeaders {
    key: hmac::Key,
    verified: Mutex<HashMap<Digest, Verified>>,
    turns: Mutex<HashMap<Digest, Weak<Turn>>>,
}

type Digest = [u8; 32];
type Turn = tokio::sync::Mutex<()>;

#[derive(Debug, Clone, Copy)]
struct Verified {
    user: UserId,
    generation: i64,
    at: OffsetDateTime,
}

impl Gate {
    /// Authenticates a panel user by e-mail and password, for calls in this mode.
    ///
    /// A user half that is no e-mail address is refused before anything is hashed. The limits on password failures
    /// hold also for a header that was right a moment ago.
    ///
    /// # Errors
    ///
    /// Those of [`log_in`](Self::log_in); also [`Reason::Unauthenticated`](super::Reason::Unauthenticated) for a user
    /// who may not use the password here.
    pub async fn dashboard(&self, token: &BasicToken<'_>, mode: Mode, arrival: &Arrival) -> Result<Principal, Refusal> {
        let malformed = || self.refuse(Fault::Malformed, arrival);
        let pair = token.decode_user().map_err(|_| malformed())?;
        let email = Some(pair.user_id()).filter(|text| text.contains('@')).and_then(EmailAddress::new);
        let email = email.ok_or_else(malformed)?;
        if pair.expose_password().len() > Passwords::MAX_LEN {
            return Err(malformed());
        }

        let digest = self.verified_headers.digest(token);
        // One header is checked once at a time: whoever waited finds it verified, or meets the limits on failures.
        let turn = self.verified_headers.turn(digest);
        let _turn = turn.lock().await;
        let attempt = self.throttle.admit_password(&email, &arrival.client, arrival.now)?;
        self.throttle.forgive(&attempt);
        let user = if let Some(user) = self.recently_verified(&digest, arrival.now).await? {
            user
        } else {
            let password = Zeroizing::new(pair.expose_password().as_bytes().to_vec());
            // Without a code, so that who has a second factor is refused like who is wrong, and nobody is written to.
            let user = self.log_in(&email, password, None, arrival, &Mailer::none()).await?;
            if !user.api_basic {
                return Err(self.refuse(Fault::Revoked, arrival));
            }
            self.verified_headers.remember(digest, &user, arrival.now);
            user
        };
        self.principal(&user.merchant.clone(), mode, Via::Dashboard(user)).await
    }

    /// The user of a header that was right a moment ago, as the user stands now.
    async fn recently_verified(&self, digest: &Digest, now: OffsetDateTime) -> Result<Option<Arc<User>>, StorageError> {
        let Some(verified) = self.verified_headers.find(digest, now) else {
            return Ok(None);
        };
        let user = self.records.user(verified.user).await?;
        let user = user.filter(|user| user.generation == verified.generation && may(user));
        if user.is_none() {
            self.verified_headers.forget(digest);
        }
        Ok(user)
    }
}

/// A second factor would be worth nothing beside a way in without it.
fn may(user: &User) -> bool {
    !user.disabled && user.api_basic && user.second_factor.is_none()
}

impl VerifiedHeaders {
    /// How long a right header is remembered.
    const LIFE: Duration = Duration::seconds(5);
    /// Headers remembered at a time; beyond, each call is hashed.
    const CAPACITY: usize = 4096;
    /// Entries of either map after which dead ones are looked for.
    const SWEEP: usize = 1024;

    /// Remembers nothing yet.
    ///
    /// # Errors
    ///
    /// [`RngError`] when there are no random bytes for the key.
    pub fn new(rng: &Rng) -> Result<Self, RngError> {
        let mut key = Zeroizing::new([0_u8; 32]);
        rng.fill(&mut *key)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*key);
        Ok(Self { key, verified: Mutex::default(), turns: Mutex::default() })
    }

    /// A text that decodes is the only one of its pair, so it stands for the pair.
    fn digest(&self, token: &BasicToken<'_>) -> Digest {
        let mut digest = [0; 32];
        digest.copy_from_slice(hmac::sign(&self.key, token.expose_secret().as_bytes()).as_ref());
        digest
    }

    /// What callers with the same header take in turn; it lives as long as one of them.
    fn turn(&self, digest: Digest) -> Arc<Turn> {
        let mut turns = lock(&self.turns);
        if turns.len() >= Self::SWEEP {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let known = turns.get(&digest).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let turn = Arc::default();
            turns.insert(digest, Arc::downgrade(&turn));
            turn
        })
    }

    fn find(&self, digest: &Digest, now: OffsetDateTime) -> Option<Verified> {
        lock(&self.verified).get(digest).copied().filter(|verified| verified.is_fresh(now))
    }

    fn remember(&self, digest: Digest, user: &User, now: OffsetDateTime) {
        let mut verified = lock(&self.verified);
        if verified.len() >= Self::SWEEP {
            verified.retain(|_, verified| verified.is_fresh(now));
        }
        if verified.len() < Self::CAPACITY {
            verified.insert(digest, Verified { user: user.id, generation: user.generation, at: now });
        }
    }

    fn forget(&self, digest: &Digest) {
        lock(&self.verified).remove(digest);
    }
}

impl Verified {
    /// A clock that steps back must not lengthen the time.
    fn is_fresh(&self, now: OffsetDateTime) -> bool {
        (now - self.at).abs() < VerifiedHeaders::LIFE
    }
}

impl fmt::Debug for VerifiedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedHeaders(redacted)")
    }
}

/// The maps are valid at every step, so a panic elsewhere cannot have broken them.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
