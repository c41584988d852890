use crate::api_key::ApiKey;
use crate::key_digest::KeyDigest;
use crate::key_id::KeyId;
use crate::mode::Mode;

/// What the comparison of a key with a stored digest gave.
#[derive(Debug)]
#[must_use]
pub enum Verification {
    /// The key is the stored one.
    Match(VerifiedKey),
    /// The key is the stored one, under an earlier pepper: store this digest in place of the old.
    MatchOldPepper(VerifiedKey, KeyDigest),
    /// Another secret, an absent record or an unknown pepper; which of them is not told.
    NoMatch,
}

/// Proof that a key was compared with its stored digest; only a [`Verification`] that matched holds one.
///
/// It says nothing about the state of the credential: see [`Lifecycle::check`](crate::Lifecycle::check).
#[derive(Debug)]
#[must_use]
pub struct VerifiedKey {
    id: KeyId,
    mode: Mode,
}

impl Verification {
    /// The proof, if the key matched, whichever pepper it was under.
    #[must_use]
    pub fn into_verified(self) -> Option<VerifiedKey> {
        match self {
            Self::Match(verified) | Self::MatchOldPepper(verified, _) => Some(verified),
            Self::NoMatch => None,
        }
    }
}

impl VerifiedKey {
    pub(crate) const fn of(key: &ApiKey) -> Self {
        Self { id: key.id(), mode: key.mode() }
    }

    /// The id of the key.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// The mode of the key.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }
}
