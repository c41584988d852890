//! Issuing: nothing is stored, the tag is the memory.

use std::fmt;

use time::{Duration, OffsetDateTime};

use crate::{
    Caller, ChallengeKeys, Nonce,
    challenge::{signed_bytes, text},
    nonce::NONCE_LEN,
};

/// A challenge that was just made for one caller.
#[derive(Clone, Debug)]
#[must_use = "a challenge is of use only to the caller it is sent to"]
pub struct IssuedChallenge {
    text: String,
    expires_at: OffsetDateTime,
}

impl IssuedChallenge {
    /// The text to send, and the text to sign.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The second from which it is no longer live, in UTC without a fraction.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }
}

impl fmt::Display for IssuedChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ChallengeKeys {
    /// Makes a challenge for `caller` that lives for [`LIFETIME`] from `now`, in whole seconds rounded down.
    ///
    /// `fill` fills the whole slice with bytes that no other challenge of these keys gets, as those of a cryptographically
    /// secure generator are. They need not be secret, and may begin with the time, to be neighbours in a store with those
    /// of the same moment. A `now` outside the years 1970 to 9999 yields a challenge that expired in 1970.
    ///
    /// # Errors
    ///
    /// The error of `fill`, unchanged.
    pub fn issue<E>(
        &self,
        caller: &Caller<'_>,
        now: OffsetDateTime,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<IssuedChallenge, E> {
        let mut nonce = [0; NONCE_LEN];
        fill(&mut nonce)?;

        let expiry = now.unix_timestamp().saturating_add(LIFETIME.whole_seconds());
        let (expiry, expires_at) = match (u64::try_from(expiry), OffsetDateTime::from_unix_timestamp(expiry)) {
            (Ok(expiry), Ok(expires_at)) => (expiry, expires_at),
            _ => (0, OffsetDateTime::UNIX_EPOCH),
        };

        let key = self.current();
        let nonce = Nonce::from_bytes(nonce);
        let signed = signed_bytes(key.version(), caller.account(), caller.key_id(), expiry, &nonce);
        let tag = key.tag(&signed);
        Ok(IssuedChallenge { text: text(signed, tag.as_ref()), expires_at })
    }
}

/// How long a challenge lives: it is live while `now < expiry`.
pub const LIFETIME: Duration = Duration::seconds(300);
