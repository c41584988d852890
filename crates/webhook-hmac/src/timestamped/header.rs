use std::fmt;

use super::Hash;
use crate::error::{HeaderError, HeaderErrorKind};
use crate::{hex, unix};

/// The longest header, in bytes.
pub const MAX_HEADER_BYTES: usize = 2048;

/// The largest number of `v1` members in one header.
pub const MAX_SIGNATURES: usize = 8;

/// The longest tag, in bytes.
const MAX_TAG_BYTES: usize = 64;

/// A signature header of the right form; nothing in it is verified yet.
///
/// Members are `name=value`, parted by commas: exactly one `t`, one to [`MAX_SIGNATURES`] `v1` that are all for the
/// same hash, and any number of others, which are ignored but must be well-formed. It prints back the text it was
/// read from.
#[derive(Clone, PartialEq, Eq)]
pub struct SignatureHeader<'h> {
    text: &'h str,
    timestamp_digits: &'h str,
    timestamp: i64,
    hash: Hash,
    tags: [[u8; MAX_TAG_BYTES]; MAX_SIGNATURES],
    count: usize,
}

impl<'h> SignatureHeader<'h> {
    /// Reads a header value.
    ///
    /// # Errors
    ///
    /// Every [`HeaderErrorKind`] but [`MessageId`](HeaderErrorKind::MessageId).
    pub fn parse(text: &'h str) -> Result<Self, HeaderError> {
        if text.len() > MAX_HEADER_BYTES {
            return Err(HeaderErrorKind::TooLong.into());
        }
        let mut timestamp = None;
        let mut hash = None;
        let mut tags = [[0; MAX_TAG_BYTES]; MAX_SIGNATURES];
        let mut count = 0;
        // At most MAX_HEADER_BYTES / 2 members.
        for member in text.split(',') {
            let (name, value) = member.split_once('=').ok_or(HeaderErrorKind::Member)?;
            match name {
                "t" => {
                    if timestamp.replace((value, unix::parse(value)?)).is_some() {
                        return Err(HeaderErrorKind::RepeatedTimestamp.into());
                    }
                }
                "v1" => {
                    let this = Hash::of_hex_digits(value.len()).ok_or(HeaderErrorKind::Signature)?;
                    if *hash.get_or_insert(this) != this {
                        return Err(HeaderErrorKind::Signature.into());
                    }
                    let tag = tags.get_mut(count).ok_or(HeaderErrorKind::TooManySignatures)?;
                    let tag = tag.get_mut(..this.tag_bytes()).ok_or(HeaderErrorKind::Signature)?;
                    hex::decode_lower(value, tag).ok_or(HeaderErrorKind::Signature)?;
                    count += 1;
                }
                _ if is_member(name, value) => {}
                _ => return Err(HeaderErrorKind::Member.into()),
            }
        }
        let (timestamp_digits, timestamp) = timestamp.ok_or(HeaderErrorKind::NoTimestamp)?;
        let hash = hash.ok_or(HeaderErrorKind::NoSignature)?;
        Ok(Self { text, timestamp_digits, timestamp, hash, tags, count })
    }

    /// The text it was read from.
    #[must_use]
    pub fn as_str(&self) -> &'h str {
        self.text
    }

    /// The time stamp, in Unix seconds: a claim until it is verified.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// The hash that the length of the signatures belongs to.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The number of `v1` members.
    #[must_use]
    pub fn signature_count(&self) -> usize {
        self.count
    }

    pub(super) fn timestamp_digits(&self) -> &'h str {
        self.timestamp_digits
    }

    /// The decoded tags, each as long as the hash says.
    pub(super) fn tags(&self) -> impl Iterator<Item = &[u8]> {
        let length = self.hash.tag_bytes();
        self.tags.iter().take(self.count).map(move |tag| tag.get(..length).unwrap_or(tag))
    }
}

impl fmt::Display for SignatureHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for SignatureHeader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SignatureHeader").field(&self.text).finish()
    }
}

/// Whether an ignored member has a name of `A-Za-z0-9_-` and a value of visible ASCII.
fn is_member(name: &str, value: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        && value.bytes().all(|byte| byte.is_ascii_graphic())
}
