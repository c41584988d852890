//! Secrets that are needed in clear: webhook secrets, and those that Pledg requests and notifications are signed with.

use serde_json::json;
use tollgate_apikey::{KeyId, Lifecycle, Mode, Overlap};
use tollgate_jwt_session::request::MAX_REQUEST_KEYS;
use tollgate_webhook_hmac::WebhookSecret;
use tollgate_webhook_hmac::legacy::pledg::NotificationSecret;

use super::{Actor, Administration, Error, Issued};
use crate::account::{MerchantId, SealedSecret, SecretPurpose, SecretText};
use crate::keys::SealError;

impl Administration {
    /// The most usable secrets of one merchant, mode and purpose: more would not be tried.
    pub const MAX_SECRETS: usize = MAX_REQUEST_KEYS;
    /// The shortest secret that is taken over, in bytes of its text.
    pub const MIN_IMPORTED_SECRET: usize = 32;
    /// The longest, in bytes of its text.
    pub const MAX_IMPORTED_SECRET: usize = 1024;

    /// Makes a secret beside those that exist: `whsec_` and base64 of 32 bytes for webhooks, 43 base62 characters for
    /// Pledg requests and notifications.
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
        let text = self.draw_text(purpose)?;
        let record = self.seal(merchant, mode, purpose, &text)?;
        self.store_secret(actor, "secret.issued", &record).await?;
        Ok(Issued { record, text })
    }

    /// Takes over a secret that was made elsewhere: at least 32 bytes of it, for webhooks in the form above, and for
    /// Pledg notifications in visible ASCII.
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
        let exposed = text.expose_secret();
        if exposed.len() < Self::MIN_IMPORTED_SECRET {
            return Err(Error::Weak);
        }
        let fits = match purpose {
            SecretPurpose::PledgNotification => NotificationSecret::register(exposed).is_ok(),
            SecretPurpose::PledgRequest => {
                exposed.len() <= Self::MAX_IMPORTED_SECRET && !exposed.contains(char::is_control)
            }
            SecretPurpose::Webhook => WebhookSecret::parse(exposed).is_ok(),
        };
        if !fits {
            return Err(Error::Invalid("secret"));
        }
        let record = self.seal(merchant, mode, purpose, &text)?;
        self.store_secret(actor, "secret.imported", &record).await?;
        Ok(record)
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
        Ok(self.directory.secrets(merchant, mode, purpose).await?)
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
        let old = self.directory.secret(id).await?.ok_or(Error::NotFound)?;
        let text = self.draw_text(old.purpose)?;
        let new = self.seal(&old.merchant, old.mode, old.purpose, &text)?;
        let detail = [("overlap_s", json!(overlap.as_seconds())), ("successor", json!(new.id.as_str()))];
        let entry = self.entry(actor, &old.merchant, "secret.rotated", id.as_str(), detail);
        let (directory, now) = (self.directory.clone(), self.clock.now());
        let rotation = async move { directory.rotate_secret(id, &new, overlap, Self::MAX_SECRETS, now, &entry).await };
        let record = self.change_uncached(rotation).await?;
        Ok(Issued { record, text })
    }

    /// Kills a secret; true when this call did.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn revoke_secret(&self, actor: &Actor, id: KeyId) -> Result<bool, Error> {
        let known = self.directory.secret(id).await?.ok_or(Error::NotFound)?;
        let entry = self.entry(actor, &known.merchant, "secret.revoked", id.as_str(), []);
        let (directory, now) = (self.directory.clone(), self.clock.now());
        self.change_uncached(async move { directory.end_secret(id, now, &entry).await }).await
    }

    /// Opens a secret to show it; the audit entry is on disk before the text is given out.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`]; [`Error::Seal`] when the key file lacks its key.
    pub async fn reveal_secret(&self, actor: &Actor, id: KeyId) -> Result<SecretText, Error> {
        let known = self.directory.secret(id).await?.ok_or(Error::NotFound)?;
        let opened = self.sealer.open(known.key_version, &known.sealed, id.as_str())?;
        let text = std::str::from_utf8(&opened).map_err(|_| SealError)?.to_owned();
        let text = SecretText::new(text);
        let entry = self.entry(actor, &known.merchant, "secret.revealed", id.as_str(), []);
        let directory = self.directory.clone();
        self.change_uncached(async move { directory.append_audit(&entry).await.map(Ok) }).await?;
        Ok(text)
    }

    fn draw_text(&self, purpose: SecretPurpose) -> Result<SecretText, Error> {
        match purpose {
            SecretPurpose::PledgNotification => {
                let secret = NotificationSecret::mint(|bytes| self.rng.fill(bytes))?;
                Ok(SecretText::new(secret.expose_secret().to_owned()))
            }
            SecretPurpose::PledgRequest => Ok(self.rng.base62(PLEDG_REQUEST_LEN)?.into()),
            SecretPurpose::Webhook => {
                let secret = WebhookSecret::mint(|bytes| self.rng.fill(bytes))?;
                Ok(SecretText::new(secret.expose_secret().to_owned()))
            }
        }
    }

    fn seal(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        purpose: SecretPurpose,
        text: &SecretText,
    ) -> Result<SealedSecret, Error> {
        let id = self.new_id()?;
        let (key_version, sealed) = self.sealer.seal(text.expose_secret().as_bytes(), id.as_str(), &self.rng)?;
        let lifecycle = Lifecycle::new(self.clock.now());
        Ok(SealedSecret { id, purpose, merchant: merchant.clone(), mode, key_version, sealed, lifecycle })
    }

    async fn store_secret(&self, actor: &Actor, action: &'static str, new: &SealedSecret) -> Result<(), Error> {
        let detail = [("mode", json!(new.mode.as_str())), ("purpose", json!(new.purpose.as_str()))];
        let entry = self.entry(actor, &new.merchant, action, new.id.as_str(), detail);
        let (directory, new, now) = (self.directory.clone(), new.clone(), self.clock.now());
        self.change_uncached(async move { directory.issue_secret(&new, Self::MAX_SECRETS, now, &entry).await }).await
    }
}

/// Characters of a Pledg request secret: 256 bits in base62.
const PLEDG_REQUEST_LEN: usize = 43;
