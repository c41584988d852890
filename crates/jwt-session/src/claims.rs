use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::dates::{self, Dates, Life};
use crate::payload::{Claim, Payload};
use crate::{Profile, SessionDigest, VerifyErrorKind, compact};

/// What is left of a payload that fits a profile at a moment in time.
pub(crate) struct Checked {
    pub(crate) issued_at: OffsetDateTime,
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) token_id: String,
    pub(crate) session: Option<SessionDigest>,
    pub(crate) life: Life,
    /// The caller's claims.
    pub(crate) rest: Map<String, Value>,
}

impl Checked {
    /// Applies every rule of the profile; absence of a claim is refusal.
    pub(crate) fn read(json: &[u8], profile: &Profile, now: OffsetDateTime) -> Result<Self, VerifyErrorKind> {
        let mut payload = Payload::parse(json).ok_or(VerifyErrorKind::Malformed)?;
        if text(payload.iss.as_ref()) != Some(&profile.issuer) {
            return Err(VerifyErrorKind::WrongIssuer);
        }
        if text(payload.aud.as_ref()) != Some(&profile.audience) {
            return Err(VerifyErrorKind::WrongAudience);
        }
        for claim in &profile.exact {
            let value = payload.rest.remove(&claim.name);
            if value.as_ref().and_then(Value::as_str) != Some(&claim.value) {
                return Err(VerifyErrorKind::WrongExactClaim);
            }
        }
        let date = |claim: Option<&Claim<'_>>| claim.map(|claim| dates::date(claim.integer())).transpose();
        let issued_at = date(payload.iat.as_ref())?.ok_or(VerifyErrorKind::Claims)?;
        let expires_at = date(payload.exp.as_ref())?.ok_or(VerifyErrorKind::Claims)?;
        let not_before = date(payload.nbf.as_ref())?;
        let token_id = token_id(payload.jti.as_ref()).ok_or(VerifyErrorKind::Claims)?.to_owned();
        let session = payload.sid.as_ref().map(|claim| session(claim).ok_or(VerifyErrorKind::Claims)).transpose()?;
        let dates = Dates { issued_at: Some(issued_at), not_before, expires_at: Some(expires_at) };
        let life = Life { dates, leeway: profile.leeway };
        life.check(now)?;
        let (issued_at, expires_at) = (dates::moment(issued_at)?, dates::moment(expires_at)?);
        Ok(Self { issued_at, expires_at, token_id, session, life, rest: payload.rest })
    }
}

/// The caller's claims as the caller's type.
pub(crate) fn typed<C: DeserializeOwned>(members: Map<String, Value>) -> Result<C, VerifyErrorKind> {
    serde_json::from_value(Value::Object(members)).map_err(|_| VerifyErrorKind::Claims)
}

fn text<'c>(claim: Option<&'c Claim<'_>>) -> Option<&'c str> {
    claim.and_then(Claim::text)
}

/// The canonical base64url of [`TOKEN_ID_LEN`] bytes.
fn token_id<'c>(claim: Option<&'c Claim<'_>>) -> Option<&'c str> {
    text(claim).filter(|text| compact::decode_exact::<TOKEN_ID_LEN>(text).is_some())
}

fn session(claim: &Claim<'_>) -> Option<SessionDigest> {
    claim.text().and_then(SessionDigest::from_text)
}

/// The claims that this crate writes itself, so that no caller can; `nbf` it only reads.
pub(crate) const RESERVED: [&str; 7] = ["iss", "aud", "iat", "nbf", "exp", "jti", "sid"];
/// 128 random bits.
pub(crate) const TOKEN_ID_LEN: usize = 16;
