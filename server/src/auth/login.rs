//! A person's e-mail and password, and the code of a second factor.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{Arrival, Fault, Gate, Reason, Refusal};
use crate::account::{EmailAddress, PasswordError, User};

impl Gate {
    /// Checks e-mail, password and, of who has a second factor, its code; the limits come before the hash, and an
    /// unknown user costs one hash too.
    ///
    /// # Errors
    ///
    /// [`Reason::Unauthenticated`] alike for an unknown address, a wrong password, a disabled user and a
    /// code that is missing, wrong or used before;
    /// [`Reason::RateLimited`] after too many failures, also for the right password; [`Reason::Unavailable`] when the
    /// hash permits and their queue are taken.
    pub async fn log_in(
        &self,
        email: &EmailAddress,
        password: Zeroizing<Vec<u8>>,
        otp: Option<&str>,
        arrival: &Arrival,
    ) -> Result<Arc<User>, Refusal> {
        let (throttle, vault, passwords) = (self.throttle.clone(), self.vault.clone(), self.passwords.clone());
        let (second_factors, ledger, sealer) = (self.second_factors.clone(), self.ledger.clone(), self.sealer.clone());
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
                        Self::check_code(&*second_factors, &*ledger, &sealer, user, otp, &arrival_).await?
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
