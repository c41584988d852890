//! Panel users.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Actor, Administration, Error, Page, Switch};
use crate::account::{EmailAddress, MerchantId, PasswordHash, Passwords, Role, SecretText, User, UserId};
use crate::storage::UserChange;

/// A user to be made.
#[derive(Debug)]
pub struct NewUser {
    /// The merchant it belongs to.
    pub merchant: MerchantId,
    /// The address it logs in with; no two users have one.
    pub email: EmailAddress,
    /// 12 to 1024 bytes.
    pub password: SecretText,
    /// What it may do in the control panel.
    pub role: Role,
    /// Whether its e-mail and password open the Basic-authenticated routes.
    pub api_basic: Switch,
}

impl Administration {
    /// The shortest password, in bytes.
    pub const MIN_PASSWORD: usize = 12;

    /// The most owners of a merchant that are told something.
    const MOST_OWNERS: u32 = 200;

    /// Makes a user.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] when the address is in use; [`Error::Weak`] for a short password, [`Error::Invalid`] for a
    /// long one or an address that is none; [`Error::NotFound`] without such a merchant.
    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Result<User, Error> {
        check_email(&new.email)?;
        let user = User {
            id: UserId::from_stored(0),
            merchant: new.merchant,
            email: new.email,
            password_hash: self.hash(&new.password).await?,
            generation: 1,
            disabled: false,
            api_basic: new.api_basic.is_on(),
            role: new.role,
            administrator: false,
            second_factor: None,
        };
        let detail = [
            ("api_basic", json!(user.api_basic)),
            ("email", json!(user.email.as_str())),
            ("role", json!(user.role.as_str())),
        ];
        let entry = self.entry(actor, &user.merchant, "user.created", "", detail);
        let (directory, stored, now) = (self.directory.clone(), user.clone(), self.clock.now());
        let creation = async move { directory.create_user(&stored, now, entry).await };
        let id = self.change(creation, |_| {}).await?;
        Ok(User { id, ..user })
    }

    /// The users of a merchant.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn users(&self, merchant: &MerchantId, page: Page) -> Result<Vec<User>, Error> {
        Ok(self.directory.users_of(merchant, page.part()).await?)
    }

    /// The owners of a merchant who can log in, the longest ones first; 200 at most.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn owners(&self, merchant: &MerchantId) -> Result<Vec<User>, Error> {
        Ok(self.directory.owners_of(merchant, Self::MOST_OWNERS).await?)
    }

    /// A user by id.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        Ok(self.directory.user(id).await?)
    }

    /// A user by address.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, Error> {
        Ok(self.directory.user_by_email(email).await?)
    }

    /// Shuts a user out and ends its logins; true when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn disable_user(&self, actor: &Actor, id: UserId) -> Result<bool, Error> {
        self.change_user(actor, id, "user.disabled", UserChange::Disable, []).await
    }

    /// Lets a user in again; its old logins stay ended. True when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn enable_user(&self, actor: &Actor, id: UserId) -> Result<bool, Error> {
        self.change_user(actor, id, "user.enabled", UserChange::Enable, []).await
    }

    /// Changes a password and ends every login made with the old one.
    ///
    /// # Errors
    ///
    /// [`Error::Weak`], [`Error::Invalid`] as for a new user; [`Error::NotFound`].
    pub async fn set_password(&self, actor: &Actor, id: UserId, password: SecretText) -> Result<(), Error> {
        let hash = self.hash(&password).await?;
        self.change_user(actor, id, "user.password_set", UserChange::Password(hash), []).await?;
        Ok(())
    }

    /// Sets whether e-mail and password open the Basic-authenticated routes; counts at the next call.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn set_api_basic(&self, actor: &Actor, id: UserId, api_basic: Switch) -> Result<(), Error> {
        let detail = [("api_basic", json!(api_basic.is_on()))];
        self.change_user(actor, id, "user.api_basic_set", UserChange::ApiBasic(api_basic), detail).await?;
        Ok(())
    }

    /// Sets what a user may do in the control panel.
    ///
    /// # Errors
    ///
    /// [`Error::LastOwner`] when a panel user would leave the merchant without an owner; [`Error::NotFound`].
    pub async fn set_role(&self, actor: &Actor, id: UserId, role: Role) -> Result<(), Error> {
        let detail = [("role", json!(role.as_str()))];
        self.change_user(actor, id, "user.role_set", UserChange::Role(role), detail).await?;
        Ok(())
    }

    /// Sets whether a user may see and stop every merchant; the command line alone asks for this.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn set_administrator(&self, actor: &Actor, id: UserId, administrator: Switch) -> Result<(), Error> {
        let detail = [("administrator", json!(administrator.is_on()))];
        self.change_user(actor, id, "user.administrator_set", UserChange::Administrator(administrator), detail).await?;
        Ok(())
    }

    pub(super) async fn change_user<const N: usize>(
        &self,
        actor: &Actor,
        id: UserId,
        action: &'static str,
        what: UserChange,
        detail: [(&str, Value); N],
    ) -> Result<bool, Error> {
        let known = self.directory.user(id).await?.ok_or(Error::NotFound)?;
        let entry = self.entry(actor, &known.merchant, action, &id.to_string(), detail);
        let directory = self.directory.clone();
        let change = async move { directory.change_user(id, &what, &entry).await };
        self.change(change, move |records| records.forget_user(id)).await
    }

    pub(super) async fn hash(&self, password: &SecretText) -> Result<PasswordHash, Error> {
        let bytes = Zeroizing::new(password.expose_secret().as_bytes().to_vec());
        if bytes.len() < Self::MIN_PASSWORD {
            return Err(Error::Weak);
        }
        if bytes.len() > Passwords::MAX_LEN {
            return Err(Error::Invalid("password"));
        }
        Ok(self.passwords.hash(bytes, &self.rng).await?)
    }
}

/// Something before and behind one `@`; whether it is reached by mail is not decided here.
fn check_email(email: &EmailAddress) -> Result<(), Error> {
    let fits = email.as_str().split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !email.as_str().contains(char::is_whitespace)
    });
    if fits { Ok(()) } else { Err(Error::Invalid("email")) }
}
