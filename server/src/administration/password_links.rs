//! Links that set a password: for who forgot it, and for who has none yet.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::users::{check_email, without_password};
use super::{Actor, Administration, Error};
use crate::account::{EmailAddress, MerchantId, Role, SecretText, User};
use crate::keys::PanelUse;
use crate::storage::{LinkPurpose, PasswordLink, StorageError, UserChange};

/// A new user and the token of the link that sets its first password.
#[derive(Debug)]
pub struct Invited {
    /// The user; it has no password.
    pub user: User,
    /// 43 characters of base64url, kept nowhere else.
    pub token: SecretText,
}

impl Administration {
    /// How long a link for a forgotten password is good.
    pub const RESET_LIFE: Duration = Duration::minutes(30);
    /// How long an invitation is good.
    pub const INVITATION_LIFE: Duration = Duration::hours(72);

    /// Makes a user without a password, and a link that sets one.
    ///
    /// # Errors
    ///
    /// As [`create_user`](Self::create_user).
    pub async fn invite_user(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        email: EmailAddress,
        role: Role,
    ) -> Result<Invited, Error> {
        check_email(&email)?;
        let user = self.store_user(actor, without_password(merchant.clone(), email, role)).await?;
        let token = self.store_link(actor, &user, LinkPurpose::Invitation, "user.invited").await?;
        Ok(Invited { user, token })
    }

    /// A link that sets the password of a user who is there already; earlier ones of the user end.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] for a disabled user; [`Error::Administrator`].
    pub async fn make_link(&self, actor: &Actor, user: &User) -> Result<SecretText, Error> {
        self.store_link(actor, user, LinkPurpose::Invitation, "user.link_made").await
    }

    /// A link for who says that the password is forgotten, asked for from this address. It ends earlier ones of its
    /// kind; an invitation stays, because anybody can ask.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] for a disabled user.
    pub async fn make_reset_link(&self, address: Option<IpAddr>, user: &User) -> Result<SecretText, Error> {
        let actor = Actor { address, ..Actor::system() };
        self.store_link(&actor, user, LinkPurpose::Reset, "user.reset_requested").await
    }

    async fn store_link(
        &self,
        actor: &Actor,
        user: &User,
        purpose: LinkPurpose,
        action: &'static str,
    ) -> Result<SecretText, Error> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        self.rng.fill(&mut *bytes)?;
        let token = SecretText::new(URL_SAFE_NO_PAD.encode(*bytes));
        let life = match purpose {
            LinkPurpose::Invitation => Self::INVITATION_LIFE,
            LinkPurpose::Reset => Self::RESET_LIFE,
        };
        let link = PasswordLink {
            digest: self.secret_keys.panel_key().digest(PanelUse::Link, token.expose_secret()),
            user: user.id,
            generation: user.generation,
            purpose,
            expires_at: self.clock.now() + life,
        };
        let entry = self.entry(actor, &user.merchant, action, &user.id.to_string(), []);
        let directory = self.directory.clone();
        self.change(async move { directory.store_link(&link, &entry).await }, |_| {}).await?;
        Ok(token)
    }

    /// Whose password a link sets, if it is still good; asking does not use it up.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] for what is no good link, whatever the reason.
    pub async fn link_user(&self, token: &str) -> Result<(User, LinkPurpose), Error> {
        let link = self.directory.link(&self.secret_keys.panel_key().digest(PanelUse::Link, token)).await?;
        let link = link.filter(|link| self.clock.now() < link.expires_at).ok_or(Error::NotUsable)?;
        let user = self.directory.user(link.user).await?;
        let user = user.filter(|user| user.generation == link.generation && !user.disabled);
        user.map(|user| (user, link.purpose)).ok_or(Error::NotUsable)
    }

    /// Sets a password by a link, which is used up by it, and ends every login; of any number of calls with one link,
    /// one succeeds. The second factor stays. The address is the one the browser came from.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] for what is no good link; [`Error::Weak`], [`Error::Invalid`] as for a new user.
    pub async fn set_password_by_link(
        &self,
        token: &str,
        password: SecretText,
        address: Option<IpAddr>,
    ) -> Result<User, Error> {
        let (user, _) = self.link_user(token).await?;
        let hash = self.hash(&password).await?;
        let digest = self.secret_keys.panel_key().digest(PanelUse::Link, token);
        let actor = Actor::user(user.id, address);
        let change = UserChange::PasswordByLink(hash, digest);
        self.change_user(&actor, user.id, "user.password_set", change, []).await?;
        Ok(user)
    }

    /// Forgets links that expired before; answers how many.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn sweep_links(&self, before: OffsetDateTime) -> Result<u64, StorageError> {
        self.directory.sweep_links(before).await
    }
}
