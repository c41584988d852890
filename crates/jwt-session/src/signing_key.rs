use std::fmt;
use std::sync::Arc;

use ring::hmac;
use ring::rand::SecureRandom;
use ring::signature::{EcdsaKeyPair, Signature};
use zeroize::Zeroizing;

use crate::crypto::{self, Point};
use crate::{Algorithm, KeyError, KeyErrorKind, Kid, VerifyingKey};

/// A named key that signs, parsed once; secret.
pub struct SigningKey {
    kid: Kid,
    material: Material,
}

enum Material {
    Es256 { pair: Box<EcdsaKeyPair>, point: Box<Point>, rng: Arc<dyn SecureRandom + Send + Sync> },
    Hs256(Box<hmac::Key>),
}

impl SigningKey {
    /// An ES256 key from PKCS#8 DER; `rng` also blinds the nonce of every signature this key makes.
    ///
    /// # Errors
    ///
    /// [`Kid`](KeyErrorKind::Kid) or [`PrivateKey`](KeyErrorKind::PrivateKey), the latter also when `rng` fails.
    pub fn es256(kid: &str, pkcs8_der: &[u8], rng: Arc<dyn SecureRandom + Send + Sync>) -> Result<Self, KeyError> {
        let kid = Kid::parse(kid)?;
        let pair = crypto::ecdsa_pair(pkcs8_der, &*rng).ok_or(KeyErrorKind::PrivateKey)?;
        let point = crypto::ecdsa_point(&pair).ok_or(KeyErrorKind::PrivateKey)?;
        Ok(Self { kid, material: Material::Es256 { pair: Box::new(pair), point: Box::new(point), rng } })
    }

    /// An HS256 key from [`MIN_SECRET_LEN`] to [`MAX_SECRET_LEN`] secret bytes (RFC 7518 §3.2).
    ///
    /// # Errors
    ///
    /// [`Kid`](KeyErrorKind::Kid) or [`Secret`](KeyErrorKind::Secret).
    pub fn hs256(kid: &str, secret: &[u8]) -> Result<Self, KeyError> {
        let kid = Kid::parse(kid)?;
        if !(MIN_SECRET_LEN..=MAX_SECRET_LEN).contains(&secret.len()) {
            return Err(KeyErrorKind::Secret.into());
        }
        Ok(Self { kid, material: Material::Hs256(Box::new(crypto::mac_key(secret))) })
    }

    /// Makes a fresh P-256 private key as PKCS#8 DER, to be sealed and stored by the caller.
    ///
    /// # Errors
    ///
    /// [`Randomness`](KeyErrorKind::Randomness) when `rng` fails.
    pub fn generate_es256_pkcs8(rng: &dyn SecureRandom) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        crypto::ecdsa_generate(rng).ok_or_else(|| KeyErrorKind::Randomness.into())
    }

    /// The key that checks what this one signs; for HS256 it is as secret as this one.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        match &self.material {
            Material::Es256 { point, .. } => VerifyingKey::from_point(self.kid.clone(), **point),
            Material::Hs256(key) => VerifyingKey::from_mac_key(self.kid.clone(), (**key).clone()),
        }
    }

    /// The name in the `kid` member.
    #[must_use]
    pub fn kid(&self) -> &Kid {
        &self.kid
    }

    /// The one algorithm of this key.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Es256 { .. } => Algorithm::Es256,
            Material::Hs256(_) => Algorithm::Hs256,
        }
    }

    /// `None` when the key's source of randomness fails.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<RawSignature> {
        match &self.material {
            Material::Es256 { pair, rng, .. } => crypto::ecdsa_sign(pair, &**rng, message).map(RawSignature::Ecdsa),
            Material::Hs256(key) => Some(RawSignature::Mac(crypto::mac(key, message))),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(***)")
    }
}

/// The bytes of the third part, before base64url.
pub(crate) enum RawSignature {
    Ecdsa(Signature),
    Mac(hmac::Tag),
}

impl AsRef<[u8]> for RawSignature {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Ecdsa(signature) => signature.as_ref(),
            Self::Mac(tag) => tag.as_ref(),
        }
    }
}

/// The shortest HS256 secret of a key ring, in bytes: the length of the digest (RFC 7518 §3.2).
pub const MIN_SECRET_LEN: usize = 32;
/// The longest HMAC secret, in bytes.
pub const MAX_SECRET_LEN: usize = 1024;
