//! The kinds of symmetric secret in the key file.

use serde::{Deserialize, Serialize};

/// The kinds of symmetric secret; each has versions of its own, the highest of which is the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// Under which digests of keys and client secrets are kept.
    Pepper,
    /// Under which digests of browser tokens are kept.
    TokenPepper,
    /// Under which secrets that are needed in clear are sealed.
    Sealing,
    /// Which authenticate challenges.
    Challenge,
}

impl SecretKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Pepper, Self::TokenPepper, Self::Sealing, Self::Challenge];

    /// Its name on the command line, in the database and in the log of changes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::TokenPepper => "token-pepper",
            Self::Sealing => "sealing",
            Self::Challenge => "challenge",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The highest version there can be: one byte of a challenge holds its key's.
    pub(super) fn last_version(self) -> u32 {
        match self {
            Self::Challenge => u32::from(u8::MAX),
            Self::Pepper | Self::TokenPepper | Self::Sealing => u32::MAX,
        }
    }

    /// What it makes dies by itself within minutes, so that old keys can be given up at once.
    pub(super) fn is_short_lived(self) -> bool {
        matches!(self, Self::TokenPepper | Self::Challenge)
    }
}
