//! Turns the secrets that a caller lends into the keys that a signer or verifier owns.

use crate::MAX_SECRETS;
use crate::error::ConfigErrorKind;

/// Collects 1 to [`MAX_SECRETS`] keys.
pub(crate) fn collect<S, K>(
    secrets: impl IntoIterator<Item = S>,
    mut key: impl FnMut(S) -> Result<K, ConfigErrorKind>,
) -> Result<Vec<K>, ConfigErrorKind> {
    let mut keys = Vec::new();
    for secret in secrets {
        if keys.len() == MAX_SECRETS {
            return Err(ConfigErrorKind::TooManyKeys);
        }
        keys.push(key(secret)?);
    }
    if keys.is_empty() { Err(ConfigErrorKind::NoKey) } else { Ok(keys) }
}
