//! The challenge text and its binary layout.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use time::OffsetDateTime;

use crate::{
    Caller, Nonce, ParseError, ParseErrorKind,
    caller::{KEY_ID_LEN, MAX_ACCOUNT_LEN},
    nonce::NONCE_LEN,
};

/// A well-formed challenge text (`docs/formats.md`, `CardPlusPay` §4.2). Well-formed is not genuine: its tag is looked
/// at by [`ChallengeKeys::check`](crate::ChallengeKeys::check) alone.
///
/// The encoding is canonical: printing a parsed challenge gives back the same text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    text: &'a str,
    signed: Vec<u8>,
    key_version: u8,
    account: String,
    key_id: String,
    expires_at: OffsetDateTime,
    nonce: Nonce,
    tag: [u8; TAG_LEN],
}

impl<'a> Challenge<'a> {
    /// Parses a challenge text.
    ///
    /// # Errors
    ///
    /// [`TooLong`](ParseErrorKind::TooLong) beyond 256 characters, [`Prefix`](ParseErrorKind::Prefix) without
    /// `cpp-challenge-v1.`, [`Encoding`](ParseErrorKind::Encoding) for other than canonical unpadded base64url,
    /// [`Version`](ParseErrorKind::Version) for a version byte other than 1, [`Fields`](ParseErrorKind::Fields) when
    /// the bytes do not fill the layout exactly.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        if text.len() > MAX_TEXT_LEN {
            return Err(ParseErrorKind::TooLong.into());
        }
        let encoded = text.strip_prefix(PREFIX).ok_or(ParseErrorKind::Prefix)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).map_err(|_| ParseErrorKind::Encoding)?;
        match bytes.first() {
            Some(&FORMAT_VERSION) => {}
            Some(_) => return Err(ParseErrorKind::Version.into()),
            None => return Err(ParseErrorKind::Fields.into()),
        }
        Self::from_bytes(text, &bytes).ok_or(ParseErrorKind::Fields.into())
    }

    fn from_bytes(text: &'a str, bytes: &[u8]) -> Option<Self> {
        let (signed, tag) = bytes.split_last_chunk::<TAG_LEN>()?;
        let (&[_version, key_version, account_len], rest) = signed.split_first_chunk::<3>()?;
        let (account, rest) = rest.split_at_checked(usize::from(account_len))?;
        let (key_id, rest) = rest.split_first_chunk::<KEY_ID_LEN>()?;
        let (expiry, rest) = rest.split_first_chunk::<8>()?;
        let nonce = <[u8; NONCE_LEN]>::try_from(rest).ok()?;

        let caller = Caller::new(str::from_utf8(account).ok()?, str::from_utf8(key_id).ok()?).ok()?;
        let expiry = i64::try_from(u64::from_be_bytes(*expiry)).ok()?;
        Some(Self {
            text,
            signed: signed.to_vec(),
            key_version,
            account: caller.account().to_owned(),
            key_id: caller.key_id().to_owned(),
            expires_at: OffsetDateTime::from_unix_timestamp(expiry).ok()?,
            nonce: Nonce::from_bytes(nonce),
            tag: *tag,
        })
    }

    /// The text as it was received: what the signature is made over.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The version of the challenge key that made the tag.
    #[must_use]
    pub fn key_version(&self) -> u8 {
        self.key_version
    }

    /// The merchant id it claims to be issued to.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The public id of the API key it claims to be issued to.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The second from which it is no longer live.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// The part that makes it single-use.
    #[must_use]
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The bytes before the tag, as received.
    pub(crate) fn signed(&self) -> &[u8] {
        &self.signed
    }

    pub(crate) fn tag(&self) -> &[u8; TAG_LEN] {
        &self.tag
    }

    pub(crate) fn is_for(&self, caller: &Caller<'_>) -> bool {
        self.account == caller.account() && self.key_id == caller.key_id()
    }
}

/// Prints the text from the fields, not from the text that was parsed.
impl fmt::Display for Challenge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expiry = u64::try_from(self.expires_at.unix_timestamp()).unwrap_or_default();
        let signed = signed_bytes(self.key_version, &self.account, &self.key_id, expiry, &self.nonce);
        f.write_str(&text(signed, &self.tag))
    }
}

/// The binary layout up to the tag.
pub(crate) fn signed_bytes(key_version: u8, account: &str, key_id: &str, expiry: u64, nonce: &Nonce) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(MAX_BYTES);
    // An account has at most MAX_ACCOUNT_LEN bytes, so its length fits a byte.
    bytes.extend([FORMAT_VERSION, key_version, u8::try_from(account.len()).unwrap_or(u8::MAX)]);
    bytes.extend(account.as_bytes());
    bytes.extend(key_id.as_bytes());
    bytes.extend(expiry.to_be_bytes());
    bytes.extend(nonce.as_bytes());
    bytes
}

/// The text of the bytes before the tag, and the tag.
pub(crate) fn text(mut signed: Vec<u8>, tag: &[u8]) -> String {
    signed.extend(tag);
    let mut text = String::with_capacity(MAX_TEXT_LEN);
    text.push_str(PREFIX);
    BASE64_URL_SAFE_NO_PAD.encode_string(signed, &mut text);
    text
}

/// What every challenge begins with: it separates these texts from anything else an RSA key could sign.
pub const PREFIX: &str = "cpp-challenge-v1.";

/// Most characters of a challenge text, prefix included.
pub const MAX_TEXT_LEN: usize = 256;

/// Bytes of the HMAC-SHA256 tag.
pub(crate) const TAG_LEN: usize = 32;

const FORMAT_VERSION: u8 = 1;

const MAX_BYTES: usize = 3 + MAX_ACCOUNT_LEN + KEY_ID_LEN + 8 + NONCE_LEN + TAG_LEN;
