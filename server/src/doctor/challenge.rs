//! CardPlusPay challenges and their signatures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tollgate_apikey::KeyId;
use tollgate_challenge_signature::{Challenge, MAX_MODULUS_BITS, MIN_MODULUS_BITS};

use super::report::Report;
use super::{Conditions, Fault, Place, Seen, SeenKind, characters};

/// Judges a challenge; `key` is the id of the API key that sends it, if that was read.
pub(super) fn examine(text: &str, key: Option<KeyId>, place: Place, conditions: Conditions, report: &mut Report) {
    let text = characters::clean(text, place, Fault::InnerBlank, report);
    let Ok(challenge) = Challenge::parse(&text) else {
        report.add(Fault::Challenge, place);
        return;
    };
    report.see(Seen::new(SeenKind::Challenge, place));
    let age = conditions.now.unix_timestamp().saturating_sub(challenge.expires_at().unix_timestamp());
    if age >= 0 {
        report.add_with(Fault::ChallengeExpired, place, format!("It ended {age} s ago."));
    }
    if key.is_some_and(|key| key.as_str() != challenge.key_id()) {
        report.add(Fault::ChallengeKey, place);
    }
}

/// Judges the form of a signature; whether it is right takes the public key.
pub(super) fn signature(text: &str, place: Place, report: &mut Report) {
    if text.contains(['-', '_']) {
        report.add(Fault::Base64UrlSafe, place);
        return;
    }
    let cleaned = characters::clean(text, place, Fault::Base64Wrapped, report);
    match STANDARD.decode(cleaned.as_bytes()) {
        Ok(bytes) if !(MIN_MODULUS_BITS / 8..=MAX_MODULUS_BITS / 8).contains(&bytes.len()) => {
            report.add_with(Fault::ChallengeSignature, place, format!("It has {} bytes.", bytes.len()));
        }
        Ok(_) => {}
        Err(_) if !cleaned.ends_with('=') && !cleaned.len().is_multiple_of(4) => {
            report.add(Fault::Base64Unpadded, place);
        }
        Err(_) => report.add(Fault::Base64, place),
    }
}
