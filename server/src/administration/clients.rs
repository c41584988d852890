//! OAuth clients and their secrets.

use tollgate_apikey::{KeyId, Mode, Overlap, Scopes};

use super::{Actor, Administration, Error, Issued, Page};
use crate::account::{ClientDialect, Credential, MerchantId, OauthClient, SecretText};

/// An OAuth client to be made.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// Where it works.
    pub dialect: ClientDialect,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// What its tokens may ask for.
    pub scopes: Scopes,
    /// What its owner calls it: at most 64 characters, no control characters, may be empty.
    pub name: String,
}

impl Administration {
    /// Makes a client and its first secret.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name that does not fit; [`Error::NotFound`] without such a merchant.
    pub async fn create_client(
        &self,
        actor: &Actor,
        new: NewClient,
    ) -> Result<(OauthClient, Issued<Credential>), Error> {
        todo!()
    }

    /// Takes over a client that was made elsewhere: both texts as they are, of any characters but control characters.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an id that is not 1 to 255 bytes or reads as one of ours, for a secret of more than
    /// 1024 bytes or that reads as one of ours, for control characters, and for a pair too long for a Basic header;
    /// [`Error::Weak`] for a secret under 16 bytes; [`Error::Taken`] when the mode has a client of this id;
    /// [`Error::NotFound`] without such a merchant.
    pub async fn import_client(
        &self,
        actor: &Actor,
        new: NewClient,
        foreign_id: &str,
        foreign_secret: SecretText,
    ) -> Result<OauthClient, Error> {
        todo!()
    }

    /// The clients of a merchant and mode.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn clients(&self, merchant: &MerchantId, mode: Mode, page: Page) -> Result<Vec<OauthClient>, Error> {
        todo!()
    }

    /// A client by the id inside its client id text.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn client(&self, id: KeyId) -> Result<Option<OauthClient>, Error> {
        todo!()
    }

    /// A client by its client id text, native or imported.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn client_by_text(&self, mode: Mode, text: &str) -> Result<Option<OauthClient>, Error> {
        todo!()
    }

    /// The secrets of a client, whatever their state.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn client_secrets(&self, client: KeyId) -> Result<Vec<Credential>, Error> {
        todo!()
    }

    /// Makes a native secret in the place of the client's usable ones, which retire after the overlap; it inherits the
    /// limits of the newest of them. An imported client keeps its id.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] when no secret of the client is usable; [`Error::NotFound`].
    pub async fn rotate_client_secret(
        &self,
        actor: &Actor,
        client: KeyId,
        overlap: Overlap,
    ) -> Result<Issued<Credential>, Error> {
        todo!()
    }

    /// Kills one secret of a client and the tokens bought with it; true when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn revoke_client_secret(&self, actor: &Actor, secret: KeyId) -> Result<bool, Error> {
        todo!()
    }

    /// Kills every secret of a client, and its tokens; true when this call killed at least one.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn revoke_client(&self, actor: &Actor, client: KeyId) -> Result<bool, Error> {
        todo!()
    }
}
