//! An RSA public key within its bounds.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents},
};
use rsa::{
    BigUint, RsaPublicKey, pkcs1,
    pkcs1::EncodeRsaPublicKey as _,
    pkcs8::{EncodePublicKey as _, SubjectPublicKeyInfoRef},
    traits::PublicKeyParts as _,
};

use crate::{
    KeyError, KeyErrorKind,
    pem::{self, Block, Malformed},
};

/// The public half of a merchant's RSA key: odd modulus of 2048 to 8192 bits, odd exponent from 65537 to below 2^33
/// (`docs/formats.md`, `CardPlusPay` §4.4). Parsed once, then ready to verify.
///
/// The bounds are no proof of a good key: whether the modulus is a product of two secret primes is its owner's affair.
#[derive(Clone)]
pub struct PublicKey {
    spki_der: Box<[u8]>,
    components: RsaPublicKeyComponents<Box<[u8]>>,
    modulus_bits: usize,
}

impl PublicKey {
    /// Parses a PEM text of at most [`MAX_PEM_LEN`] bytes that is exactly one block, `PUBLIC KEY`
    /// (`SubjectPublicKeyInfo` with rsaEncryption) or `RSA PUBLIC KEY` (PKCS#1).
    ///
    /// # Errors
    ///
    /// [`TooLong`](KeyErrorKind::TooLong), [`PrivateKey`](KeyErrorKind::PrivateKey) when any part of it looks like one,
    /// [`SeveralBlocks`](KeyErrorKind::SeveralBlocks), [`Certificate`](KeyErrorKind::Certificate),
    /// [`UnsupportedLabel`](KeyErrorKind::UnsupportedLabel), [`Encoding`](KeyErrorKind::Encoding) when anything stands
    /// around the block or its base64 is not canonical, and all errors of
    /// [`from_spki_der`](PublicKey::from_spki_der).
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.len() > MAX_PEM_LEN {
            return Err(KeyErrorKind::TooLong.into());
        }
        if text.contains(PRIVATE_KEY_MARK) {
            return Err(KeyErrorKind::PrivateKey.into());
        }
        let block = Block::read(text).map_err(|malformed| match malformed {
            Malformed::Encoding => KeyErrorKind::Encoding,
            Malformed::SeveralBlocks => KeyErrorKind::SeveralBlocks,
        })?;
        match block.label {
            SPKI_LABEL => Self::from_spki_der(&block.der),
            PKCS1_LABEL => Self::from_pkcs1_der(&block.der),
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => Err(KeyErrorKind::Certificate.into()),
            _ => Err(KeyErrorKind::UnsupportedLabel.into()),
        }
    }

    /// Parses the DER of a `SubjectPublicKeyInfo`: the form to store.
    ///
    /// # Errors
    ///
    /// [`Encoding`](KeyErrorKind::Encoding) for what is not the one DER form of such a key,
    /// [`UnsupportedAlgorithm`](KeyErrorKind::UnsupportedAlgorithm) for an algorithm other than rsaEncryption,
    /// [`ModulusTooSmall`](KeyErrorKind::ModulusTooSmall), [`ModulusTooLarge`](KeyErrorKind::ModulusTooLarge),
    /// [`EvenModulus`](KeyErrorKind::EvenModulus), [`Exponent`](KeyErrorKind::Exponent).
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        if der.len() > MAX_PEM_LEN {
            return Err(KeyErrorKind::TooLong.into());
        }
        let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyErrorKind::Encoding)?;
        if info.algorithm.oid != pkcs1::ALGORITHM_OID {
            return Err(KeyErrorKind::UnsupportedAlgorithm.into());
        }
        let pkcs1_der = info.subject_public_key.as_bytes().ok_or(KeyErrorKind::Encoding)?;
        let key = bounded(pkcs1_der)?;
        Self::same_bytes(&spki_der(&key)?, der)?;
        Self::from_rsa(&key)
    }

    pub(crate) fn from_pkcs1_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = bounded(der)?;
        let printed = key.to_pkcs1_der().map_err(|_| KeyErrorKind::Encoding)?;
        Self::same_bytes(printed.as_bytes(), der)?;
        Self::from_rsa(&key)
    }

    /// The parser may be lenient somewhere; the printer has one form only.
    fn same_bytes(printed: &[u8], received: &[u8]) -> Result<(), KeyError> {
        if printed == received { Ok(()) } else { Err(KeyErrorKind::Encoding.into()) }
    }

    fn from_rsa(key: &RsaPublicKey) -> Result<Self, KeyError> {
        Ok(Self {
            spki_der: spki_der(key)?.into(),
            components: RsaPublicKeyComponents {
                n: key.n().to_bytes_be().into_boxed_slice(),
                e: key.e().to_bytes_be().into_boxed_slice(),
            },
            modulus_bits: key.n().bits(),
        })
    }

    /// The modulus length in bits.
    #[must_use]
    pub fn modulus_bits(&self) -> usize {
        self.modulus_bits
    }

    /// The length of the modulus, and of each signature, in bytes.
    #[must_use]
    pub fn modulus_len(&self) -> usize {
        self.components.n.len()
    }

    /// How the key is shown: base64url of the SHA-256 of its `SubjectPublicKeyInfo` DER, 43 characters.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.spki_der))
    }

    /// The DER of its `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// The PEM block `PUBLIC KEY`, with lines of 64 characters that end in LF.
    #[must_use]
    pub fn to_spki_pem(&self) -> String {
        pem::write(SPKI_LABEL, &self.spki_der)
    }

    /// Whether `signature` (raw bytes, as long as the modulus) is an RSASSA-PKCS1-v1_5 signature with SHA-256 over
    /// `message`.
    ///
    /// The bare operation, for comparisons and known-answer tests: it knows no challenge, no caller, no time and no
    /// first use. To authenticate a request, use [`ChallengeKeys::check`](crate::ChallengeKeys::check).
    #[must_use]
    pub fn verify_rsa_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        self.components.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki_der == other.spki_der
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bits, {})", self.modulus_bits, self.fingerprint())
    }
}

