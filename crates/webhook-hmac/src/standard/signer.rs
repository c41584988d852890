use std::borrow::Borrow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use time::OffsetDateTime;

use super::{ID_HEADER, MessageId, SIGNATURE_HEADER, SigningKey, TIMESTAMP_HEADER, message, tag};
use crate::error::ConfigError;
use crate::{WebhookSecret, keys, unix};

/// Signs deliveries under every live secret or key.
pub struct Signer {
    v1: Vec<hmac::Key>,
    v1a: Vec<SigningKey>,
}

impl Signer {
    /// A signer of `v1` with 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) live secrets, newest first.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn new(secrets: impl IntoIterator<Item = impl Borrow<WebhookSecret>>) -> Result<Self, ConfigError> {
        let v1 = keys::collect(secrets, |secret| Ok(secret.borrow().decoded_key(hmac::HMAC_SHA256)))?;
        Ok(Self { v1, v1a: Vec::new() })
    }

    /// A signer of `v1a` with 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) live keys, newest first.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn asymmetric(signing_keys: impl IntoIterator<Item = SigningKey>) -> Result<Self, ConfigError> {
        Ok(Self { v1: Vec::new(), v1a: keys::collect(signing_keys, Ok)? })
    }

    /// Signs `v1a` as well, for the time in which receivers move from one scheme to the other.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn and_asymmetric(self, signing_keys: impl IntoIterator<Item = SigningKey>) -> Result<Self, ConfigError> {
        Ok(Self { v1: self.v1, v1a: keys::collect(signing_keys, Ok)? })
    }

    /// The three headers for these exact bytes; sign each attempt anew, with the same id.
    ///
    /// A time before 1970 is written as 0.
    #[must_use]
    pub fn sign(&self, id: MessageId<'_>, body: &[u8], now: OffsetDateTime) -> SignedHeaders {
        let timestamp = unix::stamp(now).to_string();
        let mut entries = Vec::with_capacity(self.v1.len() + self.v1a.len());
        for key in &self.v1 {
            entries.push(format!("v1,{}", STANDARD.encode(tag(key, id, &timestamp, body))));
        }
        if !self.v1a.is_empty() {
            let message = message(id, &timestamp, body);
            entries.extend(self.v1a.iter().map(|key| format!("v1a,{}", key.sign(&message))));
        }
        SignedHeaders { id: id.as_str().to_owned(), timestamp, signature: entries.join(" ") }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("v1", &self.v1.len()).field("v1a", &self.v1a.len()).finish()
    }
}

/// The headers of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHeaders {
    id: String,
    timestamp: String,
    signature: String,
}

impl SignedHeaders {
    /// The value of `webhook-id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The value of `webhook-timestamp`, in Unix seconds.
    #[must_use]
    pub fn timestamp(&self) -> &str {
        &self.timestamp
    }

    /// The value of `webhook-signature`.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// The three headers as name and value.
    #[must_use]
    pub fn pairs(&self) -> [(&'static str, &str); 3] {
        [(ID_HEADER, &self.id), (TIMESTAMP_HEADER, &self.timestamp), (SIGNATURE_HEADER, &self.signature)]
    }
}
