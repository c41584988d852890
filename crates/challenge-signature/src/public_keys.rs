//! The usable public keys of one account and mode.

use crate::{KeySetError, KeySetErrorKind, PublicKey};

/// 1 to [`MAX_PUBLIC_KEYS`] different public keys, all active or retiring, of one account and mode. Which keys those
/// are is for the caller to say, anew for each request.
#[derive(Clone, Debug)]
pub struct PublicKeys(Vec<PublicKey>);

impl PublicKeys {
    /// Collects the keys; at most one more than the bound is taken from the iterator.
    ///
    /// # Errors
    ///
    /// [`Empty`](KeySetErrorKind::Empty), [`TooMany`](KeySetErrorKind::TooMany),
    /// [`Duplicate`](KeySetErrorKind::Duplicate).
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Result<Self, KeySetError> {
        let mut set = Vec::with_capacity(MAX_PUBLIC_KEYS);
        for key in keys.into_iter().take(MAX_PUBLIC_KEYS + 1) {
            if set.contains(&key) {
                return Err(KeySetErrorKind::Duplicate.into());
            }
            set.push(key);
        }
        match set.len() {
            0 => Err(KeySetErrorKind::Empty.into()),
            1..=MAX_PUBLIC_KEYS => Ok(Self(set)),
            _ => Err(KeySetErrorKind::TooMany.into()),
        }
    }

    /// The keys in the order given.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PublicKey> {
        self.0.iter()
    }
}

impl From<PublicKey> for PublicKeys {
    fn from(key: PublicKey) -> Self {
        Self(vec![key])
    }
}

/// Most public keys of one account and mode.
pub const MAX_PUBLIC_KEYS: usize = 4;
