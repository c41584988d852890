use std::borrow::Borrow;
use std::fmt;

use ring::hmac;
use subtle::{Choice, ConstantTimeEq as _};
use time::OffsetDateTime;

use super::{Hash, SignatureHeader, tag};
use crate::error::{ConfigError, VerifyError, VerifyErrorKind};
use crate::{MAX_BODY_BYTES, ReplayId, Tolerance, WebhookSecret, keys};

/// Verifies deliveries under every live secret, for one hash.
pub struct Verifier {
    hash: Hash,
    keys: Vec<hmac::Key>,
    tolerance: Tolerance,
}

impl Verifier {
    /// Takes 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) live secrets.
    ///
    /// # Errors
    ///
    /// [`NoKey`](crate::ConfigErrorKind::NoKey) or [`TooManyKeys`](crate::ConfigErrorKind::TooManyKeys).
    pub fn new(
        hash: Hash,
        secrets: impl IntoIterator<Item = impl Borrow<WebhookSecret>>,
        tolerance: Tolerance,
    ) -> Result<Self, ConfigError> {
        let keys = keys::collect(secrets, |secret| Ok(secret.borrow().text_key(hash.algorithm())))?;
        Ok(Self { hash, keys, tolerance })
    }

    /// Checks the age, then every signature under every secret, without stopping at the first that fits.
    ///
    /// `body` is the body as it arrived, before any decoding or parsing.
    ///
    /// # Errors
    ///
    /// [`BodyTooLarge`](VerifyErrorKind::BodyTooLarge) beyond [`MAX_BODY_BYTES`],
    /// [`WrongScheme`](VerifyErrorKind::WrongScheme) for signatures of another hash,
    /// [`Stale`](VerifyErrorKind::Stale) or [`Early`](VerifyErrorKind::Early) outside the tolerance, and
    /// [`NoMatch`](VerifyErrorKind::NoMatch).
    pub fn verify<'a>(
        &self,
        header: &SignatureHeader<'_>,
        body: &'a [u8],
        now: OffsetDateTime,
    ) -> Result<Verified<'a>, VerifyError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(VerifyErrorKind::BodyTooLarge.into());
        }
        if header.hash() != self.hash {
            return Err(VerifyErrorKind::WrongScheme.into());
        }
        self.tolerance.judge(header.timestamp(), now.unix_timestamp(), 1)?;
        let mut hit = Choice::from(0);
        for key in &self.keys {
            let expected = tag(key, header.timestamp_digits(), body);
            for presented in header.tags() {
                hit |= presented.ct_eq(expected.as_ref());
            }
        }
        if !bool::from(hit) {
            return Err(VerifyErrorKind::NoMatch.into());
        }
        let timestamp = header.timestamp();
        Ok(Verified { body, timestamp, stale_from: self.tolerance.stale_from(timestamp, 1) })
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("hash", &self.hash)
            .field("keys", &self.keys.len())
            .field("tolerance", &self.tolerance)
            .finish()
    }
}

/// A delivery whose age and signature were checked; only [`Verifier::verify`] makes one.
///
/// It is authentic and recent, not yet new: look [`replay_id`](Self::replay_id) up in a memory of accepted deliveries
/// and store it there, in one atomic step, until [`stale_from`](Self::stale_from).
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Verified<'a> {
    body: &'a [u8],
    timestamp: i64,
    stale_from: i64,
}

impl<'a> Verified<'a> {
    /// The body as it was signed; parse these bytes and no others.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// When it was signed, in Unix seconds.
    #[must_use]
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// The first Unix second at which the verifier refuses this delivery as stale, so that it need not be remembered
    /// any longer: with the default tolerance at most 331 s from now.
    #[must_use]
    pub fn stale_from(&self) -> i64 {
        self.stale_from
    }

    /// The name of this delivery in a replay memory: a digest of time stamp and body.
    ///
    /// It stands for every `t`, `v1` pair that the delivery could carry, whichever secrets are live.
    #[must_use]
    pub fn replay_id(&self) -> ReplayId {
        ReplayId::of("timestamped", &[&self.timestamp.to_be_bytes(), self.body])
    }
}
