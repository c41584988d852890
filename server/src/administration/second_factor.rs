//! The second factor of panel users.

use zeroize::Zeroizing;

use super::{Actor, Administration, Error};
use crate::account::{RecoveryCode, SealedTotp, TOTP_CLAIMS, TotpSecret, TotpStep, UserId};
use crate::storage::{Claim, PanelSession, UserChange};

impl Administration {
    /// How long a second factor may wait for its first code.
    const ENROLMENT: time::Duration = time::Duration::minutes(15);

    /// Draws a secret for a user's authenticator app; it counts when its first code is given. One that waits already is
    /// replaced.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] when the user has a second factor; [`Error::NotFound`].
    pub async fn begin_second_factor(&self, id: UserId) -> Result<TotpSecret, Error> {
        let user = self.directory.user(id).await?.ok_or(Error::NotFound)?;
        if user.second_factor.is_some() {
            return Err(Error::Taken);
        }
        let secret = TotpSecret::draw(&self.rng)?;
        let (key_version, sealed) =
            self.sealer.seal(secret.expose_secret(), &TotpSecret::seal_context(id), &self.rng)?;
        let until = self.clock.now() + Self::ENROLMENT;
        self.directory.begin_enrolment(id, &SealedTotp { key_version, sealed }, until).await?;
        Ok(secret)
    }

    /// The secret that waits for its first code, if there is one.
    ///
    /// # Errors
    ///
    /// [`Error::Seal`] when it does not open.
    pub async fn waiting_second_factor(&self, id: UserId) -> Result<Option<TotpSecret>, Error> {
        let Some(sealed) = self.directory.enrolment(id, self.clock.now()).await? else { return Ok(None) };
        self.open_totp(id, &sealed).map(Some)
    }

    /// Asks a user for codes from now on, if this is one of the secret that waits; answers the recovery codes, which
    /// are kept nowhere else. Every session of the user ends but this one: who got in with the password alone is out.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when the code is not right; [`Error::NotUsable`] when nothing waits.
    pub async fn confirm_second_factor(
        &self,
        actor: &Actor,
        id: UserId,
        code: &str,
        session: Option<&PanelSession>,
    ) -> Result<Vec<RecoveryCode>, Error> {
        let now = self.clock.now();
        let sealed = self.directory.enrolment(id, now).await?.ok_or(Error::NotUsable)?;
        let digits: Zeroizing<String> = Zeroizing::new(code.chars().filter(|c| *c != ' ').take(7).collect());
        let step = self.open_totp(id, &sealed)?.step_of(&digits, now).ok_or(Error::Invalid("code"))?;
        let until = TotpStep::claimed_until(now);
        if self.ledger.claim_once(TOTP_CLAIMS, &step.claim(id), until, now).await? == Claim::Seen {
            return Err(Error::Invalid("code"));
        }
        let codes = (0..RecoveryCode::COUNT).map(|_| RecoveryCode::draw(&self.rng)).collect::<Result<Vec<_>, _>>()?;
        let digests = codes.iter().map(|code| code.digest(id)).collect();
        let change = UserChange::SecondFactor(sealed, digests, session.map(|session| session.digest));
        self.change_user(actor, id, "user.second_factor_set", change, []).await?;
        Ok(codes)
    }

    /// Asks a user for no more codes and ends every login; true when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn reset_second_factor(&self, actor: &Actor, id: UserId) -> Result<bool, Error> {
        self.change_user(actor, id, "user.second_factor_reset", UserChange::NoSecondFactor, []).await
    }

    /// Recovery codes a user has left.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn recovery_codes_left(&self, id: UserId) -> Result<u32, Error> {
        Ok(self.directory.recovery_codes_left(id).await?)
    }

    fn open_totp(&self, id: UserId, sealed: &SealedTotp) -> Result<TotpSecret, Error> {
        let opened = self.sealer.open(sealed.key_version, &sealed.sealed, &TotpSecret::seal_context(id))?;
        TotpSecret::from_bytes(&opened).ok_or(Error::Seal(crate::keys::SealError))
    }
}
