//! Where a server is, with what it takes to enter.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// The URL of a database or a store; it may hold a password.
#[derive(Clone)]
pub struct StorageUrl(Arc<Zeroizing<String>>);

impl StorageUrl {
    /// Takes the text as it is; opening it says whether it reads.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Arc::new(Zeroizing::new(text)))
    }

    /// The text, to connect with.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl From<Zeroizing<String>> for StorageUrl {
    fn from(text: Zeroizing<String>) -> Self {
        Self(Arc::new(text))
    }
}

impl fmt::Debug for StorageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StorageUrl(redacted)")
    }
}
