//! Secrets that are needed in clear: webhook secrets and the secrets Pledg merchants sign requests with.

use tollgate_apikey::{KeyId, Mode, Overlap};

use super::{Actor, Administration, Error, Issued};
use crate::account::{MerchantId, SealedSecret, SecretPurpose, SecretText};

impl Administration {
    /// Makes a secret beside those that exist: `whsec_` and base64 of 32 bytes for webhooks, 43 base62 characters for
    /// Pledg requests.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`] when the merchant has 4 usable ones of the purpose; [`Error::NotFound`] without such a
    /// merchant.
    pub async fn issue_secret(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        purpose: SecretPurpose,
    ) -> Result<Issued<SealedSecret>, Error> {
        todo!()
    }

    /// Takes over a secret that was made elsewhere: at least 32 bytes of it, and for webhooks in the form above.
    ///
    /// # Errors
    ///
    /// [`Error::Weak`] for one too short, [`Error::Invalid`] for another form; else as
    /// [`issue_secret`](Self::issue_secret).
    pub async fn import_secret(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        purpose: SecretPurpose,
        text: SecretText,
    ) -> Result<SealedSecret, Error> {
        todo!()
    }

    /// The secrets of a merchant, mode and purpose, whatever their state.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn secrets(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        purpose: SecretPurpose,
    ) -> Result<Vec<SealedSecret>, Error> {
        todo!()
    }

    /// Makes a secret in the place of another, which retires after the overlap.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] when the other is dead; [`Error::TooMany`] when, with the overlap, there would be more than
    /// 4 usable ones; [`Error::NotFound`].
    pub async fn rotate_secret(
        &self,
        actor: &Actor,
        id: KeyId,
        overlap: Overlap,
    ) -> Result<Issued<SealedSecret>, Error> {
        todo!()
    }

    /// Kills a secret; true when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn revoke_secret(&self, actor: &Actor, id: KeyId) -> Result<bool, Error> {
        todo!()
    }

    /// Opens a secret to show it; the audit entry is on disk before the text is given out.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Seal`] when the key file lacks its key.
    pub async fn reveal_secret(&self, actor: &Actor, id: KeyId) -> Result<SecretText, Error> {
        todo!()
    }
}
