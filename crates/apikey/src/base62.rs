//! The alphabet, the checksum and the draw of random characters.

use zeroize::Zeroizing;

use crate::error::MintError;

/// Characters of the checksum at the end of every key and public id.
pub const CHECKSUM_LEN: usize = 6;

/// How often a random source is asked before it counts as broken.
///
/// A sound source leaves the first call short of 32 characters with a probability below 2⁻¹⁰⁰.
pub const MAX_FILLS: usize = 8;

/// Looks at every byte whatever it finds, so that the time tells nothing of a secret.
pub(crate) fn is_base62(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |so_far, byte| so_far & byte.is_ascii_alphanumeric())
}

/// CRC-32 (IEEE) over the parts in turn, most significant digit first, padded with `0` on the left.
pub(crate) fn checksum(parts: &[&[u8]]) -> [u8; CHECKSUM_LEN] {
    let mut hasher = crc32fast::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut rest = hasher.finalize();
    let mut digits = [ALPHABET[0]; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % RADIX) as usize];
        rest /= RADIX;
    }
    digits
}

/// Fills `out` with equally likely characters: bytes above the largest multiple of 62 are thrown away.
///
/// A byte that `fill` leaves unwritten is thrown away too, so a short read cannot end up in a key.
pub(crate) fn draw<E>(out: &mut [u8], mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<(), MintError<E>> {
    let mut slots = out.iter_mut();
    for _ in 0..MAX_FILLS {
        let mut block = Zeroizing::new([u8::MAX; BLOCK]);
        fill(block.as_mut_slice()).map_err(MintError::randomness)?;
        for byte in block.iter().filter(|byte| **byte < ACCEPTED) {
            let Some(slot) = slots.next() else { break };
            *slot = ALPHABET[(u32::from(*byte) % RADIX) as usize];
        }
        if slots.len() == 0 {
            return Ok(());
        }
    }
    Err(MintError::unusable())
}

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RADIX: u32 = 62;
/// The largest multiple of 62 a byte can hold; it must stay below 255, which marks an unwritten byte.
const ACCEPTED: u8 = 248;
/// Random bytes asked for at a time: twice the characters of a secret, as one byte in 32 is thrown away.
const BLOCK: usize = 64;
