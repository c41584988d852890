use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::error::{SecretError, SecretErrorKind};
use crate::secret::{decode_base64, encode_base64};

/// The bytes of an Ed25519 seed, and of a public key (RFC 8032 §5.1.5).
const HALF: usize = 32;

/// The private key of a sender: `whsk_` and the standard base64 of seed and public key, 64 bytes.
///
/// The 32 bytes of the seed alone are accepted too. The text that was read stays the text that is exposed.
pub struct SigningKey {
    text: Zeroizing<String>,
    pair: Ed25519KeyPair,
}

impl SigningKey {
    /// The text that every signing key starts with.
    pub const PREFIX: &str = "whsk_";

    /// Reads a key, byte for byte: nothing is trimmed, and only canonical base64 is accepted.
    ///
    /// # Errors
    ///
    /// [`Prefix`](SecretErrorKind::Prefix), [`Encoding`](SecretErrorKind::Encoding),
    /// [`Length`](SecretErrorKind::Length), or [`Pair`](SecretErrorKind::Pair) when the public half is not the seed's.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(Self::PREFIX).ok_or(SecretErrorKind::Prefix)?;
        let decoded = decode_base64::<{ 2 * HALF }>(encoded)?;
        let pair = match decoded.split_at_checked(HALF) {
            Some((seed, [])) => Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| SecretErrorKind::Length)?,
            Some((seed, public)) if public.len() == HALF => {
                Ed25519KeyPair::from_seed_and_public_key(seed, public).map_err(|_| SecretErrorKind::Pair)?
            }
            _ => return Err(SecretErrorKind::Length.into()),
        };
        Ok(Self { text: Zeroizing::new(text.to_owned()), pair })
    }

    /// Makes a key; `fill` fills the whole slice from a CSPRNG.
    ///
    /// # Errors
    ///
    /// Whatever `fill` fails with.
    pub fn mint<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut bytes = Zeroizing::new([0; 2 * HALF]);
        let (seed, public) = bytes.split_at_mut(HALF);
        fill(seed)?;
        let pair = pair_of(seed);
        public.copy_from_slice(pair.public_key().as_ref());
        Ok(Self { text: encode_base64(Self::PREFIX, bytes.as_slice()), pair })
    }

    /// The whole text, prefix included.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.text
    }

    /// The public key that receivers pin.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let mut public = [0; HALF];
        public.copy_from_slice(self.pair.public_key().as_ref());
        VerifyingKey(public)
    }

    /// The signature, in base64.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        STANDARD.encode(self.pair.sign(message))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

/// The public key of a sender: `whpk_` and the standard base64 of 32 bytes.
///
/// ```
/// use tollgate_webhook_hmac::standard::VerifyingKey;
///
/// let text = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
/// assert_eq!(VerifyingKey::parse(text)?.to_string(), text);
/// # Ok::<(), tollgate_webhook_hmac::SecretError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct VerifyingKey([u8; HALF]);

impl VerifyingKey {
    /// The text that every verifying key starts with.
    pub const PREFIX: &str = "whpk_";

    /// Reads a key.
    ///
    /// # Errors
    ///
    /// [`Prefix`](SecretErrorKind::Prefix), [`Encoding`](SecretErrorKind::Encoding),
    /// [`Length`](SecretErrorKind::Length), or [`Weak`](SecretErrorKind::Weak) for a point of small order.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(Self::PREFIX).ok_or(SecretErrorKind::Prefix)?;
        let decoded = decode_base64::<HALF>(encoded)?;
        let public = <[u8; HALF]>::try_from(decoded.as_slice()).map_err(|_| SecretErrorKind::Length)?;
        if is_small_order(public) { Err(SecretErrorKind::Weak.into()) } else { Ok(Self(public)) }
    }

    pub(super) fn accepts(&self, message: &[u8], signature: &[u8; 2 * HALF]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::PREFIX)?;
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

/// The key pair of a seed of [`HALF`] bytes, which is the only thing that the construction demands.
fn pair_of(seed: &[u8]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(seed).expect("a seed of 32 bytes makes a key pair")
}

/// Whether the bytes encode a point of order 1, 2, 4 or 8, under which some signatures fit any message.
fn is_small_order(mut public: [u8; HALF]) -> bool {
    public[HALF - 1] &= 0x7f; // the sign of x
    SMALL_ORDER_Y.contains(&public)
}

/// The y coordinates, little-endian, of every point of small order, with their encodings that are not reduced.
const SMALL_ORDER_Y: [[u8; HALF]; 7] = [
    field_element(0x00, 0x00, 0x00),
    field_element(0x01, 0x00, 0x00),
    field_element(0xec, 0xff, 0x7f),
    field_element(0xed, 0xff, 0x7f),
    field_element(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

/// A field element whose bytes between the first and the last are all alike.
const fn field_element(first: u8, middle: u8, last: u8) -> [u8; HALF] {
    let mut bytes = [middle; HALF];
    bytes[0] = first;
    bytes[HALF - 1] = last;
    bytes
}
