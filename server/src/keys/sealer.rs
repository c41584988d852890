//! Secrets needed in clear, sealed with AES-256-GCM under a key-encryption key.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::rng::Rng;

/// Seals under the newest key-encryption key and opens under any known one.
pub struct Sealer {
    /// Newest first; never empty.
    keys: Vec<(u32, LessSafeKey)>,
}

/// The secret could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the secret could not be sealed or opened")]
pub struct SealError;

impl Sealer {
    /// A sealer over versioned 32-byte keys, newest first.
    ///
    /// # Errors
    ///
    /// [`SealError`] when there is none or one has another length.
    pub fn new(keys: &[(u32, Zeroizing<Vec<u8>>)]) -> Result<Self, SealError> {
        let keys = keys
            .iter()
            .map(|(version, bytes)| Ok((*version, LessSafeKey::new(UnboundKey::new(&AES_256_GCM, bytes)?))))
            .collect::<Result<Vec<_>, ring::error::Unspecified>>()
            .map_err(|_| SealError)?;
        if keys.is_empty() { Err(SealError) } else { Ok(Self { keys }) }
    }

    /// Seals a secret; `context` (its id) must be the same when it is opened.
    ///
    /// The result is nonce, ciphertext and tag, and the version of the key.
    ///
    /// # Errors
    ///
    /// [`SealError`] when there are no random bytes.
    pub fn seal(&self, secret: &[u8], context: &str, rng: &Rng) -> Result<(u32, Vec<u8>), SealError> {
        let (version, key) = self.keys.first().ok_or(SealError)?;
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
        let (_, key) = self.keys.iter().find(|(known, _)| *known == version).ok_or(SealError)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let context = Aad::from(context.as_bytes());
        let len =
            key.open_in_place(Nonce::assume_unique_for_key(*nonce), context, &mut buffer).map_err(|_| SealError)?.len();
        buffer.truncate(len);
        Ok(buffer)
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
        let old = (1, Zeroizing::new(vec![1; 32]));
        let new = (2, Zeroizing::new(vec![2; 32]));
        let before = Sealer::new(std::slice::from_ref(&old)).unwrap();
        let (version, sealed) = before.seal(b"whsec_x", "id1", &rng).unwrap();
        let after = Sealer::new(&[new, old]).unwrap();
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
        assert!(Sealer::new(&[]).is_err());
        assert!(Sealer::new(&[(1, Zeroizing::new(vec![0; 31]))]).is_err());
    }
}