/// Parses PKCS#1 and applies every bound; sizes are looked at before any arithmetic on the numbers.
fn bounded(pkcs1_der: &[u8]) -> Result<RsaPublicKey, KeyError> {
    let key = pkcs1::RsaPublicKey::try_from(pkcs1_der).map_err(|_| KeyErrorKind::Encoding)?;
    let (modulus, exponent) = (key.modulus.as_bytes(), key.public_exponent.as_bytes());
    if modulus.len() > MAX_MODULUS_BITS / 8 {
        return Err(KeyErrorKind::ModulusTooLarge.into());
    }
    if exponent.len() > size_of::<u64>() {
        return Err(KeyErrorKind::Exponent.into());
    }
    let modulus = BigUint::from_bytes_be(modulus);
    if modulus.bits() < MIN_MODULUS_BITS {
        return Err(KeyErrorKind::ModulusTooSmall.into());
    }
    let exponent = exponent.iter().fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
    if !(MIN_EXPONENT..=MAX_EXPONENT).contains(&exponent) || exponent % 2 == 0 {
        return Err(KeyErrorKind::Exponent.into());
    }
    // What is left to refuse is an even modulus.
    RsaPublicKey::new_with_max_size(modulus, exponent.into(), MAX_MODULUS_BITS)
        .map_err(|_| KeyErrorKind::EvenModulus.into())
}

fn spki_der(key: &RsaPublicKey) -> Result<Vec<u8>, KeyError> {
    Ok(key.to_public_key_der().map_err(|_| KeyErrorKind::Encoding)?.into_vec())
}

/// Most bytes of a public key's text.
pub const MAX_PEM_LEN: usize = 16 * 1024;

/// Fewest bits of a modulus.
pub const MIN_MODULUS_BITS: usize = 2048;

/// Most bits of a modulus: it bounds the work of one verification.
pub const MAX_MODULUS_BITS: usize = 8192;

/// Smallest public exponent.
pub const MIN_EXPONENT: u64 = 65_537;

/// Largest public exponent: it bounds the work of one verification.
pub const MAX_EXPONENT: u64 = (1 << 33) - 1;

const SPKI_LABEL: &str = "PUBLIC KEY";
const PKCS1_LABEL: &str = "RSA PUBLIC KEY";

/// In the boundaries of every kind of private key: `PRIVATE KEY`, `RSA PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`, … A
/// public key's text cannot hold it, as base64 has no blanks.
const PRIVATE_KEY_MARK: &str = "PRIVATE KEY";
