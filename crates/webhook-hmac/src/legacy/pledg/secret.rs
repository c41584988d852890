use std::fmt;

use zeroize::Zeroizing;

use crate::error::{SecretError, SecretErrorKind};

/// The secret of a merchant's notifications: 1 to 256 characters of visible ASCII.
///
/// Verification sets no lower bound but one, because secrets made elsewhere exist; registering a secret does
/// ([`register`](Self::register)), and a minted one has 43 base62 characters. There is no empty secret.
pub struct NotificationSecret(Zeroizing<String>);

impl NotificationSecret {
    /// The longest secret, in characters.
    pub const MAX_BYTES: usize = 256;
    /// The shortest secret that [`register`](Self::register) accepts, in characters.
    pub const MIN_REGISTERED_BYTES: usize = 32;
    /// The length of a minted secret, in characters: enough base62 digits for 256 bits.
    pub const MINTED_BYTES: usize = 43;

    /// Reads a secret that is already in use, byte for byte.
    ///
    /// # Errors
    ///
    /// [`Length`](SecretErrorKind::Length) or [`Alphabet`](SecretErrorKind::Alphabet).
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        Self::at_least(1, text)
    }

    /// Reads a secret that is to be used from now on, so at least 32 characters.
    ///
    /// # Errors
    ///
    /// [`Length`](SecretErrorKind::Length) or [`Alphabet`](SecretErrorKind::Alphabet).
    pub fn register(text: &str) -> Result<Self, SecretError> {
        Self::at_least(Self::MIN_REGISTERED_BYTES, text)
    }

    /// Makes a secret out of 32 random bytes; `fill` fills the whole slice from a CSPRNG.
    ///
    /// # Errors
    ///
    /// Whatever `fill` fails with.
    pub fn mint<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut number = Zeroizing::new([0; 32]);
        fill(number.as_mut_slice())?;
        let mut text = Zeroizing::new(String::with_capacity(Self::MINTED_BYTES));
        for _ in 0..Self::MINTED_BYTES {
            text.push(base62_digit(divide_by_62(&mut number)));
        }
        Ok(Self(text))
    }

    /// The whole text.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }

    fn at_least(min: usize, text: &str) -> Result<Self, SecretError> {
        if !(min..=Self::MAX_BYTES).contains(&text.len()) {
            return Err(SecretErrorKind::Length.into());
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(SecretErrorKind::Alphabet.into());
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for NotificationSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NotificationSecret(..)")
    }
}

/// Divides a big-endian number by 62 in place and gives the remainder.
fn divide_by_62(number: &mut [u8; 32]) -> u8 {
    let mut remainder = 0;
    for byte in number {
        let dividend = remainder << 8 | u16::from(*byte);
        *byte = (dividend / 62).to_le_bytes()[0]; // the remainder is below 62, so the quotient is below 256
        remainder = dividend % 62;
    }
    remainder.to_le_bytes()[0]
}

fn base62_digit(value: u8) -> char {
    char::from(match value {
        0..=9 => b'0' + value,
        10..=35 => b'A' + (value - 10),
        _ => b'a' + (value - 36),
    })
}
