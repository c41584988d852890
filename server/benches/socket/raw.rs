//! The raw operations of ring: what no server can do without.

use std::hint::black_box;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    UnparsedPublicKey,
};
use tollgate_challenge_signature::merchant::generate_pkcs8_pem;

const MESSAGE: [u8; 360] = [7; 360];

/// Microseconds of one ECDSA P-256 signature.
pub(crate) fn es256_sign() -> f64 {
    let rng = system_random();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &rng).unwrap();
    best_of(|| {
        black_box(key.sign(&rng, black_box(&MESSAGE)).unwrap());
    })
}

/// Microseconds of one RSA-2048 verification with SHA-256.
pub(crate) fn rsa_2048_verify() -> f64 {
    let rng = system_random();
    let (pem, _) = generate_pkcs8_pem(2048, |bytes| rng.fill(bytes)).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &rng, &MESSAGE, &mut signature).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref().to_vec());
    best_of(|| public.verify(black_box(&MESSAGE), &signature).unwrap())
}

/// The generator that signatures are made with, here and by the client that answers challenges.
#[expect(clippy::disallowed_methods, reason = "a measurement has nobody to hand it one")]
pub(crate) fn system_random() -> SystemRandom {
    SystemRandom::new()
}

/// The best of many short runs, so that other work on the machine does not count.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn best_of(mut operation: impl FnMut()) -> f64 {
    const RUNS: u32 = 200;
    const OPERATIONS: u32 = 20;
    let run = |_| {
        #[expect(clippy::disallowed_methods, reason = "it measures")]
        let start = Instant::now();
        (0..OPERATIONS).for_each(|_| operation());
        start.elapsed().as_nanos()
    };
    (0..RUNS).map(run).min().unwrap_or_default() as f64 / f64::from(OPERATIONS) / 1e3
}
