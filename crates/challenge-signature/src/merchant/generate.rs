//! Making a merchant's key pair.

use ring::hmac;
use rsa::{
    pkcs8::{EncodePrivateKey as _, LineEnding},
    rand_core::{self, CryptoRng, RngCore},
};
use zeroize::{Zeroize as _, Zeroizing};

use super::{GenerateError, GenerateErrorKind, Signer};
use crate::PublicKey;

/// Makes an RSA key pair of 2048, 3072 or 4096 bits with exponent 65537: the private half as the text of a PEM block
/// `PRIVATE KEY` (unencrypted PKCS#8), wiped on drop, and the public half to be registered.
///
/// `fill` is called once, for 32 bytes of a cryptographically secure generator; all further randomness is derived from
/// them. Generation takes some tenths of a second or more and its duration depends on the key that comes out, so run
/// it on the merchant's own machine.
///
/// # Errors
///
/// [`Bits`](GenerateErrorKind::Bits) for another size, [`Random`](GenerateErrorKind::Random) when `fill` fails,
/// [`Operation`](GenerateErrorKind::Operation) when no usable key came out.
#[expect(clippy::disallowed_types, reason = "merchant-side key generation; no private-key operation on server data")]
pub fn generate_pkcs8_pem<E>(
    bits: usize,
    mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
) -> Result<(Zeroizing<String>, PublicKey), GenerateError<E>> {
    if !SIZES.contains(&bits) {
        return Err(GenerateErrorKind::Bits.into());
    }
    let mut seed = Zeroizing::new([0; SEED_LEN]);
    fill(seed.as_mut()).map_err(GenerateError::random)?;

    let private_key =
        rsa::RsaPrivateKey::new(&mut Stream::new(&seed), bits).map_err(|_| GenerateErrorKind::Operation)?;
    let pem = private_key.to_pkcs8_pem(LineEnding::LF).map_err(|_| GenerateErrorKind::Operation)?;
    // Reading the key back has its parts checked by the code that will sign with it.
    let signer = Signer::from_pkcs8_pem(&pem).map_err(|_| GenerateErrorKind::Operation)?;
    Ok((pem, signer.public_key().clone()))
}

/// The seed stretched by HMAC-SHA256 over a counter, as the key generator cannot be told that randomness failed.
struct Stream {
    key: hmac::Key,
    counter: u64,
}

impl Stream {
    fn new(seed: &[u8; SEED_LEN]) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, seed), counter: 0 }
    }
}

impl CryptoRng for Stream {}

impl RngCore for Stream {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, dest: &mut [u8]) {
        let mut block = Zeroizing::new([0; BLOCK_LEN]);
        for chunk in dest.chunks_mut(BLOCK_LEN) {
            block.copy_from_slice(hmac::sign(&self.key, &self.counter.to_be_bytes()).as_ref());
            self.counter += 1;
            for (to, from) in chunk.iter_mut().zip(block.iter()) {
                *to = *from;
            }
            block.zeroize();
        }
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

/// The sizes the signing side takes.
const SIZES: [usize; 3] = [2048, 3072, 4096];

const SEED_LEN: usize = 32;

/// Bytes of one HMAC-SHA256 output.
const BLOCK_LEN: usize = 32;
