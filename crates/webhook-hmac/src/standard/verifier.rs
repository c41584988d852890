use std::borrow::Borrow;
use std::fmt;

use ring::hmac;
use subtle::{Choice, ConstantTimeEq as _};
use time::OffsetDateTime;

use super::{Headers, MessageId, VerifyingKey, message, tag};
use crate::error::{ConfigError, VerifyError, VerifyErrorKind};
use crate::{MAX_BODY_BYTES, ReplayId, Tolerance, WebhookSecret, keys};

/// Verifies deliveries of the one scheme it was made for.
pub struct Verifier {
    scheme: Scheme,
    tolerance: Tolerance,
}

/// The pinned scheme with its trusted keys.
enum Scheme {
    V1(Vec<hmac::Key>),
    V1a(Vec<VerifyingKey>),
}

impl Verifier {
    /// A verifier of `v1` with 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) live secrets.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn new(
        secrets: impl IntoIterator<Item = impl Borrow<WebhookSecret>>,
        tolerance: Tolerance,
    ) -> Result<Self, ConfigError> {
        let keys = keys::collect(secrets, |secret| Ok(secret.borrow().decoded_key(hmac::HMAC_SHA256)))?;
        Ok(Self { scheme: Scheme::V1(keys), tolerance })
    }

    /// A verifier of `v1a` with 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) trusted keys.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn asymmetric(
        verifying_keys: impl IntoIterator<Item = VerifyingKey>,
        tolerance: Tolerance,
    ) -> Result<Self, ConfigError> {
        Ok(Self { scheme: Scheme::V1a(keys::collect(verifying_keys, Ok)?), tolerance })
    }

    /// Checks the age, then every signature of the pinned scheme under every live secret or key.
    ///
    /// `body` is the body as it arrived, before any decoding or parsing.
    ///
    /// # Errors
    ///
    /// [`BodyTooLarge`](VerifyErrorKind::BodyTooLarge) beyond [`MAX_BODY_BYTES`],
    /// [`WrongScheme`](VerifyErrorKind::WrongScheme) when there is no signature of the pinned scheme,
    /// [`Stale`](VerifyErrorKind::Stale) or [`Early`](VerifyErrorKind::Early) outside the tolerance, and
    /// [`NoMatch`](VerifyErrorKind::NoMatch).
    pub fn verify<'a>(
        &self,
        headers: &Headers<'a>,
        body: &'a [u8],
        now: OffsetDateTime,
    ) -> Result<Verified<'a>, VerifyError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(VerifyErrorKind::BodyTooLarge.into());
        }
        let absent = match &self.scheme {
            Scheme::V1(_) => headers.v1().is_empty(),
            Scheme::V1a(_) => headers.v1a().is_empty(),
        };
        if absent {
            return Err(VerifyErrorKind::WrongScheme.into());
        }
        let timestamp = headers.timestamp();
        self.tolerance.judge(timestamp, now.unix_timestamp(), 1)?;
        let hit = match &self.scheme {
            Scheme::V1(keys) => is_tagged(keys, headers, body),
            Scheme::V1a(keys) => is_signed(keys, headers, body),
        };
        if !hit {
            return Err(VerifyErrorKind::NoMatch.into());
        }
        Ok(Verified { id: headers.id(), body, timestamp, stale_from: self.tolerance.stale_from(timestamp, 1) })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, keys) = match &self.scheme {
            Scheme::V1(keys) => ("v1", keys.len()),
            Scheme::V1a(keys) => ("v1a", keys.len()),
        };
        f.debug_struct("Verifier")
            .field("scheme", &scheme)
            .field("keys", &keys)
            .field("tolerance", &self.tolerance)
            .finish()
    }
}

/// Compares every tag under every secret, in constant time and without stopping at a hit.
fn is_tagged(keys: &[hmac::Key], headers: &Headers<'_>, body: &[u8]) -> bool {
    let mut hit = Choice::from(0);
    for key in keys {
        let expected = tag(key, headers.id(), headers.timestamp_str(), body);
        for presented in headers.v1() {
            hit |= presented.as_slice().ct_eq(expected.as_ref());
        }
    }
    hit.into()
}

/// Tries every signature under every key; nothing here is secret, so the first that fits ends the search.
fn is_signed(keys: &[VerifyingKey], headers: &Headers<'_>, body: &[u8]) -> bool {
    let message = message(headers.id(), headers.timestamp_str(), body);
    keys.iter().any(|key| headers.v1a().iter().any(|signature| key.accepts(&message, signature)))
}

/// A delivery whose age and signature were checked; only [`Verifier::verify`] makes one.
///
/// It is authentic and recent, not yet new: look [`replay_id`](Self::replay_id) up in a memory of accepted events and
/// store it there, in one atomic step, at least until [`stale_from`](Self::stale_from).
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Verified<'a> {
    id: MessageId<'a>,
    body: &'a [u8],
    timestamp: i64,
    stale_from: i64,
}

impl<'a> Verified<'a> {
    /// The message id, which is signed too.
    #[must_use]
    pub fn id(&self) -> MessageId<'a> {
        self.id
    }

    /// The body as it was signed; parse these bytes and no others.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// When this attempt was signed, in Unix seconds.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// The first Unix second at which the verifier refuses this attempt as stale: with the default tolerance at most
    /// 331 s from now.
    ///
    /// A sender repeats an event under the same id for as long as it retries, so a memory that is also to catch its
    /// honest repetitions keeps the id longer.
    #[must_use]
    pub fn stale_from(&self) -> i64 {
        self.stale_from
    }

    /// The name of this event in a replay memory: a digest of the message id.
    #[must_use]
    pub fn replay_id(&self) -> ReplayId {
        ReplayId::of("standard", &[self.id.as_str().as_bytes()])
    }
}
