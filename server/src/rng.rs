//! The only place that reads randomness.

use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// A handle on the operating system's random generator, passed to whatever needs it.
#[derive(Debug, Clone)]
pub struct Rng(Arc<SystemRandom>);

/// The operating system gave no random bytes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RngError;

impl Rng {
    /// The operating system's generator.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that opens the random generator")]
    pub fn system() -> Self {
        Self(Arc::new(SystemRandom::new()))
    }

    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// [`RngError`] when the operating system refuses.
    pub fn fill(&self, bytes: &mut [u8]) -> Result<(), RngError> {
        self.0.fill(bytes).map_err(|_| RngError)
    }

    /// `len` characters of `0-9A-Za-z`, each equally likely.
    ///
    /// # Errors
    ///
    /// [`RngError`] when the operating system refuses.
    pub fn base62(&self, len: usize) -> Result<Zeroizing<String>, RngError> {
        const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut text = Zeroizing::new(String::with_capacity(len));
        let mut bytes = Zeroizing::new([0_u8; 64]);
        while text.len() < len {
            self.fill(&mut *bytes)?;
            // 248 is the largest multiple of 62 in a byte: what lies above would favour some characters.
            let drawn =
                bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            let missing = len - text.len();
            text.extend(drawn.take(missing));
        }
        Ok(text)
    }

    /// The same generator in the form ring's signing functions take.
    #[must_use]
    pub fn source(&self) -> Arc<dyn SecureRandom + Send + Sync> {
        self.0.clone()
    }
}
