//! The second factor of a person: a one-time code or a recovery code, each once.

use super::{Arrival, Gate, Reason, Refusal};
use crate::account::{RecoveryCode, TOTP_CLAIMS, TotpSecret, TotpStep, User};
use crate::keys::Sealer;
use crate::storage::{Claim, Ledger, SecondFactors};

impl Gate {
    /// Whether this is what the user's second factor asks for; who has none is asked for nothing.
    pub(super) async fn check_code(
        second_factors: &dyn SecondFactors,
        ledger: &dyn Ledger,
        sealer: &Sealer,
        user: &User,
        typed: Option<&str>,
        arrival: &Arrival,
    ) -> Result<bool, Refusal> {
        let Some(sealed) = &user.second_factor else { return Ok(true) };
        let typed = typed.unwrap_or_default();
        if let Some(code) = RecoveryCode::parse(typed) {
            return Ok(second_factors.spend_recovery_code(user.id, &code.digest(user.id)).await?);
        }
        let digits: String = typed.chars().filter(|c| *c != ' ').take(7).collect();
        let opened = sealer.open(sealed.key_version, &sealed.sealed, &TotpSecret::seal_context(user.id));
        let secret = opened.ok().and_then(|bytes| TotpSecret::from_bytes(&bytes));
        // A factor that cannot be checked must not become none.
        let secret = secret.ok_or_else(|| Refusal::new(Reason::Internal))?;
        let Some(step) = secret.step_of(&digits, arrival.now) else { return Ok(false) };
        let until = TotpStep::claimed_until(arrival.now);
        Ok(ledger.claim_once(TOTP_CLAIMS, &step.claim(user.id), until, arrival.now).await? == Claim::First)
    }
}
