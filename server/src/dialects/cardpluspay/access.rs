//! The API key, and the answered challenge where the account asks for one.

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use tollgate_challenge_signature::MAX_SIGNATURE_LEN;
use tollgate_http_credentials::{key_text, single};

use crate::account::KeyFamily;
use crate::app::App;
use crate::auth::{Arrival, Authorized, Fault, Payer, Policy, Principal, Reason, Refusal, ScopeRule, SignatureRule};
use crate::dialects::arrival;
use crate::limits::{Bucket, Window};

const CHALLENGES: Bucket = Bucket::new("cardpluspay_challenges", &[Window::new(120, 60)]);
const CALLS: Bucket = Bucket::new("cardpluspay_calls", &[Window::new(120, 60)]);

const X_API_KEY: &str = "x-api-key";
const X_API_CHALLENGE: &str = "x-api-challenge";
const X_API_SIGNATURE: &str = "x-api-signature";

/// Authenticates and authorizes a call that must be signed if the account says so.
pub(super) async fn call(app: &App, parts: &Parts, scope: &'static str) -> Result<(Authorized, Arrival), Refusal> {
    let key = header(&parts.headers, X_API_KEY)?;
    let challenge = header(&parts.headers, X_API_CHALLENGE)?.map(signing_text);
    let signature = header(&parts.headers, X_API_SIGNATURE)?.map(signing_text);
    let signature = SignatureRule::Challenge { challenge, signature };
    authorize(app, parts, key, signature, ScopeRule::Needs(scope), CALLS).await
}

/// Authenticates and authorizes the call that asks for a challenge: it cannot be signed, so the two headers do not
/// count.
pub(super) async fn unsigned_call(app: &App, parts: &Parts) -> Result<(Authorized, Arrival), Refusal> {
    let key = header(&parts.headers, X_API_KEY)?;
    authorize(app, parts, key, SignatureRule::Unsigned, ScopeRule::Nothing, CHALLENGES).await
}

async fn authorize(
    app: &App,
    parts: &Parts,
    key: Option<&HeaderValue>,
    signature: SignatureRule<'_>,
    scope: ScopeRule,
    bucket: Bucket,
) -> Result<(Authorized, Arrival), Refusal> {
    let arrival = arrival(parts)?;
    let principal = authenticate(app, key, &arrival).await?;
    let policy = Policy { signature, scope, bucket, per: Payer::Caller, browser: None };
    Ok((app.services.gate.authorize(principal, &policy, &arrival).await?, arrival))
}

async fn authenticate(app: &App, key: Option<&HeaderValue>, arrival: &Arrival) -> Result<Principal, Refusal> {
    let gate = &app.services.gate;
    let key = key.ok_or_else(|| gate.refuse(Fault::Missing, arrival))?;
    let key = key_text(key).map_err(|_| gate.refuse(Fault::Malformed, arrival))?;
    gate.api_key(key, KeyFamily::CARDPLUSPAY, arrival).await
}

fn header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h HeaderValue>, Refusal> {
    single(headers, &HeaderName::from_static(name)).map_err(|_| Refusal::new(Reason::RepeatedHeader(name)))
}

/// A challenge or a signature as it was sent. What cannot be one becomes the empty text, which is neither, so that it
/// is refused in its turn and not taken for absent.
fn signing_text(value: &HeaderValue) -> &str {
    let text = value.to_str().unwrap_or_default();
    // No challenge is as long as the longest signature.
    if text.len() <= MAX_SIGNATURE_LEN { text } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_or_too_long_is_present_and_empty() {
        let longest = "A".repeat(MAX_SIGNATURE_LEN);
        let table: [(&[u8], &str); 4] = [
            (b"cpp-challenge-v1.AQ", "cpp-challenge-v1.AQ"),
            (longest.as_bytes(), &longest),
            (&[longest.as_bytes(), b"A"].concat(), ""),
            (b"\xff", ""),
        ];
        for (value, text) in table {
            assert_eq!(signing_text(&HeaderValue::from_bytes(value).unwrap()), text);
        }
    }
}
