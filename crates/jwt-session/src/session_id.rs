use std::fmt;

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::crypto::{self, SHA256_LEN};
use crate::{VerifyError, VerifyErrorKind, compact};

/// The second half of a bearer pair: `sess_` and a lower-case UUID v4, [`SESSION_ID_LEN`] characters; secret.
pub struct SessionId(Zeroizing<String>);

impl SessionId {
    /// Makes a fresh id out of 16 random bytes, 122 bits of which count (RFC 9562 §5.4).
    ///
    /// # Errors
    ///
    /// Passes the error of `fill` through; nothing else fails.
    pub fn mint<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut bytes = Zeroizing::new([0_u8; UUID_LEN]);
        fill(bytes.as_mut_slice())?;
        let mut text = Zeroizing::new(String::with_capacity(SESSION_ID_LEN));
        text.push_str(PREFIX);
        for (position, byte) in bytes.iter_mut().enumerate() {
            match position {
                4 | 10 => text.push('-'),
                6 => {
                    text.push('-');
                    *byte = *byte & 0x0f | 0x40;
                }
                8 => {
                    text.push('-');
                    *byte = *byte & 0x3f | 0x80;
                }
                _ => {}
            }
            for nibble in [*byte >> 4, *byte & 0x0f] {
                text.extend(char::from_digit(nibble.into(), 16));
            }
        }
        Ok(Self(text))
    }

    /// Reads the exact form; nothing is trimmed and no case is folded.
    ///
    /// # Errors
    ///
    /// [`WrongSession`](VerifyErrorKind::WrongSession) for any other text.
    pub fn parse(text: &str) -> Result<Self, VerifyError> {
        if is_session_id(text) {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(VerifyErrorKind::WrongSession.into())
        }
    }

    /// The text, to be handed to the client.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    /// What the token carries in its `sid` claim.
    #[must_use]
    pub fn digest(&self) -> SessionDigest {
        SessionDigest(crypto::sha256(self.0.as_bytes()))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(***)")
    }
}

/// SHA-256 over the ASCII text of a [`SessionId`]; prints as 43 characters of base64url.
#[derive(Clone)]
pub struct SessionDigest([u8; SHA256_LEN]);

impl SessionDigest {
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        compact::decode_exact(text).map(Self)
    }
}

impl ConstantTimeEq for SessionDigest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Display for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&compact::encode(&self.0))
    }
}

impl fmt::Debug for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionDigest(***)")
    }
}

/// `^sess_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`
fn is_session_id(text: &str) -> bool {
    let Some(uuid) = text.strip_prefix(PREFIX) else {
        return false;
    };
    text.len() == SESSION_ID_LEN
        && uuid.bytes().enumerate().all(|(position, byte)| match position {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => byte == b'4',
            19 => matches!(byte, b'8' | b'9' | b'a' | b'b'),
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// The length of a session id, in characters.
pub const SESSION_ID_LEN: usize = 41;
const PREFIX: &str = "sess_";
const UUID_LEN: usize = 16;
