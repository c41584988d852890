use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::OffsetDateTime;

use super::{Notification, TokenKey, token};
use crate::{json, unix};

/// Makes the tokens of a merchant.
#[derive(Debug)]
pub struct Signer {
    key: TokenKey,
}

impl Signer {
    /// Takes the newest key: the format has room for one token.
    #[must_use]
    pub fn new(key: TokenKey) -> Self {
        Self { key }
    }

    /// The value of `Authorization` for this body; `fill` fills the 12 bytes of the IV from a CSPRNG.
    ///
    /// Sign each attempt anew. An IV that repeats under one key lays the key open, so `fill` must never be predictable.
    ///
    /// # Errors
    ///
    /// Whatever `fill` fails with.
    pub fn sign<E>(
        &self,
        notification: &Notification<'_>,
        now: OffsetDateTime,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<String, E> {
        let mut iv = [0; 12];
        fill(&mut iv)?;
        Ok(token::seal(self.key.content_key(), self.key.id(), iv, content(notification, now)))
    }
}

/// What the token says about the body.
fn content(notification: &Notification<'_>, now: OffsetDateTime) -> String {
    let mut out = String::from("{");
    for (name, value) in notification.members() {
        json::push_member(&mut out, name, value);
    }
    out.push_str(",\"ts\":");
    out.push_str(&unix::millis(now).max(0).to_string());
    json::push_member(&mut out, "body_sha256", &URL_SAFE_NO_PAD.encode(notification.body_sha256()));
    out.push('}');
    out
}
