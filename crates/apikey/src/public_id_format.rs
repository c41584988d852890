use std::convert::Infallible;

use crate::base62;
use crate::error::{MintError, ParseError, ParseErrorKind};
use crate::key_format::check_text;
use crate::key_id::KeyId;
use crate::mode::Mode;
use crate::prefix_table::PrefixTable;
use crate::public_id::{MAX_PUBLIC_ID_LEN, PublicId};

/// The prefixes of one family of public ids, each with its mode.
///
/// ```
/// use tollgate_apikey::{KeyId, Mode, PublicIdFormat};
///
/// const CLIENTS: PublicIdFormat = PublicIdFormat::new(&[("client_live_", Mode::Live), ("client_test_", Mode::Test)]);
/// let client = CLIENTS.from_id(Mode::Live, KeyId::parse("Lm4Np6Qr8St0")?)?;
/// assert_eq!(client.as_str(), "client_live_Lm4Np6Qr8St00sPigT");
/// assert_eq!(CLIENTS.parse(client.as_str())?, client);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PublicIdFormat {
    table: PrefixTable,
}

impl PublicIdFormat {
    /// Builds a format from its prefixes; in a `const` or `static` a bad table does not compile.
    ///
    /// # Panics
    ///
    /// Outside a const context, under the rules of [`KeyFormat::new`](crate::KeyFormat::new).
    #[must_use]
    pub const fn new(prefixes: &'static [(&'static str, Mode)]) -> Self {
        Self { table: PrefixTable::new(prefixes) }
    }

    /// Reads a public id under the rules of [`KeyFormat::parse`](crate::KeyFormat::parse).
    ///
    /// # Errors
    ///
    /// As [`KeyFormat::parse`](crate::KeyFormat::parse).
    pub fn parse(&self, text: &str) -> Result<PublicId, ParseError> {
        check_text(text, MAX_PUBLIC_ID_LEN)?;
        let (prefix, id, crc) = split(text.as_bytes()).ok_or(ParseErrorKind::Length)?;
        if !base62::is_base62(crc) {
            return Err(ParseErrorKind::Character.into());
        }
        let id = KeyId::from_bytes(*id).ok_or(ParseErrorKind::Character)?;
        let (prefix, mode) = self.table.find(prefix).ok_or(ParseErrorKind::Prefix)?;
        let canonical = PublicId::from_parts(prefix, mode, id);
        if canonical.as_str() != text {
            return Err(ParseErrorKind::Checksum.into());
        }
        Ok(canonical)
    }

    /// Makes a public id around a new random id, with the first prefix of the mode.
    ///
    /// `fill` writes bytes from a cryptographic random source into the whole slice.
    ///
    /// # Errors
    ///
    /// As [`KeyFormat::mint`](crate::KeyFormat::mint).
    pub fn mint<E>(&self, mode: Mode, fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<PublicId, MintError<E>> {
        let prefix = self.table.first(mode).ok_or_else(MintError::no_prefix)?;
        Ok(PublicId::from_parts(prefix, mode, KeyId::mint(fill)?))
    }

    /// Spells a known id, with the first prefix of the mode.
    ///
    /// # Errors
    ///
    /// [`NoPrefix`](crate::MintErrorKind::NoPrefix) when the table has no row of this mode.
    pub fn from_id(&self, mode: Mode, id: KeyId) -> Result<PublicId, MintError<Infallible>> {
        let prefix = self.table.first(mode).ok_or_else(MintError::no_prefix)?;
        Ok(PublicId::from_parts(prefix, mode, id))
    }
}

type Parts<'a> = (&'a [u8], &'a [u8; crate::ID_LEN], &'a [u8; crate::CHECKSUM_LEN]);

fn split(bytes: &[u8]) -> Option<Parts<'_>> {
    let (rest, crc) = bytes.split_last_chunk()?;
    let (prefix, id) = rest.split_last_chunk()?;
    Some((prefix, id, crc))
}
