use zeroize::Zeroizing;

use crate::api_key::{ApiKey, MAX_KEY_LEN, SECRET_LEN};
use crate::base62::{self, CHECKSUM_LEN};
use crate::error::{MintError, ParseError, ParseErrorKind};
use crate::key_id::{ID_LEN, KeyId};
use crate::mode::Mode;
use crate::prefix_table::PrefixTable;

/// The prefixes of one family of keys, each with its mode.
///
/// ```
/// use tollgate_apikey::{KeyFormat, Mode};
///
/// const KEYS: KeyFormat = KeyFormat::new(&[("shop_live_", Mode::Live), ("shop_test_", Mode::Test)]);
/// assert!(KEYS.parse("shop_live_").is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct KeyFormat {
    table: PrefixTable,
}

impl KeyFormat {
    /// Builds a format from its prefixes; in a `const` or `static` a bad table does not compile.
    ///
    /// ```compile_fail,E0080
    /// # use tollgate_apikey::{KeyFormat, Mode};
    /// const UPPER_CASE: KeyFormat = KeyFormat::new(&[("SHOP_", Mode::Live)]);
    /// ```
    ///
    /// Several prefixes may have one mode: all are read, the first is minted.
    ///
    /// # Panics
    ///
    /// Outside a const context, when the table is empty or has more than [`MAX_PREFIXES`](crate::MAX_PREFIXES) rows,
    /// when a prefix is not 1 to [`MAX_PREFIX_LEN`](crate::MAX_PREFIX_LEN) bytes of `[a-z0-9_]` ending in `_`,
    /// or when two rows have one prefix.
    #[must_use]
    pub const fn new(prefixes: &'static [(&'static str, Mode)]) -> Self {
        Self { table: PrefixTable::new(prefixes) }
    }

    /// Reads a key from the right, by the fixed lengths of its parts; what is left must be a prefix of the table.
    ///
    /// Nothing is trimmed, unquoted, folded or normalised: what is accepted prints back byte for byte.
    ///
    /// # Errors
    ///
    /// In this order: [`Whitespace`](ParseErrorKind::Whitespace) or [`Quoted`](ParseErrorKind::Quoted) when the first
    /// or last character is such; [`Length`](ParseErrorKind::Length); [`Character`](ParseErrorKind::Character);
    /// [`Prefix`](ParseErrorKind::Prefix); [`Checksum`](ParseErrorKind::Checksum).
    pub fn parse(&self, text: &str) -> Result<ApiKey, ParseError> {
        check_text(text, MAX_KEY_LEN)?;
        let parts = split(text.as_bytes()).ok_or(ParseErrorKind::Length)?;
        if !base62::is_base62(parts.secret) || !base62::is_base62(parts.crc) {
            return Err(ParseErrorKind::Character.into());
        }
        let id = KeyId::from_bytes(*parts.id).ok_or(ParseErrorKind::Character)?;
        let (prefix, mode) = self.table.find(parts.prefix).ok_or(ParseErrorKind::Prefix)?;
        if base62::checksum(&[parts.prefix, parts.id, parts.secret]) != *parts.crc {
            return Err(ParseErrorKind::Checksum.into());
        }
        Ok(ApiKey::from_parts(Zeroizing::new(text.to_owned()), id, prefix, mode))
    }

    /// Makes a new key with the first prefix of the mode.
    ///
    /// `fill` writes bytes from a cryptographic random source into the whole slice.
    ///
    /// # Errors
    ///
    /// [`NoPrefix`](crate::MintErrorKind::NoPrefix) when the table has no row of this mode,
    /// [`Randomness`](crate::MintErrorKind::Randomness) with the error of `fill`,
    /// [`Unusable`](crate::MintErrorKind::Unusable) when its bytes are.
    pub fn mint<E>(
        &self,
        mode: Mode,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<ApiKey, MintError<E>> {
        let prefix = self.table.first(mode).ok_or_else(MintError::no_prefix)?;
        let id = KeyId::mint(&mut fill)?;
        let mut secret = Zeroizing::new([0; SECRET_LEN]);
        base62::draw(secret.as_mut_slice(), fill)?;
        let crc = base62::checksum(&[prefix.as_bytes(), id.as_str().as_bytes(), secret.as_slice()]);

        // Of full capacity from the start: growing would leave a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_LEN));
        text.push_str(prefix);
        text.push_str(id.as_str());
        text.extend(secret.iter().copied().map(char::from));
        text.extend(crc.map(char::from));
        Ok(ApiKey::from_parts(text, id, prefix, mode))
    }
}

/// The cheap checks that come before any look at the parts.
pub(crate) fn check_text(text: &str, max_len: usize) -> Result<(), ParseError> {
    let ends = [text.chars().next(), text.chars().next_back()];
    if ends.into_iter().flatten().any(|end| end.is_whitespace() || end == BYTE_ORDER_MARK) {
        return Err(ParseErrorKind::Whitespace.into());
    }
    if ends.into_iter().flatten().any(|end| matches!(end, '"' | '\'' | '`')) {
        return Err(ParseErrorKind::Quoted.into());
    }
    if text.len() > max_len {
        return Err(ParseErrorKind::Length.into());
    }
    // Every byte is looked at whatever is found, so that the time tells nothing of a secret.
    let known = |byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_');
    if !text.bytes().fold(true, |so_far, byte| so_far & known(byte)) {
        return Err(ParseErrorKind::Character.into());
    }
    Ok(())
}

struct Parts<'a> {
    prefix: &'a [u8],
    id: &'a [u8; ID_LEN],
    secret: &'a [u8; SECRET_LEN],
    crc: &'a [u8; CHECKSUM_LEN],
}

fn split(bytes: &[u8]) -> Option<Parts<'_>> {
    let (rest, crc) = bytes.split_last_chunk()?;
    let (rest, secret) = rest.split_last_chunk()?;
    let (prefix, id) = rest.split_last_chunk()?;
    Some(Parts { prefix, id, secret, crc })
}

const BYTE_ORDER_MARK: char = '\u{feff}';
