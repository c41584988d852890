use crate::api_key::ApiKey;
use crate::mode::Mode;

/// A key whose mode is [`Mode::Live`].
#[derive(Debug)]
pub struct LiveKey(ApiKey);

/// A key whose mode is [`Mode::Test`].
#[derive(Debug)]
pub struct TestKey(ApiKey);

impl LiveKey {
    /// The key.
    #[must_use]
    pub const fn as_key(&self) -> &ApiKey {
        &self.0
    }

    /// The key, its mode forgotten by the type.
    #[must_use]
    pub fn into_key(self) -> ApiKey {
        self.0
    }
}

impl TestKey {
    /// The key.
    #[must_use]
    pub const fn as_key(&self) -> &ApiKey {
        &self.0
    }

    /// The key, its mode forgotten by the type.
    #[must_use]
    pub fn into_key(self) -> ApiKey {
        self.0
    }
}

impl TryFrom<ApiKey> for LiveKey {
    type Error = ApiKey;

    /// Gives a test key back as the error.
    fn try_from(key: ApiKey) -> Result<Self, ApiKey> {
        match key.mode() {
            Mode::Live => Ok(Self(key)),
            Mode::Test => Err(key),
        }
    }
}

impl TryFrom<ApiKey> for TestKey {
    type Error = ApiKey;

    /// Gives a live key back as the error.
    fn try_from(key: ApiKey) -> Result<Self, ApiKey> {
        match key.mode() {
            Mode::Live => Err(key),
            Mode::Test => Ok(Self(key)),
        }
    }
}
