//! Step 8: the request's signature, where an account asks for one.

use std::sync::Arc;

use time::OffsetDateTime;
use tollgate_challenge_signature::{
    Caller, FirstUse, FirstUseOutcome, IssuedChallenge, KeySetError, Nonce, PublicKeys, RedeemErrorKind,
};

use super::{Arrival, Gate, Principal, Reason, Refusal};
use crate::clock::{Clock, epoch_ms};
use crate::rng::{Rng, RngError};
use crate::storage::{Claim, Ledger, RequestSigning, StorageError};

/// Whether a route looks at a request's signature.
#[derive(Debug, Clone, Copy)]
pub enum SignatureRule<'a> {
    /// An answered challenge, as the two headers hold it. Without the account's setting neither need be there; one
    /// that is there is checked.
    Challenge {
        /// The challenge text.
        challenge: Option<&'a str>,
        /// base64 of the RSA-SHA256 signature over it.
        signature: Option<&'a str>,
    },
    /// Never.
    Unsigned,
}

impl Gate {
    /// Issues a challenge that only this caller can use; nothing is stored.
    ///
    /// # Errors
    ///
    /// [`Reason::Unavailable`] without random bytes, [`Reason::Internal`] for a caller without a credential.
    pub fn issue_challenge(&self, principal: &Principal, arrival: &Arrival) -> Result<IssuedChallenge, Refusal> {
        let key_id = principal.credential_id().ok_or_else(|| Refusal::new(Reason::Internal))?;
        let caller = caller(principal, key_id.as_str())?;
        Ok(self
            .secret_keys
            .challenge_keys()
            .issue(&caller, arrival.now, |nonce| fill_nonce(nonce, arrival.now, &self.rng))?)
    }

    /// Every failure of a signature that is there looks alike; a right one is used up, whatever comes after.
    pub(super) async fn check_signature(
        &self,
        principal: &Principal,
        rule: SignatureRule<'_>,
        arrival: &Arrival,
    ) -> Result<(), Refusal> {
        let SignatureRule::Challenge { challenge, signature } = rule else { return Ok(()) };
        let signing = self.records.request_signing(&principal.merchant().id, principal.mode()).await?;
        let signing = signing.ok_or_else(|| Refusal::new(Reason::Internal))?;
        let (challenge, signature) = match (challenge, signature) {
            (Some(challenge), Some(signature)) => (challenge, signature),
            (None, None) if !signing.required => return Ok(()),
            _ => return Err(Refusal::new(Reason::SignatureRequired)),
        };
        let invalid = || Refusal::new(Reason::SignatureInvalid);
        let keys = usable_keys(&signing, arrival.now).map_err(|_| invalid())?;
        let key_id = principal.credential_id().ok_or_else(invalid)?;
        let caller = caller(principal, key_id.as_str())?;
        let answered =
            self.secret_keys.challenge_keys().check(challenge, signature, &caller, &keys, arrival.now).map_err(
                |error| {
                    // One answer for the client; what was wrong is for whoever helps the merchant.
                    tracing::info!(kind = ?error.kind(), "the signature of a request was refused");
                    invalid()
                },
            )?;
        let store = UsedNonces { ledger: self.ledger.clone(), clock: self.clock.clone() };
        match answered.redeem(&store).await {
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                RedeemErrorKind::AlreadyUsed => Err(invalid()),
                _ => Err(error.into_store_error().map_or_else(|| Refusal::new(Reason::Unavailable(1)), Refusal::from)),
            },
        }
    }
}

/// The public keys in force.
pub(super) fn usable_keys(signing: &RequestSigning, now: OffsetDateTime) -> Result<PublicKeys, KeySetError> {
    let usable = signing.keys.iter().filter(|(_, lifecycle)| lifecycle.check(now).is_ok());
    PublicKeys::new(usable.map(|(key, _)| key.clone()))
}

fn caller<'a>(principal: &'a Principal, key_id: &'a str) -> Result<Caller<'a>, Refusal> {
    Caller::new(principal.merchant().id.as_str(), key_id).map_err(|_| Refusal::new(Reason::Internal))
}

/// The Ledger as the store of used nonces.
pub(super) struct UsedNonces {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) clock: Clock,
}

impl FirstUse for UsedNonces {
    type Error = StorageError;

    async fn first_use(&self, nonce: &Nonce, until: OffsetDateTime) -> Result<FirstUseOutcome, StorageError> {
        // The time is read anew: a request that waited past the challenge's end must not pass.
        let claim = self.ledger.claim_once("challenge", nonce.as_bytes(), until, self.clock.now()).await?;
        Ok(match claim {
            Claim::First => FirstUseOutcome::First,
            Claim::Seen => FirstUseOutcome::Seen,
        })
    }
}

/// Fills a nonce: the milliseconds since 1970 in six bytes, and random bytes. Challenges of one moment are neighbours then
/// where used nonces are kept, and share the pages of a database; random nonces would touch a page each.
pub(super) fn fill_nonce(nonce: &mut [u8], now: OffsetDateTime, rng: &Rng) -> Result<(), RngError> {
    rng.fill_public(nonce)?;
    let [_, _, ms @ ..] = epoch_ms(now).to_be_bytes();
    nonce.iter_mut().zip(ms).for_each(|(byte, ms)| *byte = ms);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use time::Duration;

    use super::*;

    #[test]
    fn nonces_are_in_the_order_of_their_making_and_no_two_alike() {
        let drawn = |ms| {
            let mut nonce = [0; 16];
            fill_nonce(&mut nonce, OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(ms), &Rng::system()).unwrap();
            nonce
        };
        let nonces = [0, 1, 255, 256, 1_767_225_600_000, 1_767_225_600_001].map(drawn);
        assert!(nonces.is_sorted_by(|before, after| before < after), "{nonces:?}");
        assert_eq!(nonces[4][..6], [0x01, 0x9b, 0x76, 0xda, 0xa8, 0x00]);
        let of_one_moment: HashSet<_> = (0..1_000).map(|_| drawn(7)).collect();
        assert_eq!(of_one_moment.len(), 1_000);
    }
}
