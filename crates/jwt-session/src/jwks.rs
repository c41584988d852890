use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::Serialize;

/// A JWK set of ES256 public keys (RFC 7517 §5); it cannot hold a MAC key or a private key.
///
/// Each key prints exactly the members `kty`, `crv`, `kid`, `use`, `alg`, `x` and `y`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Jwks(JwkSet);

impl Jwks {
    pub(crate) fn of(keys: impl Iterator<Item = Jwk>) -> Self {
        Self(JwkSet { keys: keys.collect() })
    }

    /// One set out of several, for rings that share an endpoint; a key that stands in two sets is kept once.
    #[must_use]
    pub fn merge(sets: impl IntoIterator<Item = Self>) -> Self {
        let mut keys: Vec<Jwk> = Vec::new();
        for key in sets.into_iter().flat_map(|set| set.0.keys) {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        Self(JwkSet { keys })
    }

    /// The keys, in the order of the rings: the signing key first.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.0.keys
    }
}
