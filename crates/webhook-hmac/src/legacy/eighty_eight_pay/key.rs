use std::fmt;

use ring::aead;

use crate::WebhookSecret;
use crate::error::{ConfigError, ConfigErrorKind};

/// A webhook secret under the id by which tokens name it.
pub struct TokenKey {
    id: String,
    key: aead::LessSafeKey,
}

impl TokenKey {
    /// The longest key id, in bytes.
    pub const MAX_ID_BYTES: usize = 64;

    /// Takes the id, 1 to 64 characters out of `A-Za-z0-9._-`, and a secret of exactly 32 decoded bytes.
    ///
    /// # Errors
    ///
    /// [`KeyId`](ConfigErrorKind::KeyId) or [`KeyLength`](ConfigErrorKind::KeyLength).
    pub fn new(id: &str, secret: &WebhookSecret) -> Result<Self, ConfigError> {
        let is_id = (1..=Self::MAX_ID_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if !is_id {
            return Err(ConfigErrorKind::KeyId.into());
        }
        Ok(Self { id: id.to_owned(), key: secret.content_key()? })
    }

    /// The key id, which is public.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn content_key(&self) -> &aead::LessSafeKey {
        &self.key
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").field("id", &self.id).finish_non_exhaustive()
    }
}
