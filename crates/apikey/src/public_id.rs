use std::fmt;

use crate::base62::{self, CHECKSUM_LEN};
use crate::key_id::{ID_LEN, KeyId};
use crate::mode::Mode;
use crate::prefix_table::MAX_PREFIX_LEN;

/// Bytes of the longest public id.
pub const MAX_PUBLIC_ID_LEN: usize = MAX_PREFIX_LEN + ID_LEN + CHECKSUM_LEN;

/// A credential id in its public spelling, `<prefix><id:12><crc:6>`, such as an OAuth client id; not a secret.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct PublicId {
    text: Box<str>,
    id: KeyId,
    prefix: &'static str,
    mode: Mode,
}

impl PublicId {
    pub(crate) fn from_parts(prefix: &'static str, mode: Mode, id: KeyId) -> Self {
        let crc = base62::checksum(&[prefix.as_bytes(), id.as_str().as_bytes()]);
        let mut text = String::with_capacity(prefix.len() + ID_LEN + CHECKSUM_LEN);
        text.push_str(prefix);
        text.push_str(id.as_str());
        text.extend(crc.map(char::from));
        Self { text: text.into_boxed_str(), id, prefix, mode }
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The id inside, by which the stored record is found.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The mode that the prefix stands for.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The prefix, as written in the table of the format.
    #[must_use]
    pub const fn prefix(&self) -> &'static str {
        self.prefix
    }
}

impl fmt::Display for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PublicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicId({})", self.as_str())
    }
}
