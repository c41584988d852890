//! Panel users.

use super::{Actor, Administration, Error, Page, Switch};
use crate::account::{EmailAddress, MerchantId, Role, SecretText, User, UserId};

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
    /// Makes a user.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] when the address is in use; [`Error::Weak`] for a short password, [`Error::Invalid`] for a
    /// long one or an address that is none; [`Error::NotFound`] without such a merchant.
    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Result<User, Error> {
        todo!()
    }

    /// The users of a merchant.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn users(&self, merchant: &MerchantId, page: Page) -> Result<Vec<User>, Error> {
        todo!()
    }

    /// A user by id.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn user(&self, id: UserId) -> Result<Option<User>, Error> {
        todo!()
    }

    /// A user by address.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, Error> {
        todo!()
    }

    /// Shuts a user out and ends its logins; true when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn disable_user(&self, actor: &Actor, id: UserId) -> Result<bool, Error> {
        todo!()
    }

    /// Lets a user in again; its old logins stay ended. True when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn enable_user(&self, actor: &Actor, id: UserId) -> Result<bool, Error> {
        todo!()
    }

    /// Changes a password and ends every login made with the old one.
    ///
    /// # Errors
    ///
    /// [`Error::Weak`], [`Error::Invalid`] as for a new user; [`Error::NotFound`].
    pub async fn set_password(&self, actor: &Actor, id: UserId, password: SecretText) -> Result<(), Error> {
        todo!()
    }

    /// Sets whether e-mail and password open the Basic-authenticated routes; counts at the next call.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn set_api_basic(&self, actor: &Actor, id: UserId, api_basic: Switch) -> Result<(), Error> {
        todo!()
    }

    /// Sets what a user may do in the control panel.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn set_role(&self, actor: &Actor, id: UserId, role: Role) -> Result<(), Error> {
        todo!()
    }
}
