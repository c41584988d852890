//! RSA public keys for request signing.

use tollgate_apikey::{KeyId, Mode, Overlap};

use super::{Actor, Administration, Error, Switch};
use crate::account::{MerchantId, RsaKey};

impl Administration {
    /// Registers a public key in PEM form.
    ///
    /// # Errors
    ///
    /// [`Error::RsaKey`] for what is no acceptable public key; [`Error::Taken`] when the merchant has or had this key
    /// in this mode; [`Error::TooMany`] when it has 4 usable ones; [`Error::NotFound`] without such a merchant.
    pub async fn register_rsa_key(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        pem: &str,
    ) -> Result<RsaKey, Error> {
        todo!()
    }

    /// The public keys of a merchant and mode, whatever their state.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn rsa_keys(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<RsaKey>, Error> {
        todo!()
    }

    /// Ends a public key after the overlap.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] when it is dead; [`Error::NotFound`].
    pub async fn retire_rsa_key(&self, actor: &Actor, id: KeyId, overlap: Overlap) -> Result<RsaKey, Error> {
        todo!()
    }

    /// Kills a public key; true when this call did. The last one may be killed too: a merchant that must sign can then
    /// not call, until it has registered another.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn revoke_rsa_key(&self, actor: &Actor, id: KeyId) -> Result<bool, Error> {
        todo!()
    }

    /// Sets whether every request of a merchant must be signed; the same as the setting of this name.
    ///
    /// # Errors
    ///
    /// [`Error::NoLiveKey`] when switched on without a usable key; [`Error::NotFound`].
    pub async fn set_request_signing(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        required: Switch,
    ) -> Result<(), Error> {
        todo!()
    }
}
