//! `Idempotency-Key`: a repeated creating call gets the first call's answer.

use http::{HeaderMap, HeaderName};
use ring::digest::{SHA256, digest};

use crate::auth::{Principal, Reason, Refusal};
use crate::payments::{CallKey, InFlight, Running};
use crate::storage::Idempotency;

/// A creating call that named a key, marked as running.
#[derive(Debug)]
pub struct IdempotentCall {
    /// Where its answer is kept.
    pub entry: Idempotency,
    /// Held until the answer is ready.
    pub running: Running,
}

/// Reads the header and enters the call; `None` without the header.
///
/// # Errors
///
/// [`Reason::InvalidRequest`] for a key that is not 1 to 255 visible ASCII characters or comes twice,
/// [`Reason::IdempotencyInProgress`] while the first call runs.
pub fn idempotent_call(
    headers: &HeaderMap,
    route: &'static str,
    body: &[u8],
    principal: &Principal,
    in_flight: &InFlight,
) -> Result<Option<IdempotentCall>, Refusal> {
    const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    if !visible || !(1..=255).contains(&value.len()) || values.next().is_some() {
        return Err(Refusal::invalid());
    }
    let key = value.to_str().map_err(|_| Refusal::invalid())?.to_owned();
    let mut body_digest = [0; 32];
    body_digest.copy_from_slice(digest(&SHA256, body).as_ref());
    let call = CallKey { merchant: principal.merchant().id.clone(), mode: principal.mode(), route, key: key.clone() };
    let running = in_flight.enter(call).ok_or_else(|| Refusal::new(Reason::IdempotencyInProgress))?;
    Ok(Some(IdempotentCall { entry: Idempotency { route, key, body_digest }, running }))
}
