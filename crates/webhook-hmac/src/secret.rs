use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{aead, hmac};
use zeroize::Zeroizing;

use crate::error::{ConfigErrorKind, SecretError, SecretErrorKind};

/// A webhook secret: `whsec_` and the standard base64, with padding, of 24 to 64 bytes.
///
/// The same secret serves each scheme in its own way: [`timestamped`](crate::timestamped) keys its HMAC with the
/// ASCII bytes of the whole text, [`standard`](crate::standard) with the decoded bytes, and
/// [`legacy::eighty_eight_pay`](crate::legacy::eighty_eight_pay) encrypts under them.
///
/// ```
/// use tollgate_webhook_hmac::WebhookSecret;
///
/// # let mut next = 0;
/// # let csprng = |bytes: &mut [u8]| -> Result<(), std::convert::Infallible> {
/// #     for byte in bytes { next += 7; *byte = next; }
/// #     Ok(())
/// # };
/// let secret = WebhookSecret::mint(csprng)?;
/// assert_eq!(secret.expose_secret().len(), 50);
/// assert_eq!(format!("{secret:?}"), "WebhookSecret(..)");
/// # Ok::<(), std::convert::Infallible>(())
/// ```
pub struct WebhookSecret {
    text: Zeroizing<String>,
    decoded: Zeroizing<Vec<u8>>,
}

impl WebhookSecret {
    /// The text that every secret starts with.
    pub const PREFIX: &str = "whsec_";
    /// The shortest secret, in decoded bytes (Standard Webhooks 1.0.0, "Signature scheme").
    pub const MIN_BYTES: usize = 24;
    /// The longest secret, in decoded bytes (the same source).
    pub const MAX_BYTES: usize = 64;

    /// Reads a secret, byte for byte: nothing is trimmed, and only canonical base64 is accepted.
    ///
    /// # Errors
    ///
    /// [`Prefix`](SecretErrorKind::Prefix), [`Encoding`](SecretErrorKind::Encoding) or
    /// [`Length`](SecretErrorKind::Length).
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(Self::PREFIX).ok_or(SecretErrorKind::Prefix)?;
        let decoded = decode_base64::<{ Self::MAX_BYTES }>(encoded)?;
        if decoded.len() < Self::MIN_BYTES {
            return Err(SecretErrorKind::Length.into());
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()), decoded })
    }

    /// Makes a secret of 32 bytes; `fill` fills the whole slice from a CSPRNG.
    ///
    /// # Errors
    ///
    /// Whatever `fill` fails with.
    pub fn mint<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut decoded = Zeroizing::new(vec![0; 32]);
        fill(&mut decoded)?;
        Ok(Self { text: encode_base64(Self::PREFIX, &decoded), decoded })
    }

    /// The whole text, prefix included.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.text
    }

    /// The HMAC key made of the ASCII bytes of the whole text.
    pub(crate) fn text_key(&self, algorithm: hmac::Algorithm) -> hmac::Key {
        hmac::Key::new(algorithm, self.text.as_bytes())
    }

    /// The HMAC key made of the decoded bytes.
    pub(crate) fn decoded_key(&self, algorithm: hmac::Algorithm) -> hmac::Key {
        hmac::Key::new(algorithm, &self.decoded)
    }

    /// The AES-256-GCM key made of the decoded bytes, of which there must be 32.
    pub(crate) fn content_key(&self) -> Result<aead::LessSafeKey, ConfigErrorKind> {
        aead::UnboundKey::new(&aead::AES_256_GCM, &self.decoded)
            .map(aead::LessSafeKey::new)
            .map_err(|_| ConfigErrorKind::KeyLength)
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// Decodes canonical standard base64 of at most `MAX` bytes.
pub(crate) fn decode_base64<const MAX: usize>(encoded: &str) -> Result<Zeroizing<Vec<u8>>, SecretErrorKind> {
    if encoded.len() > MAX.div_ceil(3) * 4 {
        return Err(SecretErrorKind::Length);
    }
    // The buffer never grows, so that no copy of the secret is left behind.
    let mut decoded = Zeroizing::new(vec![0; encoded.len().div_ceil(4) * 3]);
    let length = STANDARD.decode_slice(encoded, &mut decoded).map_err(|_| SecretErrorKind::Encoding)?;
    decoded.truncate(length);
    if decoded.len() > MAX { Err(SecretErrorKind::Length) } else { Ok(decoded) }
}

/// A prefix and the standard base64 of the bytes, in a buffer that never grows.
pub(crate) fn encode_base64(prefix: &str, bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + bytes.len().div_ceil(3) * 4));
    text.push_str(prefix);
    STANDARD.encode_string(bytes, &mut text);
    text
}
