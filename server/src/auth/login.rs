//! A person's e-mail and password, and the code of a second factor.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::one_time_code::CodeVerdict;
use super::throttle::Guessed;
use super::{Arrival, Fault, Gate, Reason, Refusal};
use crate::account::{EmailAddress, PasswordError, User};
use crate::mail::{Mailer, Notice};

impl Gate {
    /// Checks e-mail, password and, of who has a second factor, its code; the limits come before the hash, and an
    /// unknown user costs one hash too. The user is written to when a recovery code was used, and once a day when
    /// somebody who has the password guesses codes.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`] alike for an unknown address, a wrong password, a disabled user and a
    /// code that is missing, wrong, used before or one of too many: to say so would tell that the password is right;
    /// [`Reason::RateLimited`] after too many failures, also for the right password; [`Reason::Unavailable`] when the
    /// hash permits and their queue are taken.
    pub async fn log_in(
        &self,
        email: &EmailAddress,
        password: Zeroizing<Vec<u8>>,
        otp: Option<&str>,
        arrival: &Arrival,
        mailer: &Mailer,
    ) -> Result<Arc<User>, Refusal> {
        let (throttle, vault, passwords) = (self.throttle.clone(), self.vault.clone(), self.passwords.clone());
        let (codes, mailer) = (self.code_check(), mailer.clone());
        let (email, arrival_, otp) = (email.clone(), *arrival, otp.map(|otp| Zeroizing::new(otp.to_owned())));
        // An attempt that was admitted reaches its verdict also when the caller hangs up: who aborts right passwords
        // must not lock the account, and who aborts wrong ones must not guess for free.
        let attempt = async move {
            let attempt = throttle.admit_password(&email, &arrival_.client, arrival_.now)?;
            let verdict = async {
                let user = vault.user_by_email(&email).await?;
                let stored = user.as_ref().map(|user| user.password_hash.clone());
                let right = passwords.verify(password, stored).await.map_err(|error| match error {
                    PasswordError::Busy => Refusal::new(Reason::Unavailable(1)),
                    PasswordError::Failed => Refusal::new(Reason::Internal),
                })?;
                // The code is looked at only when the rest is right, so that no stranger uses one up.
                let right = match &user {
                    Some(user) if right && !user.disabled => {
                        let otp = otp.as_ref().map(|otp| otp.as_str());
                        let verdict = codes.verdict(user, otp, &arrival_).await?;
                        tell(&mailer, user, verdict, &arrival_).await;
                        matches!(verdict, CodeVerdict::Right | CodeVerdict::Recovered { .. })
                    }
                    _ => false,
                };
                Ok((user, right))
            };
            let verdict: Result<_, Refusal> = verdict.await;
            match &verdict {
                Ok((Some(_), true)) | Err(_) => throttle.forgive(&attempt),
                Ok(_) => {}
            }
            verdict
        };
        let (user, right) = tokio::spawn(attempt).await.map_err(|_| Refusal::new(Reason::Internal))??;
        match user {
            Some(user) if right => Ok(Arc::new(user)),
            Some(_) => Err(self.refuse(Fault::WrongSecret, arrival)),
            None => Err(self.refuse(Fault::Unknown, arrival)),
        }
    }
}

/// Tells a user what somebody does who has the password.
async fn tell(mailer: &Mailer, user: &User, verdict: CodeVerdict, arrival: &Arrival) {
    let (at, address) = (arrival.now, arrival.address().map(|address| address.to_string()));
    match verdict {
        CodeVerdict::Recovered { left } => {
            mailer.send(&user.email, &Notice::RecoveryCodeUsed { left, at, address }).await;
        }
        CodeVerdict::Shut(guessed) => {
            tracing::warn!(user = %user.id, "too many wrong codes of a second factor behind the right password");
            if guessed == Guessed::News {
                mailer.send(&user.email, &Notice::CodesGuessed { at, address }).await;
            }
        }
        CodeVerdict::Right | CodeVerdict::Wrong => {}
    }
}
