use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::claims::{RESERVED, TOKEN_ID_LEN};
use crate::dates::MAX_DATE;
use crate::member_names::member_names;
use crate::profile::lifetime_seconds;
use crate::{
    IssueError, IssueErrorKind, IssuedToken, KeyRing, MAX_TOKEN_LEN, Profile, SessionDigest, SessionId, compact,
};

impl KeyRing {
    /// Signs a token for the lifetime of the profile.
    ///
    /// Writes `iss`, `aud`, the exact claims, `iat`, `exp` and a random `jti` of 16 bytes beside the caller's claims.
    ///
    /// # Errors
    ///
    /// [`Claims`](IssueErrorKind::Claims) when they are not one JSON object or hold a name that is written here
    /// (also `nbf` and `sid`), [`Clock`](IssueErrorKind::Clock), [`TooLong`](IssueErrorKind::TooLong), or
    /// [`Randomness`](IssueErrorKind::Randomness) with the error of `fill`.
    pub fn issue<C: Serialize, E>(
        &self,
        claims: &C,
        now: OffsetDateTime,
        fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<IssuedToken, IssueError<E>> {
        self.sign(claims, None, self.profile().lifetime, now, fill)
    }

    /// Signs a token for another lifetime, in whole seconds from [`MIN_LIFETIME`](crate::MIN_LIFETIME) to
    /// [`MAX_LIFETIME`](crate::MAX_LIFETIME).
    ///
    /// # Errors
    ///
    /// [`Lifetime`](IssueErrorKind::Lifetime), else as for [`issue`](Self::issue).
    pub fn issue_for<C: Serialize, E>(
        &self,
        claims: &C,
        lifetime: Duration,
        now: OffsetDateTime,
        fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<IssuedToken, IssueError<E>> {
        let lifetime = lifetime_seconds(lifetime).ok_or(IssueErrorKind::Lifetime)?;
        self.sign(claims, None, lifetime, now, fill)
    }

    /// Signs a token that is worth nothing without the fresh session id beside it, whose digest it carries as `sid`.
    ///
    /// # Errors
    ///
    /// As for [`issue`](Self::issue).
    pub fn issue_session<C: Serialize, E>(
        &self,
        claims: &C,
        now: OffsetDateTime,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<(IssuedToken, SessionId), IssueError<E>> {
        let session = SessionId::mint(&mut fill).map_err(IssueError::randomness)?;
        let token = self.sign(claims, Some(session.digest()), self.profile().lifetime, now, fill)?;
        Ok((token, session))
    }

    fn sign<C: Serialize, E>(
        &self,
        claims: &C,
        session: Option<SessionDigest>,
        lifetime: i64,
        now: OffsetDateTime,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<IssuedToken, IssueError<E>> {
        let (issued_at, expires_at) = life(now, lifetime)?;
        let own = text(claims)?;
        let names = member_names(own.as_bytes()).ok_or(IssueErrorKind::Claims)?;
        let taken = |name: &str| self.profile().exact.iter().any(|claim| claim.name == name);
        if names.iter().any(|name| RESERVED.contains(&&**name) || taken(name)) {
            return Err(IssueErrorKind::Claims.into());
        }
        let mut token_id = [0; TOKEN_ID_LEN];
        fill(&mut token_id).map_err(IssueError::randomness)?;
        let token_id = compact::encode(&token_id);

        let mut payload = String::with_capacity(self.opening.len() + DATES_AND_IDS_ROOM + own.len());
        payload.push_str(&self.opening);
        let (iat, exp) = (issued_at.unix_timestamp(), expires_at.unix_timestamp());
        let _infallible = write!(payload, r#","iat":{iat},"exp":{exp},"jti":"{token_id}""#);
        if let Some(digest) = session {
            let _infallible = write!(payload, r#","sid":"{digest}""#);
        }
        if !names.is_empty() {
            payload.push(',');
            payload.push_str(inner(&own)?);
        }
        payload.push('}');

        let text = seal(&self.header, payload.as_bytes(), |message| self.current.sign(message))?;
        Ok(IssuedToken { text, issued_at, expires_at, token_id })
    }
}

/// Joins header and payload, signs them and appends the signature.
pub(crate) fn seal<E, S: AsRef<[u8]>>(
    header: &str,
    payload: &[u8],
    sign: impl FnOnce(&[u8]) -> Option<S>,
) -> Result<Zeroizing<String>, IssueError<E>> {
    if payload.len() > MAX_TOKEN_LEN {
        return Err(IssueErrorKind::TooLong.into());
    }
    // With room for all of it, so that no copy of a token is left behind by growth.
    let capacity = header.len() + payload.len().div_ceil(3) * 4 + SIGNATURE_ROOM;
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    text.push_str(header);
    text.push('.');
    compact::encode_onto(payload, &mut text);
    let signature = sign(text.as_bytes()).ok_or(IssueErrorKind::Randomness)?;
    text.push('.');
    compact::encode_onto(signature.as_ref(), &mut text);
    if text.len() > MAX_TOKEN_LEN { Err(IssueErrorKind::TooLong.into()) } else { Ok(text) }
}

/// The claims as JSON text; what reads it decides whether it is an object.
pub(crate) fn text<C: Serialize>(claims: &C) -> Result<String, IssueErrorKind> {
    let text = serde_json::to_string(claims).map_err(|_| IssueErrorKind::Claims)?;
    if text.len() > MAX_TOKEN_LEN { Err(IssueErrorKind::TooLong) } else { Ok(text) }
}

fn life(now: OffsetDateTime, lifetime: i64) -> Result<(OffsetDateTime, OffsetDateTime), IssueErrorKind> {
    let start = now.unix_timestamp();
    let end = start.saturating_add(lifetime);
    if start < 0 || end > MAX_DATE {
        return Err(IssueErrorKind::Clock);
    }
    let moment = |seconds| OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| IssueErrorKind::Clock);
    Ok((moment(start)?, moment(end)?))
}

/// What all tokens of a profile begin with: `{"iss":…,"aud":…` and the exact claims, the object left open.
pub(crate) fn opening(profile: &Profile) -> String {
    let mut text = format!(r#"{{"iss":{},"aud":{}"#, quoted(&profile.issuer), quoted(&profile.audience));
    for claim in &profile.exact {
        let _infallible = write!(text, ",{}:{}", quoted(&claim.name), quoted(&claim.value));
    }
    text
}

/// The members of an object's text, without the braces around them.
fn inner(object: &str) -> Result<&str, IssueErrorKind> {
    let opened = object.trim_ascii().strip_prefix('{');
    opened.and_then(|rest| rest.strip_suffix('}')).ok_or(IssueErrorKind::Claims)
}

fn quoted(text: &str) -> Value {
    Value::from(text)
}

/// What `iat`, `exp`, `jti` and `sid` take, with their names.
const DATES_AND_IDS_ROOM: usize = 144;
/// Two dots and the longest signature in base64url.
const SIGNATURE_ROOM: usize = 2 + 88;
