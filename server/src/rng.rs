//! The only place that reads randomness.

use std::cell::RefCell;
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

/// Random bytes that were drawn on a thread and not given out.
struct Waiting {
    bytes: [u8; 1024],
    left: usize,
}

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

    /// Fills `bytes` for what is no secret and only has to be another each time, such as the id of a token: with random
    /// bytes that were drawn many at a time and waited in memory.
    ///
    /// # Errors
    ///
    /// [`RngError`] when new ones are needed and the operating system refuses.
    pub fn fill_public(&self, bytes: &mut [u8]) -> Result<(), RngError> {
        WAITING.with_borrow_mut(|waiting| {
            if waiting.left < bytes.len() {
                if bytes.len() > waiting.bytes.len() {
                    return self.fill(bytes);
                }
                waiting.left = 0;
                self.fill(&mut waiting.bytes)?;
                waiting.left = waiting.bytes.len();
            }
            let rest = waiting.left - bytes.len();
            bytes.copy_from_slice(&waiting.bytes[rest..waiting.left]);
            waiting.left = rest;
            Ok(())
        })
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

thread_local! {
    static WAITING: RefCell<Waiting> = const { RefCell::new(Waiting { bytes: [0; 1024], left: 0 }) };
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_is_given_out_is_another_each_time_whatever_its_length() {
        let rng = Rng::system();
        let mut given = HashSet::new();
        for len in [16, 16, 700, 8, 1024, 1025, 5_000].into_iter().cycle().take(700) {
            let mut bytes = vec![0; len];
            rng.fill_public(&mut bytes).unwrap();
            for eight in bytes.chunks_exact(8) {
                assert!(given.insert(eight.to_vec()), "{len}");
            }
        }
    }
}
