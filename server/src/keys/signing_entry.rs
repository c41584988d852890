//! A key that signs tokens of one kind, as it stands in the key file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tollgate_jwt_session::{Algorithm, SigningKey};

use super::file::{KeyFileError, Secret};
use super::token_kind::TokenKind;
use crate::rng::Rng;

/// A signing key and its dates, in Unix seconds; files of earlier releases have none.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SigningEntry {
    #[serde(rename = "purpose")]
    pub(super) kind: TokenKind,
    pub(super) kid: String,
    secret: Secret,
    /// When it was made, and so published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<i64>,
    /// From when on it signs, until a later one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) use_from: Option<i64>,
    /// From when on nothing it signed is accepted, whatever the life of its tokens: its secret may be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) verify_until: Option<i64>,
}

impl SigningEntry {
    /// A fresh key that is published from `now` on.
    pub(super) fn generate(
        kind: TokenKind,
        now: OffsetDateTime,
        use_from: i64,
        rng: &Rng,
    ) -> Result<Self, KeyFileError> {
        let mut tail = [0_u8; 4];
        rng.fill(&mut tail).map_err(|_| KeyFileError::Randomness)?;
        let secret = match kind.algorithm() {
            Algorithm::Es256 => {
                let pkcs8 = SigningKey::generate_es256_pkcs8(&*rng.source()).map_err(|_| KeyFileError::Randomness)?;
                Secret::from_text(STANDARD.encode(&*pkcs8))
            }
            Algorithm::Hs256 => Secret::random(rng)?,
        };
        Ok(Self {
            kind,
            kid: format!("{}-{:08x}", kind.prefix(), u32::from_be_bytes(tail)),
            secret,
            created_at: Some(now.unix_timestamp()),
            use_from: Some(use_from),
            verify_until: None,
        })
    }

    pub(super) fn key(&self, rng: &Rng) -> Option<SigningKey> {
        let bytes = self.secret.decode()?;
        match self.kind.algorithm() {
            Algorithm::Es256 => SigningKey::es256(&self.kid, &bytes, rng.source()).ok(),
            Algorithm::Hs256 => SigningKey::hs256(&self.kid, &bytes).ok(),
        }
    }
}
