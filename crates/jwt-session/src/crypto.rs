use ring::rand::SecureRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair, UnparsedPublicKey};
use ring::{digest, hmac};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// An uncompressed P-256 point: `0x04`, x, y.
pub(crate) type Point = [u8; POINT_LEN];

pub(crate) fn mac_key(secret: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret)
}

pub(crate) fn mac(key: &hmac::Key, message: &[u8]) -> hmac::Tag {
    hmac::sign(key, message)
}

/// Compares all 32 bytes in constant time; a tag of another length never matches.
pub(crate) fn mac_matches(key: &hmac::Key, message: &[u8], tag: &[u8]) -> Choice {
    mac(key, message).as_ref().ct_eq(tag)
}

/// Takes the raw form of 64 bytes only; ring refuses other lengths, zero and points off the curve.
pub(crate) fn ecdsa_matches(point: &Point, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
}

pub(crate) fn ecdsa_pair(pkcs8: &[u8], rng: &dyn SecureRandom) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, rng).ok()
}

pub(crate) fn ecdsa_sign(pair: &EcdsaKeyPair, rng: &dyn SecureRandom, message: &[u8]) -> Option<signature::Signature> {
    pair.sign(rng, message).ok()
}

pub(crate) fn ecdsa_point(pair: &EcdsaKeyPair) -> Option<Point> {
    pair.public_key().as_ref().try_into().ok()
}

pub(crate) fn ecdsa_generate(rng: &dyn SecureRandom) -> Option<Zeroizing<Vec<u8>>> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, rng).ok()?;
    Some(Zeroizing::new(pkcs8.as_ref().to_vec()))
}

pub(crate) fn sha256(message: &[u8]) -> [u8; SHA256_LEN] {
    let mut bytes = [0; SHA256_LEN];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, message).as_ref());
    bytes
}

pub(crate) const SHA256_LEN: usize = 32;
pub(crate) const POINT_LEN: usize = 65;
