//! The `t=<unix seconds>,v1=<hex>` header: HMAC over `t`, a full stop and the raw body.
//!
//! The Caibo dialect writes it with SHA-512 into `X-Caibo-Signature` (Caibo §6 in `docs/formats.md`). The HMAC key is
//! the ASCII text of the whole [`WebhookSecret`](crate::WebhookSecret), prefix included. A receiver hands over the
//! one header that came; a request that has it twice is refused before it gets here.
//!
//! The border between time stamp and body is unambiguous: a time stamp has digits only, so the first full stop ends it.

mod header;
mod signer;
mod verifier;

pub use header::{MAX_HEADER_BYTES, MAX_SIGNATURES, SignatureHeader};
pub use signer::Signer;
pub use verifier::{Verified, Verifier};

use ring::hmac;

/// The hash inside the HMAC, fixed by the dialect and never read from a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hash {
    /// HMAC-SHA256: 32-byte tags, 64 hex digits.
    Sha256,
    /// HMAC-SHA512: 64-byte tags, 128 hex digits.
    Sha512,
}

impl Hash {
    fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn tag_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn of_hex_digits(digits: usize) -> Option<Self> {
        [Self::Sha256, Self::Sha512].into_iter().find(|hash| hash.tag_bytes() * 2 == digits)
    }
}

/// The tag over the digits of the time stamp, a full stop and the body.
fn tag(key: &hmac::Key, timestamp: &str, body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    context.sign()
}
