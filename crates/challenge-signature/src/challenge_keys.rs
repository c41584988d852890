//! The server's own secret keys, which make a challenge recognisable without storing it.

use std::fmt;

use ring::hmac;
use subtle::ConstantTimeEq as _;

use crate::{Challenge, ChallengeKeyError, ChallengeKeyErrorKind, challenge::PREFIX};

/// One versioned HMAC-SHA256 key of the server. All nodes share it; it never leaves them.
pub struct ChallengeKey {
    version: u8,
    key: hmac::Key,
}

impl ChallengeKey {
    /// Prepares the key of this version from at least [`MIN_CHALLENGE_KEY_LEN`] random bytes.
    ///
    /// # Errors
    ///
    /// [`TooShort`](ChallengeKeyErrorKind::TooShort) for fewer bytes.
    pub fn new(version: u8, bytes: &[u8]) -> Result<Self, ChallengeKeyError> {
        if bytes.len() < MIN_CHALLENGE_KEY_LEN {
            return Err(ChallengeKeyErrorKind::TooShort.into());
        }
        Ok(Self { version, key: hmac::Key::new(hmac::HMAC_SHA256, bytes) })
    }

    /// The version written into each challenge.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.version
    }

    /// HMAC-SHA256 over the prefix text and the bytes before the tag.
    pub(crate) fn tag(&self, signed: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(PREFIX.as_bytes());
        context.update(signed);
        context.sign()
    }

    pub(crate) fn made(&self, challenge: &Challenge<'_>) -> bool {
        self.tag(challenge.signed()).as_ref().ct_eq(challenge.tag()).into()
    }
}

impl fmt::Debug for ChallengeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeKey(..)")
    }
}

/// The keys in use: the current one issues and recognises, the previous one only recognises.
///
/// Rotation: give every node the new key as current with the old one as previous, and drop the old one once
/// [`LIFETIME`](crate::LIFETIME) has passed.
pub struct ChallengeKeys {
    current: ChallengeKey,
    previous: Option<ChallengeKey>,
}

impl ChallengeKeys {
    /// Keys with a current one only.
    #[must_use]
    pub fn new(current: ChallengeKey) -> Self {
        Self { current, previous: None }
    }

    /// Also recognises challenges of the key before the current one.
    ///
    /// # Errors
    ///
    /// [`NotPrevious`](ChallengeKeyErrorKind::NotPrevious) unless its version is the current one minus one.
    pub fn with_previous(self, previous: ChallengeKey) -> Result<Self, ChallengeKeyError> {
        if previous.version.checked_add(1) != Some(self.current.version) {
            return Err(ChallengeKeyErrorKind::NotPrevious.into());
        }
        Ok(Self { previous: Some(previous), ..self })
    }

    pub(crate) fn current(&self) -> &ChallengeKey {
        &self.current
    }

    pub(crate) fn of_version(&self, version: u8) -> Option<&ChallengeKey> {
        [Some(&self.current), self.previous.as_ref()].into_iter().flatten().find(|key| key.version == version)
    }
}

impl fmt::Debug for ChallengeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeKeys(..)")
    }
}

/// Fewest bytes of a challenge key's secret.
pub const MIN_CHALLENGE_KEY_LEN: usize = 32;
