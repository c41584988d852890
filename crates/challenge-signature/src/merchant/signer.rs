//! A private key that answers challenges.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    rand::SecureRandom,
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};

use super::{SignError, SignErrorKind};
use crate::{Challenge, PublicKey, pem::Block};

/// A merchant's RSA key pair that signs challenges and refuses every other text.
///
/// A server that could have anything signed could have a token, a firmware or a contract signed; so the RSA key should
/// serve nothing else, and this type lets it serve nothing else.
pub struct Signer {
    key_pair: RsaKeyPair,
    public_key: PublicKey,
}

impl Signer {
    /// Reads a PEM block `PRIVATE KEY` (unencrypted PKCS#8) of 2048, 3072 or 4096 bits, of at most
    /// [`MAX_PKCS8_PEM_LEN`] bytes.
    ///
    /// # Errors
    ///
    /// [`KeyEncoding`](SignErrorKind::KeyEncoding) when the text is not that block,
    /// [`KeyRefused`](SignErrorKind::KeyRefused) when the key in it is not a consistent RSA key within the bounds.
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, SignError> {
        if text.len() > MAX_PKCS8_PEM_LEN {
            return Err(SignErrorKind::KeyEncoding.into());
        }
        let block = Block::read(text).map_err(|_| SignErrorKind::KeyEncoding)?;
        if block.label != "PRIVATE KEY" {
            return Err(SignErrorKind::KeyEncoding.into());
        }
        let key_pair = RsaKeyPair::from_pkcs8(&block.der).map_err(|_| SignErrorKind::KeyRefused)?;
        let public_key =
            PublicKey::from_pkcs1_der(key_pair.public_key().as_ref()).map_err(|_| SignErrorKind::KeyRefused)?;
        Ok(Self { key_pair, public_key })
    }

    /// The public half, to be registered.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Signs a challenge text with RSASSA-PKCS1-v1_5 and SHA-256; the answer is standard base64.
    ///
    /// The text must be a challenge to the last character. Whether it is genuine only the server can tell, but no
    /// token, no form and no text with a line end passes.
    ///
    /// # Errors
    ///
    /// [`NotAChallenge`](SignErrorKind::NotAChallenge) for any other text,
    /// [`Operation`](SignErrorKind::Operation) when the key could not be used.
    pub fn sign(&self, challenge: &str, rng: &dyn SecureRandom) -> Result<String, SignError> {
        let challenge = Challenge::parse(challenge).map_err(|_| SignErrorKind::NotAChallenge)?;
        let mut signature = vec![0; self.public_key.modulus_len()];
        self.key_pair
            .sign(&RSA_PKCS1_SHA256, rng, challenge.as_str().as_bytes(), &mut signature)
            .map_err(|_| SignErrorKind::Operation)?;
        Ok(BASE64_STANDARD.encode(signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer(..)")
    }
}

/// Most bytes of a private key's text.
pub const MAX_PKCS8_PEM_LEN: usize = 16 * 1024;
