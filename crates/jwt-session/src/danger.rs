//! What a token says about itself before anything was verified: to choose a key by, and for nothing else.

use serde::de::DeserializeOwned;

use crate::compact::Compact;
use crate::header::Header;
use crate::{Kid, VerifyError, VerifyErrorKind, claims, request};

/// The key name in the header of a well-formed token, to find its [`KeyRing`](crate::KeyRing) with.
///
/// # Errors
///
/// [`TooLong`](VerifyErrorKind::TooLong), [`Malformed`](VerifyErrorKind::Malformed),
/// [`ForbiddenHeader`](VerifyErrorKind::ForbiddenHeader), [`WrongAlgorithm`](VerifyErrorKind::WrongAlgorithm) without
/// an `alg`, [`UnknownKey`](VerifyErrorKind::UnknownKey) for an absent or malformed name.
pub fn unverified_kid(token: &str) -> Result<Kid, VerifyError> {
    let compact = Compact::split(token)?;
    let (header, _, _) = (compact.header()?, compact.payload()?, compact.signature()?);
    let header = Header::parse(&header)?;
    let kid = header.kid().ok_or(VerifyErrorKind::UnknownKey)?;
    Kid::parse(kid).map_err(|_| VerifyErrorKind::UnknownKey.into())
}

/// The payload of a merchant's request, to choose the merchant's secrets with; anyone may have written it.
///
/// Form, header and the types of the dates are checked as in [`RequestKeys::verify`](request::RequestKeys::verify); the
/// signature and the time are not.
///
/// # Errors
///
/// The kinds of [`RequestKeys::verify`](request::RequestKeys::verify) that come before the signature, except
/// [`UnknownKey`](VerifyErrorKind::UnknownKey), and [`Claims`](VerifyErrorKind::Claims).
pub fn unverified_claims<C: DeserializeOwned>(token: &str) -> Result<C, VerifyError> {
    let compact = Compact::split(token)?;
    let (header, payload, _) = (compact.header()?, compact.payload()?, compact.signature()?);
    request::check_header(&Header::parse(&header)?)?;
    let (members, _) = request::read(&payload)?;
    Ok(claims::typed(members)?)
}
