use std::borrow::Borrow;
use std::fmt;

use ring::hmac;
use time::OffsetDateTime;

use super::{Hash, tag};
use crate::error::ConfigError;
use crate::{WebhookSecret, hex, keys, unix};

/// Signs deliveries under every live secret.
pub struct Signer {
    hash: Hash,
    keys: Vec<hmac::Key>,
}

impl Signer {
    /// Takes 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) live secrets, newest first.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn new(hash: Hash, secrets: impl IntoIterator<Item = impl Borrow<WebhookSecret>>) -> Result<Self, ConfigError> {
        let keys = keys::collect(secrets, |secret| Ok(secret.borrow().text_key(hash.algorithm())))?;
        Ok(Self { hash, keys })
    }

    /// The header value for these exact bytes: `t`, then one `v1` per secret in the order given.
    ///
    /// Sign each attempt anew. A time before 1970 is written as 0.
    #[must_use]
    pub fn sign(&self, body: &[u8], now: OffsetDateTime) -> String {
        let timestamp = unix::stamp(now).to_string();
        let mut header = String::with_capacity(16 + self.keys.len() * (4 + self.hash.tag_bytes() * 2));
        header.push_str("t=");
        header.push_str(&timestamp);
        for key in &self.keys {
            header.push_str(",v1=");
            hex::push_lower(&mut header, tag(key, &timestamp, body).as_ref());
        }
        header
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("hash", &self.hash).field("keys", &self.keys.len()).finish()
    }
}
