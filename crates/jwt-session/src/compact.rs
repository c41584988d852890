use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::VerifyErrorKind;

/// The three parts of a compact JWS (RFC 7515 §7.1), split but not yet decoded.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'t> {
    signing_input: &'t str,
    header: &'t str,
    payload: &'t str,
    signature: &'t str,
}

impl<'t> Compact<'t> {
    /// Checks the length, then that there are exactly three parts.
    pub(crate) fn split(token: &'t str) -> Result<Self, VerifyErrorKind> {
        if token.len() > MAX_TOKEN_LEN {
            return Err(VerifyErrorKind::TooLong);
        }
        let (signing_input, signature) = token.rsplit_once('.').ok_or(VerifyErrorKind::Malformed)?;
        let (header, payload) = signing_input.split_once('.').ok_or(VerifyErrorKind::Malformed)?;
        Ok(Self { signing_input, header, payload, signature })
    }

    /// What the signature covers: the received text, never a re-encoding.
    pub(crate) fn signing_input(&self) -> &'t [u8] {
        self.signing_input.as_bytes()
    }

    pub(crate) fn header_text(&self) -> &'t str {
        self.header
    }

    pub(crate) fn header(&self) -> Result<Vec<u8>, VerifyErrorKind> {
        part(self.header)
    }

    pub(crate) fn payload(&self) -> Result<Vec<u8>, VerifyErrorKind> {
        part(self.payload)
    }

    pub(crate) fn signature(&self) -> Result<Vec<u8>, VerifyErrorKind> {
        part(self.signature)
    }
}

/// A fourth part shows as a dot, which is not in the alphabet.
fn part(text: &str) -> Result<Vec<u8>, VerifyErrorKind> {
    if text.is_empty() {
        return Err(VerifyErrorKind::Malformed);
    }
    decode(text).ok_or(VerifyErrorKind::Malformed)
}

/// Strict base64url: no padding, no stray trailing bits, no other alphabet.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Strict base64url of exactly `N` bytes.
pub(crate) fn decode_exact<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (length == N).then_some(bytes)
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn encode_onto(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, text);
}

/// The longest token, in bytes; anything longer is refused before it is decoded.
pub const MAX_TOKEN_LEN: usize = 8192;
