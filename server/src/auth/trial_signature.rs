//! One signature on trial, before an account's requests must be signed.

use tollgate_apikey::Mode;
use tollgate_challenge_signature::{Caller, IssuedChallenge, RedeemErrorKind, VerifyErrorKind};

use super::signature::{UsedNonces, fill_nonce, usable_keys};
use super::{Arrival, Gate, Reason, Refusal};
use crate::account::MerchantId;

/// Why a signature on trial does not hold: for the person who tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrialFault {
    /// The challenge is none of ours, not for this account and mode, too old, or was used.
    Challenge,
    /// The signature is not standard base64 with padding.
    Encoding,
    /// The signature is not as long as the modulus of any key.
    Length,
    /// There is no key in force.
    NoKey,
    /// No key of the account fits the signature.
    NoMatch,
}

impl Gate {
    /// Issues a challenge for the control panel; no API key can use it, and the panel takes none of an API key.
    ///
    /// # Errors
    ///
    /// [`Reason::Unavailable`] without random bytes.
    pub fn issue_trial(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        arrival: &Arrival,
    ) -> Result<IssuedChallenge, Refusal> {
        let fill = |nonce: &mut [u8]| fill_nonce(nonce, arrival.now, &self.rng);
        Ok(self.secret_keys.challenge_keys().issue(&trier(merchant, mode)?, arrival.now, fill)?)
    }

    /// Checks the answer to such a challenge with the account's keys, and uses the challenge up if it is right.
    ///
    /// # Errors
    ///
    /// A refusal when storage did not answer; else what is wrong is inside.
    pub async fn check_trial(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        challenge: &str,
        signature: &str,
        arrival: &Arrival,
    ) -> Result<Result<(), TrialFault>, Refusal> {
        let signing = self.records.request_signing(merchant, mode).await?;
        let signing = signing.ok_or_else(|| Refusal::new(Reason::Internal))?;
        let Ok(keys) = usable_keys(&signing, arrival.now) else { return Ok(Err(TrialFault::NoKey)) };
        let answered =
            self.secret_keys.challenge_keys().check(challenge, signature, &trier(merchant, mode)?, &keys, arrival.now);
        let answered = match answered {
            Ok(answered) => answered,
            Err(error) => {
                return Ok(Err(match error.kind() {
                    VerifyErrorKind::SignatureEncoding => TrialFault::Encoding,
                    VerifyErrorKind::SignatureLength => TrialFault::Length,
                    VerifyErrorKind::NoMatch => TrialFault::NoMatch,
                    _ => TrialFault::Challenge,
                }));
            }
        };
        let store = UsedNonces { ledger: self.ledger.clone(), clock: self.clock.clone() };
        match answered.redeem(&store).await {
            Ok(_) => Ok(Ok(())),
            Err(error) if error.kind() == RedeemErrorKind::AlreadyUsed => Ok(Err(TrialFault::Challenge)),
            Err(error) => {
                Err(error.into_store_error().map_or_else(|| Refusal::new(Reason::Unavailable(1)), Refusal::from))
            }
        }
    }
}

/// Who tries: not an API key, whose ids are random, and not the same in both modes.
fn trier(merchant: &MerchantId, mode: Mode) -> Result<Caller<'_>, Refusal> {
    let id = match mode {
        Mode::Live => "PanelLive000",
        Mode::Test => "PanelTest000",
    };
    Caller::new(merchant.as_str(), id).map_err(|_| Refusal::new(Reason::Internal))
}
