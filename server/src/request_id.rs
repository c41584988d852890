//! The names of requests: 32 hex digits each.

use http::HeaderValue;

use crate::rng::{Rng, RngError};

/// The name of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestId([u8; 2 * RequestId::LEN]);

impl RequestId {
    /// 128 random bits.
    const LEN: usize = 16;

    /// The next id.
    ///
    /// # Errors
    ///
    /// [`RngError`] when the operating system gives no random bytes.
    pub(crate) fn next(rng: &Rng) -> Result<Self, RngError> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut bytes = [0; Self::LEN];
        rng.fill_public(&mut bytes)?;
        let mut text = [0; 2 * Self::LEN];
        for (digits, byte) in text.chunks_exact_mut(2).zip(bytes) {
            digits.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        Ok(Self(text))
    }

    /// Its digits.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Its digits as the value of a header.
    pub(crate) fn to_header(self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(&self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_id_is_another_and_has_32_hex_digits() {
        let rng = Rng::system();
        let given: HashSet<_> = (0..1_000).map(|_| RequestId::next(&rng).unwrap().as_str().to_owned()).collect();
        assert_eq!(given.len(), 1_000);
        assert!(given.iter().all(|id| id.len() == 32 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))));
        let id = RequestId::next(&rng).unwrap();
        assert_eq!(id.to_header().unwrap(), id.as_str());
    }
}
