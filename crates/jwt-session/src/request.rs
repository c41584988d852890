//! HS256 requests that a merchant signs with its own secret (the Pledg dialect, `docs/formats.md`).
//!
//! The keys belong to the merchant, so the rules differ from a [`KeyRing`](crate::KeyRing)'s: no issuer, no audience,
//! `exp` only where the merchant set one, and a secret of any length, because the rule about length binds registration.

use std::fmt;

use ring::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use subtle::Choice;
use time::{Duration, OffsetDateTime};

use crate::compact::Compact;
use crate::dates::{self, Dates};
use crate::header::{self, Header};
use crate::member_names::member_names;
use crate::{
    Algorithm, IssueError, IssueErrorKind, KeyError, KeyErrorKind, Kid, MAX_SECRET_LEN, TokenType, VerifyError,
    VerifyErrorKind, claims, crypto, issue, strict_json,
};

/// One secret of a merchant, with a name if the merchant was given one; secret.
pub struct RequestKey {
    kid: Option<Kid>,
    key: Box<hmac::Key>,
}

impl RequestKey {
    /// A secret of 1 to [`MAX_SECRET_LEN`] bytes.
    ///
    /// # Errors
    ///
    /// [`Secret`](KeyErrorKind::Secret) for another length.
    pub fn new(secret: &[u8]) -> Result<Self, KeyError> {
        if !(1..=MAX_SECRET_LEN).contains(&secret.len()) {
            return Err(KeyErrorKind::Secret.into());
        }
        Ok(Self { kid: None, key: Box::new(crypto::mac_key(secret)) })
    }

    /// Gives the secret the name by which a request may choose it.
    ///
    /// # Errors
    ///
    /// [`Kid`](KeyErrorKind::Kid) for a malformed name.
    pub fn with_kid(mut self, kid: &str) -> Result<Self, KeyError> {
        self.kid = Some(Kid::parse(kid)?);
        Ok(self)
    }

    /// The raw check of a 32-byte tag over bytes, in constant time and without any rule about requests.
    ///
    /// # Errors
    ///
    /// [`Signature`](VerifyErrorKind::Signature) for a wrong length or value.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), VerifyError> {
        if self.matches(message, tag).into() { Ok(()) } else { Err(VerifyErrorKind::Signature.into()) }
    }

    fn matches(&self, message: &[u8], tag: &[u8]) -> Choice {
        crypto::mac_matches(&self.key, message, tag)
    }

    fn is_named(&self, kid: &str) -> bool {
        self.kid.as_ref().is_some_and(|own| own.as_str() == kid)
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestKey(***)")
    }
}

/// The 1 to [`MAX_REQUEST_KEYS`] secrets of one merchant that are in force: active and retiring ones.
pub struct RequestKeys(Vec<RequestKey>);

impl RequestKeys {
    /// Takes the candidates.
    ///
    /// # Errors
    ///
    /// [`TooMany`](KeyErrorKind::TooMany) for none or too many, [`DuplicateKid`](KeyErrorKind::DuplicateKid).
    pub fn new(keys: impl IntoIterator<Item = RequestKey>) -> Result<Self, KeyError> {
        let mut taken: Vec<RequestKey> = Vec::new();
        for key in keys {
            if taken.len() >= MAX_REQUEST_KEYS {
                return Err(KeyErrorKind::TooMany.into());
            }
            if key.kid.as_ref().is_some_and(|kid| taken.iter().any(|other| other.is_named(kid.as_str()))) {
                return Err(KeyErrorKind::DuplicateKid.into());
            }
            taken.push(key);
        }
        if taken.is_empty() { Err(KeyErrorKind::TooMany.into()) } else { Ok(Self(taken)) }
    }

