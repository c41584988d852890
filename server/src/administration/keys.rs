//! API keys of the three key dialects.

use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode, Overlap, Scopes};
use tollgate_client_address::IpList;

use super::{Actor, Administration, Error, Issued, Page};
use crate::account::{Credential, KeyFamily, MerchantId, User, UserId};

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The user it is made for, where the dialect has one key per user.
    pub user: Option<UserId>,
    /// Its dialect; not that of client secrets.
    pub family: KeyFamily,
    /// Its mode.
    pub mode: Mode,
    /// What it permits.
    pub scopes: Scopes,
    /// Where it may come from.
    pub ip_list: IpList,
    /// What its owner calls it: at most 64 characters, no control characters, may be empty.
    pub name: String,
    /// Its end, if it has one; must lie ahead.
    pub expires_at: Option<OffsetDateTime>,
}

impl Administration {
    /// Makes a key beside those that exist.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a family, name or expiry that does not fit; [`Error::NotFound`] without such a merchant
    /// or user of it.
    pub async fn issue_key(&self, actor: &Actor, new: NewKey) -> Result<Issued<Credential>, Error> {
        todo!()
    }

    /// The keys of a merchant and mode, whatever their state; client secrets are not among them.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn keys(&self, merchant: &MerchantId, mode: Mode, page: Page) -> Result<Vec<Credential>, Error> {
        todo!()
    }

    /// A key by its public id; a client secret is not one.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn key(&self, id: KeyId) -> Result<Option<Credential>, Error> {
        todo!()
    }

    /// Makes a key in the place of another: it inherits scopes, address list, name and length of life; the other
    /// retires after the overlap, capped by its own expiry. Without overlap it is dead when the call returns, and
    /// its tokens with it.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] when the other is dead; [`Error::NotFound`] when there is none.
    pub async fn rotate_key(&self, actor: &Actor, id: KeyId, overlap: Overlap) -> Result<Issued<Credential>, Error> {
        todo!()
    }

    /// Makes a user's key in the place of the others of the same user, family and mode, which retire after the
    /// overlap; without any, it makes the first.
    ///
    /// It inherits the limits of the one made last, whatever became of that; `scopes` are those of a first one.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a family that has no keys.
    pub async fn replace_user_key(
        &self,
        actor: &Actor,
        family: KeyFamily,
        user: &User,
        mode: Mode,
        scopes: Scopes,
        overlap: Overlap,
    ) -> Result<Issued<Credential>, Error> {
        todo!()
    }

    /// Kills a key and its tokens; true when this call did, false when it was revoked before.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is no such key.
    pub async fn revoke_key(&self, actor: &Actor, id: KeyId) -> Result<bool, Error> {
        todo!()
    }

    /// Names a key.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name that does not fit; [`Error::NotFound`].
    pub async fn rename_key(&self, actor: &Actor, id: KeyId, name: &str) -> Result<(), Error> {
        todo!()
    }
}
