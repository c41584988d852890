use std::fmt;

use zeroize::Zeroizing;

use crate::base62::CHECKSUM_LEN;
use crate::key_id::{ID_LEN, KeyId};
use crate::mode::Mode;
use crate::mode_key::{LiveKey, TestKey};
use crate::prefix_table::MAX_PREFIX_LEN;

/// Characters of the secret part of a key: 190 bits.
pub const SECRET_LEN: usize = 32;

/// Bytes of the longest key.
pub const MAX_KEY_LEN: usize = MAX_PREFIX_LEN + ID_LEN + SECRET_LEN + CHECKSUM_LEN;

/// The text of a key, `<prefix><id:12><secret:32><crc:6>`, with a known prefix and a checksum that fits.
///
/// It lives on the heap, so that moving the value leaves no copy behind, and is wiped on drop. Parsing says nothing
/// about whether the key exists: that is for [`Peppers::verify`](crate::Peppers::verify).
pub struct ApiKey {
    text: Zeroizing<String>,
    id: KeyId,
    prefix: &'static str,
    mode: Mode,
}

impl ApiKey {
    pub(crate) fn from_parts(text: Zeroizing<String>, id: KeyId, prefix: &'static str, mode: Mode) -> Self {
        Self { text, id, prefix, mode }
    }

    /// The public part, by which the stored record is found.
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

    /// The last four characters of the text, to be shown beside the prefix so that people can tell keys apart.
    ///
    /// They are part of the checksum; knowing them leaves 166 bits of the secret open.
    #[must_use]
    pub fn last_four(&self) -> &str {
        let start = self.text.len().saturating_sub(4);
        self.text.get(start..).unwrap_or_default()
    }

    /// The whole text, secret included: to be shown once, and never stored or logged.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.text
    }

    /// The key as one that is known to be live.
    ///
    /// # Errors
    ///
    /// Gives a test key back.
    pub fn into_live(self) -> Result<LiveKey, Self> {
        LiveKey::try_from(self)
    }

    /// The key as one that is known to be a test key.
    ///
    /// # Errors
    ///
    /// Gives a live key back.
    pub fn into_test(self) -> Result<TestKey, Self> {
        TestKey::try_from(self)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}
