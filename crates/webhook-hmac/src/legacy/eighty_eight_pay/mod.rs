//! 88Pay notifications: `Authorization: Bearer <token>`, where the token is a compact JWE that names the body
//! (88Pay §7 in `docs/formats.md`).
//!
//! The token is encrypted with AES-256-GCM under the 32 decoded bytes of a [`WebhookSecret`](crate::WebhookSecret) and
//! holds id, amount and status of the transaction, the time in milliseconds and the SHA-256 of the raw body. It is
//! never a credential for anything else.
//!
//! The IV is random, so a secret may encrypt at most 2^32 deliveries; rotate it long before.

mod key;
mod notification;
mod signer;
mod token;
mod verifier;

pub use key::TokenKey;
pub use notification::Notification;
pub use signer::Signer;
pub use verifier::{Verified, Verifier};

/// The longest notification body, in bytes.
pub const MAX_BODY_BYTES: usize = crate::json::MAX_JSON_BYTES;

/// The longest of the transaction's id, amount and status, in bytes.
pub const MAX_MEMBER_BYTES: usize = 255;

/// The longest token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;