    /// Checks form, header, signature and dates of a request, in constant time over the candidates.
    ///
    /// `alg` is HS256, `typ` absent or `JWT`, `kid` absent or the name of a candidate. `exp` counts where present, with
    /// [`REQUEST_LEEWAY`]; `iat` and `nbf` may be ahead by [`MAX_CLOCK_SKEW`](crate::MAX_CLOCK_SKEW).
    /// `C` receives the whole payload.
    ///
    /// # Errors
    ///
    /// Before the signature: [`TooLong`](VerifyErrorKind::TooLong), [`Malformed`](VerifyErrorKind::Malformed),
    /// [`ForbiddenHeader`](VerifyErrorKind::ForbiddenHeader), [`WrongAlgorithm`](VerifyErrorKind::WrongAlgorithm),
    /// [`WrongType`](VerifyErrorKind::WrongType), [`UnknownKey`](VerifyErrorKind::UnknownKey). Then
    /// [`Signature`](VerifyErrorKind::Signature). After it: [`Malformed`](VerifyErrorKind::Malformed),
    /// [`Claims`](VerifyErrorKind::Claims), [`NotYetValid`](VerifyErrorKind::NotYetValid),
    /// [`Expired`](VerifyErrorKind::Expired).
    pub fn verify<C: DeserializeOwned>(
        &self,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<VerifiedRequest<C>, VerifyError> {
        let compact = Compact::split(token)?;
        let (header, payload, signature) = (compact.header()?, compact.payload()?, compact.signature()?);
        let header = Header::parse(&header)?;
        check_header(&header)?;
        let applies = |key: &RequestKey| header.kid().is_none_or(|kid| key.is_named(kid));
        if !self.0.iter().any(applies) {
            return Err(VerifyErrorKind::UnknownKey.into());
        }
        let hit = self.0.iter().fold(Choice::from(0), |hit, key| {
            hit | (key.matches(compact.signing_input(), &signature) & Choice::from(u8::from(applies(key))))
        });
        if !bool::from(hit) {
            return Err(VerifyErrorKind::Signature.into());
        }
        let (members, dates) = read(&payload)?;
        dates.check(REQUEST_LEEWAY.whole_seconds(), now)?;
        Ok(VerifiedRequest {
            claims: claims::typed(members)?,
            issued_at: dates.issued_at.map(dates::moment).transpose()?,
            expires_at: dates.expires_at.map(dates::moment).transpose()?,
            payload,
        })
    }
}

impl fmt::Debug for RequestKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestKeys(***)")
    }
}

/// A request whose signature and dates were checked; only [`RequestKeys::verify`] makes one.
#[must_use]
pub struct VerifiedRequest<C> {
    claims: C,
    issued_at: Option<OffsetDateTime>,
    expires_at: Option<OffsetDateTime>,
    payload: Vec<u8>,
}

impl<C> VerifiedRequest<C> {
    /// The whole payload as the caller's type.
    #[must_use]
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// The whole payload as the caller's type, without the rest.
    #[must_use]
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// The `iat` claim where there is one.
    #[must_use]
    pub fn issued_at(&self) -> Option<OffsetDateTime> {
        self.issued_at
    }

    /// The `exp` claim where there is one, without leeway; `None` means that the merchant set no end.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.expires_at
    }

    /// The JSON bytes that were signed, to tell one request from another.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

impl<C> fmt::Debug for VerifiedRequest<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedRequest(***)")
    }
}

/// Signs a request as a merchant does, with `typ` `JWT`; for merchants' tools and tests.
///
/// # Errors
///
/// [`Key`](IssueErrorKind::Key) for a malformed name or a secret of a refused length, [`Claims`](IssueErrorKind::Claims)
/// when the claims are not one strict JSON object, [`TooLong`](IssueErrorKind::TooLong).
pub fn sign<C: Serialize>(
    claims: &C,
    kid: Option<&str>,
    secret: &[u8],
) -> Result<String, IssueError<std::convert::Infallible>> {
    let key = RequestKey::new(secret).map_err(|_| IssueErrorKind::Key)?;
    let kid = kid.map(Kid::parse).transpose().map_err(|_| IssueErrorKind::Key)?;
    let header = header::encoded(Algorithm::Hs256, TokenType::JWT, kid.as_ref()).ok_or(IssueErrorKind::Key)?;
    let payload = issue::text(claims)?;
    member_names(payload.as_bytes()).ok_or(IssueErrorKind::Claims)?;
    let text = issue::seal(&header, payload.as_bytes(), |message| Some(crypto::mac(&key.key, message)))?;
    Ok(text.as_str().to_owned())
}

pub(crate) fn check_header(header: &Header<'_>) -> Result<(), VerifyErrorKind> {
    header.require_algorithm(Algorithm::Hs256)?;
    header.require_type_if_present(TokenType::JWT)
}

pub(crate) fn read(payload: &[u8]) -> Result<(Map<String, Value>, Dates), VerifyErrorKind> {
    let members = strict_json::object(payload).ok_or(VerifyErrorKind::Malformed)?;
    let dates = Dates::read(&members)?;
    Ok((members, dates))
}

/// How long past its `exp` a request is accepted.
pub const REQUEST_LEEWAY: Duration = Duration::seconds(5);
/// The largest number of secrets that are tried for one request.
pub const MAX_REQUEST_KEYS: usize = 4;
