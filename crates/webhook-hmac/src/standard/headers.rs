use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::MessageId;
use crate::error::{HeaderError, HeaderErrorKind};
use crate::unix;

/// The longest `webhook-signature` value, in bytes.
pub const MAX_SIGNATURE_BYTES: usize = 2048;

/// The largest number of entries in one `webhook-signature`, whatever their scheme.
pub const MAX_SIGNATURES: usize = 8;

/// The three headers of a delivery, of the right form; nothing in them is verified yet.
///
/// Entries of a scheme other than `v1` and `v1a` are ignored but must be well-formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers<'h> {
    id: MessageId<'h>,
    timestamp_digits: &'h str,
    timestamp: i64,
    signature: &'h str,
    v1: Vec<[u8; 32]>,
    v1a: Vec<[u8; 64]>,
}

impl<'h> Headers<'h> {
    /// Reads the values of `webhook-id`, `webhook-timestamp` and `webhook-signature`, each of which came once.
    ///
    /// # Errors
    ///
    /// [`MessageId`](HeaderErrorKind::MessageId), [`Timestamp`](HeaderErrorKind::Timestamp),
    /// [`TooLong`](HeaderErrorKind::TooLong), [`TooManySignatures`](HeaderErrorKind::TooManySignatures),
    /// [`Member`](HeaderErrorKind::Member), [`Signature`](HeaderErrorKind::Signature) or
    /// [`NoSignature`](HeaderErrorKind::NoSignature).
    pub fn parse(id: &'h str, timestamp: &'h str, signature: &'h str) -> Result<Self, HeaderError> {
        let mut headers = Self {
            id: MessageId::parse(id)?,
            timestamp_digits: timestamp,
            timestamp: unix::parse(timestamp)?,
            signature,
            v1: Vec::new(),
            v1a: Vec::new(),
        };
        if signature.is_empty() {
            return Err(HeaderErrorKind::NoSignature.into());
        }
        if signature.len() > MAX_SIGNATURE_BYTES {
            return Err(HeaderErrorKind::TooLong.into());
        }
        for (index, entry) in signature.split(' ').enumerate() {
            if index == MAX_SIGNATURES {
                return Err(HeaderErrorKind::TooManySignatures.into());
            }
            let (scheme, value) = entry.split_once(',').ok_or(HeaderErrorKind::Member)?;
            match scheme {
                "v1" => headers.v1.push(decode(value)?),
                "v1a" => headers.v1a.push(decode(value)?),
                _ if is_entry(scheme, value) => {}
                _ => return Err(HeaderErrorKind::Member.into()),
            }
        }
        Ok(headers)
    }

    /// The message id: a claim until it is verified.
    #[must_use]
    pub fn id(&self) -> MessageId<'h> {
        self.id
    }

    /// The time stamp, in Unix seconds: a claim until it is verified.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// The text of `webhook-timestamp`.
    #[must_use]
    pub fn timestamp_str(&self) -> &'h str {
        self.timestamp_digits
    }

    /// The text of `webhook-signature`.
    #[must_use]
    pub fn signature_str(&self) -> &'h str {
        self.signature
    }

    pub(super) fn v1(&self) -> &[[u8; 32]] {
        &self.v1
    }

    pub(super) fn v1a(&self) -> &[[u8; 64]] {
        &self.v1a
    }
}

/// Whether an ignored entry has a scheme of `a-z0-9` and a value of visible ASCII.
fn is_entry(scheme: &str, value: &str) -> bool {
    !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && !value.is_empty()
        && value.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Decodes canonical base64 of exactly `N` bytes.
fn decode<const N: usize>(value: &str) -> Result<[u8; N], HeaderErrorKind> {
    if value.len() != N.div_ceil(3) * 4 {
        return Err(HeaderErrorKind::Signature);
    }
    let decoded = STANDARD.decode(value).map_err(|_| HeaderErrorKind::Signature)?;
    decoded.try_into().map_err(|_| HeaderErrorKind::Signature)
}
