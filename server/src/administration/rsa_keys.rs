//! RSA public keys for request signing.

use std::future::Future;

use serde_json::json;
use tollgate_apikey::{KeyId, Lifecycle, Mode, Overlap};
use tollgate_challenge_signature::{MAX_PUBLIC_KEYS, PublicKey};

use super::{Actor, Administration, Error, Setting, Switch};
use crate::account::{MerchantId, RsaKey};
use crate::storage::Change;

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
        let public = PublicKey::from_pem(pem)?;
        let now = self.clock.now();
        let key = RsaKey {
            id: self.new_id()?,
            merchant: merchant.clone(),
            mode,
            spki: public.spki_der().to_vec(),
            fingerprint: public.fingerprint(),
            lifecycle: Lifecycle::new(now),
        };
        let detail = [("fingerprint", json!(key.fingerprint)), ("mode", json!(mode.as_str()))];
        let entry = self.entry(actor, merchant, "rsa_key.registered", key.id.as_str(), detail);
        let (directory, stored) = (self.directory.clone(), key.clone());
        let change = async move { directory.register_rsa_key(&stored, MAX_PUBLIC_KEYS, now, &entry).await };
        self.change_signing(merchant, mode, change).await?;
        Ok(key)
    }

    /// The public keys of a merchant and mode, whatever their state.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn rsa_keys(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<RsaKey>, Error> {
        Ok(self.directory.rsa_keys(merchant, mode).await?)
    }

    /// Ends a public key after the overlap.
    ///
    /// # Errors
    ///
    /// [`Error::LastLiveKey`] when requests must be signed and no other key is live that is not retiring too;
    /// [`Error::NotUsable`] when it is dead; [`Error::NotFound`].
    pub async fn retire_rsa_key(&self, actor: &Actor, id: KeyId, overlap: Overlap) -> Result<RsaKey, Error> {
        let known = self.directory.rsa_key(id).await?.ok_or(Error::NotFound)?;
        let detail = [("overlap_s", json!(overlap.as_seconds()))];
        let entry = self.entry(actor, &known.merchant, "rsa_key.retired", id.as_str(), detail);
        let (directory, now) = (self.directory.clone(), self.clock.now());
        let change = async move { directory.retire_rsa_key(id, overlap, now, &entry).await };
        self.change_signing(&known.merchant, known.mode, change).await
    }

    /// Kills a public key; true when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::LastLiveKey`] as for a key that is retired; [`Error::NotFound`].
    pub async fn revoke_rsa_key(&self, actor: &Actor, id: KeyId) -> Result<bool, Error> {
        let known = self.directory.rsa_key(id).await?.ok_or(Error::NotFound)?;
        let entry = self.entry(actor, &known.merchant, "rsa_key.revoked", id.as_str(), []);
        let (directory, now) = (self.directory.clone(), self.clock.now());
        let change = async move { directory.end_rsa_key(id, now, &entry).await };
        self.change_signing(&known.merchant, known.mode, change).await
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
        let (name, value) = Setting::RequestSigningRequired(required).stored();
        let detail = [("mode", json!(mode.as_str())), ("name", json!(name)), ("value", json!(value))];
        let entry = self.entry(actor, merchant, "setting.set", merchant.as_str(), detail);
        let (directory, owner, now) = (self.directory.clone(), merchant.clone(), self.clock.now());
        let change = async move { directory.switch_request_signing(&owner, mode, required, now, &entry).await };
        self.change_signing(merchant, mode, change).await
    }

    async fn change_signing<T: Send + 'static>(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        change: impl Future<Output = Change<T>> + Send + 'static,
    ) -> Result<T, Error> {
        let merchant = merchant.clone();
        self.change(change, move |records| records.forget_request_signing(&merchant, mode)).await
    }
}
