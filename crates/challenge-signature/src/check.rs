//! Checking an answer: everything that can be decided without the store.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use time::OffsetDateTime;

use crate::{
    Caller, Challenge, ChallengeKeys, Nonce, PublicKeys, VerifyError, VerifyErrorKind, public_key::MAX_MODULUS_BITS,
};

/// A genuine, live challenge with a right signature of its own account; only [`ChallengeKeys::check`] makes one.
///
/// It authenticates nobody yet: whether this is its first use is said by [`redeem`](Answered::redeem).
#[derive(Debug)]
#[must_use = "an answered challenge authenticates only once it is redeemed"]
pub struct Answered {
    nonce: Nonce,
    expires_at: OffsetDateTime,
}

impl Answered {
    /// The nonce to be redeemed.
    #[must_use]
    pub fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// The second from which the challenge is no longer live.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }
}

impl ChallengeKeys {
    /// Checks the challenge, then the signature over its text, for the calling key.
    ///
    /// `signature` is standard base64 of an RSASSA-PKCS1-v1_5 signature with SHA-256, `keys` are the active and
    /// retiring public keys of the caller's account and mode. The steps and their order are those of `CardPlusPay` §4.3
    /// (`docs/formats.md`): shape, tag, caller, expiry, signature shape, signature. No step changes anything, so a
    /// wrong signature does not use the challenge up.
    ///
    /// # Errors
    ///
    /// In this order [`Malformed`](VerifyErrorKind::Malformed),
    /// [`UnknownKeyVersion`](VerifyErrorKind::UnknownKeyVersion), [`ChallengeTag`](VerifyErrorKind::ChallengeTag),
    /// [`OtherCaller`](VerifyErrorKind::OtherCaller), [`Expired`](VerifyErrorKind::Expired),
    /// [`SignatureEncoding`](VerifyErrorKind::SignatureEncoding),
    /// [`SignatureLength`](VerifyErrorKind::SignatureLength), [`NoMatch`](VerifyErrorKind::NoMatch). All of them mean
    /// the same to the client.
    pub fn check(
        &self,
        challenge: &str,
        signature: &str,
        caller: &Caller<'_>,
        keys: &PublicKeys,
        now: OffsetDateTime,
    ) -> Result<Answered, VerifyError> {
        let challenge = Challenge::parse(challenge).map_err(|_| VerifyErrorKind::Malformed)?;
        let challenge_key = self.of_version(challenge.key_version()).ok_or(VerifyErrorKind::UnknownKeyVersion)?;
        if !challenge_key.made(&challenge) {
            return Err(VerifyErrorKind::ChallengeTag.into());
        }
        if !challenge.is_for(caller) {
            return Err(VerifyErrorKind::OtherCaller.into());
        }
        if now.unix_timestamp() >= challenge.expires_at().unix_timestamp() {
            return Err(VerifyErrorKind::Expired.into());
        }
        check_signature(&challenge, signature, keys)?;
        Ok(Answered { nonce: challenge.nonce(), expires_at: challenge.expires_at() })
    }
}

fn check_signature(challenge: &Challenge<'_>, signature: &str, keys: &PublicKeys) -> Result<(), VerifyError> {
    if signature.len() > MAX_SIGNATURE_LEN {
        return Err(VerifyErrorKind::SignatureLength.into());
    }
    let signature = BASE64_STANDARD.decode(signature).map_err(|_| VerifyErrorKind::SignatureEncoding)?;
    let mut fitting = keys.iter().filter(|key| key.modulus_len() == signature.len()).peekable();
    if fitting.peek().is_none() {
        return Err(VerifyErrorKind::SignatureLength.into());
    }
    // Nothing here is secret, so the first key that fits ends the search.
    if !fitting.any(|key| key.verify_rsa_sha256(challenge.as_str().as_bytes(), &signature)) {
        return Err(VerifyErrorKind::NoMatch.into());
    }
    Ok(())
}

/// Most characters of a signature: standard base64 of 8192 bits.
pub const MAX_SIGNATURE_LEN: usize = (MAX_MODULUS_BITS / 8).div_ceil(3) * 4;
