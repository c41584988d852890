use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use time::OffsetDateTime;

use super::token::{SCHEME, Token};
use super::{Notification, TokenKey};
use crate::error::{BodyErrorKind, ConfigError, ConfigErrorKind, VerifyError, VerifyErrorKind};
use crate::json::{self, Json, Object};
use crate::{ReplayId, Tolerance, keys, unix};

/// Verifies the tokens of a merchant under every live key.
pub struct Verifier {
    keys: Vec<TokenKey>,
    tolerance: Tolerance,
}

impl Verifier {
    /// Takes 1 to [`MAX_SECRETS`](crate::MAX_SECRETS) live keys with different ids.
    ///
    /// # Errors
    ///
    /// [`NoKey`](ConfigErrorKind::NoKey), [`TooManyKeys`](ConfigErrorKind::TooManyKeys) or
    /// [`RepeatedKeyId`](ConfigErrorKind::RepeatedKeyId).
    pub fn new(token_keys: impl IntoIterator<Item = TokenKey>, tolerance: Tolerance) -> Result<Self, ConfigError> {
        let keys = keys::collect(token_keys, Ok)?;
        let is_repeated =
            |(index, key): (usize, &TokenKey)| keys.iter().take(index).any(|other| other.id() == key.id());
        if keys.iter().enumerate().any(is_repeated) {
            return Err(ConfigErrorKind::RepeatedKeyId.into());
        }
        Ok(Self { keys, tolerance })
    }

    /// Decrypts the token out of the value of the one `Authorization` header, and holds it against the body.
    ///
    /// `body` is the body as it arrived, before any decoding or parsing. Time stamps are compared in whole
    /// milliseconds, rounded down.
    ///
    /// # Errors
    ///
    /// [`Malformed`](VerifyErrorKind::Malformed), [`WrongScheme`](VerifyErrorKind::WrongScheme) for another `alg`,
    /// `enc` or `typ`, [`UnknownKey`](VerifyErrorKind::UnknownKey), [`NoMatch`](VerifyErrorKind::NoMatch) when the
    /// token cannot be decrypted, [`Stale`](VerifyErrorKind::Stale) or [`Early`](VerifyErrorKind::Early),
    /// [`BodyTooLarge`](VerifyErrorKind::BodyTooLarge), and [`ContentMismatch`](VerifyErrorKind::ContentMismatch) when
    /// the token belongs to another body.
    pub fn verify<'a>(
        &self,
        authorization: &str,
        body: &'a [u8],
        now: OffsetDateTime,
    ) -> Result<Verified<'a>, VerifyError> {
        let (scheme, text) = authorization.split_at_checked(SCHEME.len()).ok_or(VerifyErrorKind::Malformed)?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(VerifyErrorKind::Malformed.into());
        }
        let content = self.open(text)?;
        let Some(timestamp_ms) = timestamp(&content) else {
            return Err(VerifyErrorKind::Malformed.into());
        };
        self.tolerance.judge(timestamp_ms, unix::millis(now), 1000)?;
        let notification = Notification::parse(body).map_err(|error| match error.kind() {
            BodyErrorKind::TooLarge => VerifyErrorKind::BodyTooLarge,
            _ => VerifyErrorKind::Malformed,
        })?;
        if !names(&content, &notification) {
            return Err(VerifyErrorKind::ContentMismatch.into());
        }
        Ok(Verified {
            notification,
            timestamp_ms,
            stale_from_ms: self.tolerance.stale_from(timestamp_ms, 1000),
            replay_id: ReplayId::of("88pay", &[text.as_bytes()]),
        })
    }

    /// The authenticated content of a token.
    fn open(&self, text: &str) -> Result<Object, VerifyErrorKind> {
        let token = Token::parse(text).ok_or(VerifyErrorKind::Malformed)?;
        let key_id = token.key_id().ok_or(VerifyErrorKind::WrongScheme)?;
        let key = self.keys.iter().find(|key| key.id() == key_id).ok_or(VerifyErrorKind::UnknownKey)?;
        token.open(key.content_key())
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("keys", &self.keys).field("tolerance", &self.tolerance).finish()
    }
}

/// A notification whose token, age and content were checked; only [`Verifier::verify`] makes one.
///
/// It is authentic and recent, not yet new: look [`replay_id`](Self::replay_id) up in a memory of accepted tokens and
/// store it there, in one atomic step, until [`stale_from_ms`](Self::stale_from_ms).
#[derive(Clone, Debug)]
#[must_use]
pub struct Verified<'a> {
    notification: Notification<'a>,
    timestamp_ms: i64,
    stale_from_ms: i64,
    replay_id: ReplayId,
}

impl<'a> Verified<'a> {
    /// The body as it was signed; parse these bytes and no others.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.notification.body()
    }

    /// The members of the body that the token repeats.
    #[must_use]
    pub fn notification(&self) -> &Notification<'a> {
        &self.notification
    }

    /// When it was signed, in Unix milliseconds.
    #[must_use]
    pub fn timestamp_ms(&self) -> i64 {
        self.timestamp_ms
    }

    /// The first Unix millisecond at which the verifier refuses this token as stale: with the default tolerance at
    /// most 330,001 ms from now.
    #[must_use]
    pub fn stale_from_ms(&self) -> i64 {
        self.stale_from_ms
    }

    /// The name of this token in a replay memory.
    #[must_use]
    pub fn replay_id(&self) -> ReplayId {
        self.replay_id
    }
}

fn timestamp(content: &Object) -> Option<i64> {
    match content.get("ts") {
        Some(Json::Whole(timestamp)) => i64::try_from(*timestamp).ok(),
        _ => None,
    }
}

/// Whether the content names this body: the same members and the same bytes.
fn names(content: &Object, notification: &Notification<'_>) -> bool {
    let Some(body_sha256) = json::text(content, "body_sha256").and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
    else {
        return false;
    };
    notification.members().into_iter().all(|(name, value)| json::text(content, name) == Some(value))
        && bool::from(body_sha256.ct_eq(notification.body_sha256().as_ref()))
}
