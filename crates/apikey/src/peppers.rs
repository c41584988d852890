use std::fmt;

use subtle::Choice;

use crate::api_key::ApiKey;
use crate::error::{PepperError, PepperErrorKind};
use crate::key_digest::{DIGEST_LEN, KeyDigest};
use crate::pepper::Pepper;
use crate::verification::{Verification, VerifiedKey};

/// Peppers a set may hold, the current one included.
pub const MAX_PEPPERS: usize = 8;

/// The pepper that keys new digests, and the earlier ones that stored digests may still name.
pub struct Peppers {
    current: Pepper,
    previous: Vec<Pepper>,
}

impl Peppers {
    /// A set of one pepper.
    #[must_use]
    pub const fn new(current: Pepper) -> Self {
        Self { current, previous: Vec::new() }
    }

    /// Adds an earlier pepper, under which stored digests are still accepted.
    ///
    /// # Errors
    ///
    /// [`DuplicateVersion`](PepperErrorKind::DuplicateVersion) when the set has this version,
    /// [`TooMany`](PepperErrorKind::TooMany) when it is full.
    pub fn with_previous(mut self, pepper: Pepper) -> Result<Self, PepperError> {
        if self.find(pepper.version()).is_some() {
            return Err(PepperErrorKind::DuplicateVersion.into());
        }
        if self.previous.len() + 1 >= MAX_PEPPERS {
            return Err(PepperErrorKind::TooMany.into());
        }
        self.previous.push(pepper);
        Ok(self)
    }

    /// The stored form of a key, under the current pepper.
    #[must_use]
    pub fn digest(&self, key: &ApiKey) -> KeyDigest {
        self.current.digest(key)
    }

    /// Compares a key with the digest stored under its id, in constant time.
    ///
    /// A digest under a pepper that is not in the set costs the same work and never matches.
    pub fn verify(&self, key: &ApiKey, stored: &KeyDigest) -> Verification {
        self.decide(key, Some(stored))
    }

    /// Does the work of [`verify`](Self::verify) for an id that has no record; never matches.
    pub fn verify_absent(&self, key: &ApiKey) -> Verification {
        self.decide(key, None)
    }

    /// One path for known and unknown ids: one HMAC, one comparison, then the verdict.
    fn decide(&self, key: &ApiKey, stored: Option<&KeyDigest>) -> Verification {
        let named = stored.and_then(|stored| self.find(stored.pepper_version()));
        let known = Choice::from(u8::from(named.is_some()));
        let pepper = named.unwrap_or(&self.current);
        let expected = stored.map_or(&DUMMY, KeyDigest::as_bytes);

        let hit = pepper.digest(key).ct_eq(expected) & known;
        if !bool::from(hit) {
            return Verification::NoMatch;
        }
        let verified = VerifiedKey::of(key);
        if pepper.version() == self.current.version() {
            Verification::Match(verified)
        } else {
            Verification::MatchOldPepper(verified, self.digest(key))
        }
    }

    fn find(&self, version: u32) -> Option<&Pepper> {
        std::iter::once(&self.current).chain(&self.previous).find(|pepper| pepper.version() == version)
    }
}

impl fmt::Debug for Peppers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peppers([redacted])")
    }
}

/// What an absent record is compared with.
static DUMMY: [u8; DIGEST_LEN] = [0; DIGEST_LEN];
