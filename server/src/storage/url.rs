//! Where a server is, with what it takes to enter and to know it.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// The URL of a database or a store; it may hold a password.
#[derive(Clone)]
pub struct StorageUrl {
    text: Arc<Zeroizing<String>>,
    authority: Option<Arc<[u8]>>,
}

impl StorageUrl {
    /// Takes the text as it is; opening it says whether it reads.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self::from(Zeroizing::new(text))
    }

    /// The certificate of the server must come from this authority (PEM), and from none of those of the machine.
    #[must_use]
    pub fn certified_by(self, authority: Vec<u8>) -> Self {
        Self { authority: Some(authority.into()), ..self }
    }

    /// The text, to connect with.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.text
    }

    /// The authority, if one is named.
    #[must_use]
    pub fn authority(&self) -> Option<&[u8]> {
        self.authority.as_deref()
    }
}

impl From<Zeroizing<String>> for StorageUrl {
    fn from(text: Zeroizing<String>) -> Self {
        Self { text: Arc::new(text), authority: None }
    }
}

impl fmt::Debug for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageUrl(redacted)")
    }
}
