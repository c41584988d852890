//! Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp` and `webhook-signature`.
//!
//! Signed are the message id, the time stamp and the raw body, joined with full stops. That joint is unambiguous here
//! because a [`MessageId`] has no full stop and a time stamp has digits only.
//!
//! `v1` is HMAC-SHA256 under the decoded bytes of a [`WebhookSecret`](crate::WebhookSecret); `v1a` is Ed25519 under a
//! [`SigningKey`], checked with its [`VerifyingKey`]. A [`Verifier`] is made for one of the two and never accepts the
//! other, so that nobody can fall back to the weaker one by taking a signature away. Who moves from one scheme to the
//! other keeps two verifiers and says openly which may answer.

mod headers;
mod key;
mod message_id;
mod signer;
mod verifier;

pub use headers::{Headers, MAX_SIGNATURE_BYTES, MAX_SIGNATURES};
pub use key::{SigningKey, VerifyingKey};
pub use message_id::MessageId;
pub use signer::{SignedHeaders, Signer};
pub use verifier::{Verified, Verifier};

use ring::hmac;

/// The name of the header with the message id.
pub const ID_HEADER: &str = "webhook-id";

/// The name of the header with the time stamp.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";

/// The name of the header with the signatures.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// The `v1` tag.
fn tag(key: &hmac::Key, id: MessageId<'_>, timestamp: &str, body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in [id.as_str().as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        context.update(part);
    }
    context.sign()
}

/// The bytes that `v1a` signs, in one piece as Ed25519 needs them.
fn message(id: MessageId<'_>, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_str().as_bytes(), timestamp.as_bytes(), body].join(&b'.')
}
