//! The second factor of a person: a one-time code or a recovery code, each once.

use std::sync::Arc;

use super::throttle::{Guessed, Throttle};
use super::{Arrival, Gate, Reason, Refusal};
use crate::account::{Actor, NewAuditEntry, RecoveryCode, TOTP_CLAIMS, TotpSecret, TotpStep, User};
use crate::keys::Sealer;
use crate::storage::{Claim, Ledger, SecondFactors};

/// Checks what comes behind a password that was right.
pub(super) struct CodeCheck {
    second_factors: Arc<dyn SecondFactors>,
    ledger: Arc<dyn Ledger>,
    sealer: Arc<Sealer>,
    throttle: Arc<Throttle>,
}

/// What a code turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CodeVerdict {
    /// What the user's second factor asks for; who has none is asked for nothing.
    Right,
    /// A recovery code, which is used up.
    Recovered {
        /// How many are left.
        left: u32,
    },
    /// Not that.
    Wrong,
    /// Not looked at: there were too many wrong ones.
    Shut(Guessed),
}

impl Gate {
    pub(super) fn code_check(&self) -> CodeCheck {
        CodeCheck {
            second_factors: self.second_factors.clone(),
            ledger: self.ledger.clone(),
            sealer: self.sealer.clone(),
            throttle: self.throttle.clone(),
        }
    }
}

impl CodeCheck {
    /// Looks at a code. Recovery codes are not counted: 80 bits are not guessed, and they let the user in while somebody
    /// else guesses.
    pub(super) async fn verdict(
        &self,
        user: &User,
        typed: Option<&str>,
        arrival: &Arrival,
    ) -> Result<CodeVerdict, Refusal> {
        if user.second_factor.is_none() {
            return Ok(CodeVerdict::Right);
        }
        let typed = typed.unwrap_or_default();
        if let Some(code) = RecoveryCode::parse(typed) {
            let digest = code.digest(user.id);
            let left = self.second_factors.spend_recovery_code(user.id, &digest, used(user, arrival)).await?;
            return Ok(left.map_or(CodeVerdict::Wrong, |left| CodeVerdict::Recovered { left }));
        }
        let digits: String = typed.chars().filter(|c| *c != ' ').take(7).collect();
        // What cannot be a code is no guess: a user who leaves the field empty does not shut the account.
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Ok(CodeVerdict::Wrong);
        }
        if let Err(guessed) = self.throttle.admit_code(user.id, arrival.now) {
            return Ok(CodeVerdict::Shut(guessed));
        }
        let right = self.is_right(user, &digits, arrival).await;
        if !matches!(right, Ok(false)) {
            self.throttle.forgive_code(user.id);
        }
        Ok(if right? { CodeVerdict::Right } else { CodeVerdict::Wrong })
    }

    async fn is_right(&self, user: &User, digits: &str, arrival: &Arrival) -> Result<bool, Refusal> {
        let Some(sealed) = &user.second_factor else { return Ok(true) };
        let opened = self.sealer.open(sealed.key_version, &sealed.sealed, &TotpSecret::seal_context(user.id));
        let secret = opened.ok().and_then(|bytes| TotpSecret::from_bytes(&bytes));
        // A factor that cannot be checked must not become none.
        let secret = secret.ok_or_else(|| Refusal::new(Reason::Internal))?;
        let Some(step) = secret.step_of(digits, arrival.now) else { return Ok(false) };
        let until = TotpStep::claimed_until(arrival.now);
        Ok(self.ledger.claim_once(TOTP_CLAIMS, &step.claim(user.id), until, arrival.now).await? == Claim::First)
    }
}

fn used(user: &User, arrival: &Arrival) -> NewAuditEntry {
    NewAuditEntry {
        actor: Actor::user(user.id, arrival.address()),
        at: arrival.now,
        merchant: Some(user.merchant.clone()),
        action: "user.recovery_code_used",
        subject: user.id.to_string(),
        detail: serde_json::Map::new(),
    }
}
