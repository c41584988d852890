use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::ShapeError;
use crate::form;

/// The value of an `Authorization: Basic` header, not decoded yet; at most [`MAX_BASIC_TOKEN`] bytes.
///
/// There are two readings and each has its method, because a route serves one of them:
/// [`decode_client`](Self::decode_client) for OAuth clients, [`decode_user`](Self::decode_user) for people.
/// Whichever applies is the only one; a failure of one is not a reason to try the other.
pub struct BasicToken<'h>(&'h str);

impl<'h> BasicToken<'h> {
    /// Takes a value whose characters were checked.
    pub(crate) fn new(checked: &'h str) -> Result<Self, ShapeError> {
        if checked.len() > MAX_BASIC_TOKEN { Err(ShapeError::malformed()) } else { Ok(Self(checked)) }
    }

    /// The pair of an OAuth client: each half is form-decoded once after the split (RFC 6749 §2.3.1).
    ///
    /// `+` is a blank and `%HH` a byte; a half without either is itself.
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ShapeErrorKind::Malformed) for base64 that is not the one canonical text of its bytes,
    /// no colon, an empty half, a broken escape, and a half that is not UTF-8 or holds a control character.
    pub fn decode_client(&self) -> Result<BasicCredentials, ShapeError> {
        self.decode(form::decode)
    }

    /// The pair of a person: both halves are taken as they are (RFC 7617 §2).
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ShapeErrorKind::Malformed) for base64 that is not the one canonical text of its bytes,
    /// no colon, an empty half, and a half that is not UTF-8 or holds a control character.
    pub fn decode_user(&self) -> Result<BasicCredentials, ShapeError> {
        self.decode(|half| Some(Zeroizing::new(half.to_vec())))
    }

    /// The base64 text as it was sent.
    ///
    /// When it decodes it is the only text of its bytes, so its digest can stand for the pair.
    #[must_use]
    pub fn expose_secret(&self) -> &'h str {
        self.0
    }

    fn decode(&self, read_half: impl Fn(&[u8]) -> Option<Zeroizing<Vec<u8>>>) -> Result<BasicCredentials, ShapeError> {
        // Full size at once: a buffer that grew would leave a copy of the secret behind.
        let mut buffer = Zeroizing::new(vec![0; base64::decoded_len_estimate(self.0.len())]);
        let len = STANDARD.decode_slice(self.0, &mut buffer).map_err(|_| ShapeError::malformed())?;
        let pair = buffer.get(..len).ok_or_else(ShapeError::malformed)?;
        let colon = pair.iter().position(|byte| *byte == b':').ok_or_else(ShapeError::malformed)?;
        let (user_id, rest) = pair.split_at_checked(colon).ok_or_else(ShapeError::malformed)?;
        let password = rest.get(1..).ok_or_else(ShapeError::malformed)?;
        Ok(BasicCredentials {
            user_id: half(read_half(user_id)).ok_or_else(ShapeError::malformed)?,
            password: half(read_half(password)).ok_or_else(ShapeError::malformed)?,
        })
    }
}

impl fmt::Debug for BasicToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BasicToken(redacted)")
    }
}

/// The two halves of a Basic credential: each non-empty UTF-8 without control characters, wiped on drop.
#[must_use]
pub struct BasicCredentials {
    user_id: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl BasicCredentials {
    /// The half before the first colon: a client id or an e-mail address.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The half after the first colon: a client secret or a password.
    #[must_use]
    pub fn expose_password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for BasicCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BasicCredentials(redacted)")
    }
}

fn half(bytes: Option<Zeroizing<Vec<u8>>>) -> Option<Zeroizing<String>> {
    // Moved and not copied: a secret is in one place, and one place is wiped.
    let text = match String::from_utf8(std::mem::take(&mut *bytes?)) {
        Ok(text) => Zeroizing::new(text),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            return None;
        }
    };
    if text.is_empty() || text.chars().any(char::is_control) { None } else { Some(text) }
}

/// The longest base64 text of a Basic credential in bytes.
pub const MAX_BASIC_TOKEN: usize = 4096;
