use std::fmt;

use subtle::Choice;

use crate::api_key::ApiKey;
use crate::error::{PepperError, PepperErrorKind};
use crate::imported_secret::{ImportedSecret, ImportedVerification};
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

    /// The stored form of a secret that another system made, under the current pepper.
    #[must_use]
    pub fn digest_imported(&self, secret: &ImportedSecret) -> KeyDigest {
        self.current.digest_imported(secret)
    }

    /// Compares an imported secret with the digest stored for it, in constant time; `None` is a record that is absent,
    /// costs the same work and never matches.
    pub fn verify_imported(&self, secret: &ImportedSecret, stored: Option<&KeyDigest>) -> ImportedVerification {
        match self.compare(stored, |pepper| pepper.digest_imported(secret)) {
            None => ImportedVerification::NoMatch,
            Some(pepper) if pepper.version() == self.current.version() => ImportedVerification::Match,
            Some(_) => ImportedVerification::MatchOldPepper(self.digest_imported(secret)),
        }
    }

    fn decide(&self, key: &ApiKey, stored: Option<&KeyDigest>) -> Verification {
        match self.compare(stored, |pepper| pepper.digest(key)) {
            None => Verification::NoMatch,
            Some(pepper) if pepper.version() == self.current.version() => Verification::Match(VerifiedKey::of(key)),
            Some(_) => Verification::MatchOldPepper(VerifiedKey::of(key), self.digest(key)),
        }
    }

    /// One path for known and unknown ids: one HMAC, one comparison, then the verdict; the pepper that matched.
    fn compare(&self, stored: Option<&KeyDigest>, digest: impl Fn(&Pepper) -> KeyDigest) -> Option<&Pepper> {
        let named = stored.and_then(|stored| self.find(stored.pepper_version()));
        let known = Choice::from(u8::from(named.is_some()));
        let pepper = named.unwrap_or(&self.current);
        let expected = stored.map_or(&DUMMY, KeyDigest::as_bytes);

        let hit = digest(pepper).ct_eq(expected) & known;
        bool::from(hit).then_some(pepper)
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
