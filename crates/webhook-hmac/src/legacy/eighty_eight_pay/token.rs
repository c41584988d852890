//! The parts of a token: compact JWE (RFC 7516 §3.1) with direct encryption.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};

use super::MAX_TOKEN_BYTES;
use crate::error::VerifyErrorKind;
use crate::json::{self, Object};

/// The authentication scheme with the blank behind it.
pub(super) const SCHEME: &str = "Bearer ";

/// The type that keeps these tokens apart from every other.
const TYP: &str = "88pay-webhook+jwe";

/// The bytes of a GCM tag.
const TAG_BYTES: usize = 16;

/// A token of the right form; nothing in it is verified yet.
pub(super) struct Token<'t> {
    protected: &'t str,
    header: Object,
    iv: [u8; NONCE_LEN],
    sealed: Vec<u8>,
}

impl<'t> Token<'t> {
    /// Reads the five parts, of which the second is empty, and the header, which has exactly four members.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        if text.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let mut parts = text.split('.');
        let (protected, encrypted_key, iv) = (parts.next()?, parts.next()?, parts.next()?);
        let (ciphertext, tag) = (parts.next()?, parts.next()?);
        if parts.next().is_some() || !encrypted_key.is_empty() {
            return None;
        }
        let header = json::parse_object(&decode(protected)?)?;
        let iv = decode(iv)?.try_into().ok()?;
        let mut sealed = decode(ciphertext)?;
        let tag = <[u8; TAG_BYTES]>::try_from(decode(tag)?).ok()?;
        sealed.extend_from_slice(&tag);
        Some(Self { protected, header, iv, sealed })
    }

    /// The key id, if the header is the one that these tokens have.
    pub(super) fn key_id(&self) -> Option<&str> {
        let is_ours = self.header.len() == 4
            && json::text(&self.header, "alg") == Some("dir")
            && json::text(&self.header, "enc") == Some("A256GCM")
            && json::text(&self.header, "typ") == Some(TYP);
        if is_ours { json::text(&self.header, "kid") } else { None }
    }

    /// Decrypts the content.
    pub(super) fn open(mut self, key: &LessSafeKey) -> Result<Object, VerifyErrorKind> {
        let nonce = Nonce::assume_unique_for_key(self.iv);
        let opened = key.open_in_place(nonce, Aad::from(self.protected), &mut self.sealed);
        let content = opened.map_err(|_| VerifyErrorKind::NoMatch)?;
        json::parse_object(content).ok_or(VerifyErrorKind::Malformed)
    }
}

/// Encrypts the content into a token, behind the scheme.
pub(super) fn seal(key: &LessSafeKey, key_id: &str, iv: [u8; NONCE_LEN], content: String) -> String {
    let header = format!(r#"{{"alg":"dir","enc":"A256GCM","kid":"{key_id}","typ":"{TYP}"}}"#);
    let protected = URL_SAFE_NO_PAD.encode(header);
    let mut sealed = content.into_bytes();
    // Sealing fails for contents beyond 2^36 bytes only; ours has three members of MAX_MEMBER_BYTES.
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(protected.as_str()), &mut sealed)
        .expect("a short content can be sealed");
    let mut out = String::with_capacity(SCHEME.len() + MAX_TOKEN_BYTES / 4);
    out.push_str(SCHEME);
    out.push_str(&protected);
    for part in [&[], iv.as_slice(), &sealed, tag.as_ref()] {
        out.push('.');
        URL_SAFE_NO_PAD.encode_string(part, &mut out);
    }
    out
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}
