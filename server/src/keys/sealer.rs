//! Secrets needed in clear, sealed with AES-256-GCM under a key-encryption key.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::current::Current;
use crate::rng::Rng;

/// Seals under the newest key-encryption key and opens under any known one; the keys may be exchanged meanwhile.
pub struct Sealer {
    /// Newest first; never empty.
    keys: Current<Vec<SealingKey>>,
}

/// A version of the key-encryption key.
pub struct SealingKey {
    version: u32,
    key: LessSafeKey,
}

/// The secret could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret could not be sealed or opened")]
pub struct SealError;

impl Sealer {
    /// A sealer over these keys, newest first.
    ///
    /// # Errors
    ///
    /// [`SealError`] when there is none.
    pub fn new(keys: Vec<SealingKey>) -> Result<Self, SealError> {
        if keys.is_empty() { Err(SealError) } else { Ok(Self { keys: Current::new(keys) }) }
    }

    /// The version it seals under.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.keys.get().first().map_or(0, |newest| newest.version)
    }

    /// Takes the keys of another.
    pub(super) fn exchange(&self, other: Self) {
        self.keys.replace(other.keys);
    }

    /// Seals a secret; `context` (its id) must be the same when it is opened.
    ///
    /// The result is nonce, ciphertext and tag, and the version of the key.
    ///
    /// # Errors
    ///
    /// [`SealError`] when there are no random bytes.
    pub fn seal(&self, secret: &[u8], context: &str, rng: &Rng) -> Result<(u32, Vec<u8>), SealError> {
        let keys = self.keys.get();
        let SealingKey { version, key } = keys.first().ok_or(SealError)?;
        let mut nonce = [0_u8; NONCE_LEN];
        rng.fill(&mut nonce).map_err(|_| SealError)?;
        let mut sealed = secret.to_vec();
        let context = Aad::from(context.as_bytes());
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), context, &mut sealed)
            .map_err(|_| SealError)?;
        Ok((*version, [&nonce[..], &sealed].concat()))
    }

    /// Opens what [`seal`](Self::seal) made.
    ///
    /// # Errors
    ///
    /// [`SealError`] when the key is unknown, the context another one or a bit was changed.
    pub fn open(&self, version: u32, sealed: &[u8], context: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let keys = self.keys.get();
        let key = keys.iter().find(|known| known.version == version).map(|known| &known.key).ok_or(SealError)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let context = Aad::from(context.as_bytes());
        let len =
            key.open_in_place(Nonce::assume_unique_for_key(*nonce), context, &mut buffer).map_err(|_| SealError)?.len();
        buffer.truncate(len);
        Ok(buffer)
    }
}

impl SealingKey {
    /// A key of 32 bytes; `None` for another length.
    #[must_use]
    pub fn new(version: u32, bytes: &[u8]) -> Option<Self> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes).ok()?);
        Some(Self { version, key })
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(redacted)")
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_what_was_sealed_for_the_same_context() {
        let rng = Rng::system();
        let key = |version: u8| SealingKey::new(version.into(), &[version; 32]).unwrap();
        let before = Sealer::new(vec![key(1)]).unwrap();
        let (version, sealed) = before.seal(b"whsec_x", "id1", &rng).unwrap();
        let after = Sealer::new(vec![key(2), key(1)]).unwrap();
        assert_eq!(&**after.open(version, &sealed, "id1").unwrap(), b"whsec_x");
        assert!(after.open(version, &sealed, "id2").is_err());
        assert!(after.open(2, &sealed, "id1").is_err());
        assert!(after.open(9, &sealed, "id1").is_err());
        assert!(after.open(version, &sealed[..11], "id1").is_err());
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(after.open(version, &changed, "id1").is_err(), "byte {index}");
        }
        assert_eq!(after.seal(b"x", "id", &rng).unwrap().0, 2);
        before.exchange(after);
        assert_eq!((before.version(), before.seal(b"x", "id", &rng).unwrap().0), (2, 2));
        assert_eq!(&**before.open(version, &sealed, "id1").unwrap(), b"whsec_x", "the key before still opens");
        assert!(Sealer::new(Vec::new()).is_err());
        assert!(SealingKey::new(1, &[0; 31]).is_none());
    }
}
