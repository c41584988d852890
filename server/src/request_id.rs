//! The names of requests: 32 hex digits each, drawn many at a time.

use std::sync::{Mutex, PoisonError};

use crate::rng::{Rng, RngError};

/// Gives out request ids.
///
/// An id is no secret, so the random bytes of many are drawn in one call and wait here.
#[derive(Debug, Default)]
pub(crate) struct RequestIds(Mutex<Vec<[u8; ID_LEN]>>);

impl RequestIds {
    /// Ids drawn at a time.
    const BATCH: usize = 64;

    /// The next id.
    ///
    /// # Errors
    ///
    /// [`RngError`] when new ones are needed and the operating system refuses.
    pub(crate) fn next(&self, rng: &Rng) -> Result<String, RngError> {
        // An id is taken out under the lock, so a panic elsewhere cannot have left one to be given out twice.
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            let mut batch = [[0; ID_LEN]; Self::BATCH];
            rng.fill(batch.as_flattened_mut())?;
            waiting.extend(batch);
        }
        let id = waiting.pop().ok_or(RngError)?;
        drop(waiting);
        Ok(format!("{:032x}", u128::from_be_bytes(id)))
    }
}

/// 128 random bits.
const ID_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_id_is_another_and_has_32_hex_digits() {
        let (ids, rng) = (RequestIds::default(), Rng::system());
        let given: HashSet<_> = (0..1_000).map(|_| ids.next(&rng).unwrap()).collect();
        assert_eq!(given.len(), 1_000);
        assert!(given.iter().all(|id| id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))));
    }
}
