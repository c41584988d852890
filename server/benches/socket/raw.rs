//! The raw operations of ring: what no server can do without.

use std::hint::black_box;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
    UnparsedPublicKey,
};
use tollgate_challenge_signature::merchant::generate_pkcs8_pem;

const MESSAGE: [u8; 360] = [7; 360];

/// One ECDSA P-256 signature a call.
pub(crate) fn es256_sign() -> impl Fn() + Clone + Send + Sync + 'static {
    let rng = system_random();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &rng).unwrap();
    let key = Arc::new(key);
    move || {
        black_box(key.sign(&rng, black_box(&MESSAGE)).unwrap());
    }
}

/// One RSA-2048 verification a call.
pub(crate) fn rsa_2048_verify() -> impl Fn() + Clone + Send + Sync + 'static {
    let rng = system_random();
    let (pem, _) = generate_pkcs8_pem(2048, |bytes| rng.fill(bytes)).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &rng, &MESSAGE, &mut signature).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref().to_vec());
    move || public.verify(black_box(&MESSAGE), &signature).unwrap()
}

/// The generator that signatures are made with, here and by the client that answers challenges.
#[expect(clippy::disallowed_methods, reason = "a measurement has nobody to hand it one")]
pub(crate) fn system_random() -> SystemRandom {
    SystemRandom::new()
}
