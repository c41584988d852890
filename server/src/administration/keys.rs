//! API keys of the three key dialects.

use serde_json::json;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Lifecycle, Mode, Overlap, Scopes};
use tollgate_client_address::IpList;

use super::{Actor, Administration, Error, Issued, Page, check_name};
use crate::account::{Credential, KeyFamily, MerchantId, MerchantStatus, NewAuditEntry, SecretText, User, UserId};
use crate::rng::RngError;
use crate::storage::CredentialChange;

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
    /// [`Error::Invalid`] for a family, name or expiry that does not fit; [`Error::NotApproved`] for a live key of a
    /// dialect that asks for approval, before it; [`Error::NotFound`] without such a merchant or user of it.
    pub async fn issue_key(&self, actor: &Actor, new: NewKey) -> Result<Issued<Credential>, Error> {
        check_name(&new.name)?;
        let now = self.clock.now();
        if new.expires_at.is_some_and(|end| end.unix_timestamp() <= now.unix_timestamp()) {
            return Err(Error::Invalid("expiry"));
        }
        check_family(new.family)?;
        self.check_approval(new.family, &new.merchant, new.mode).await?;
        let mut issued = self.mint(new.family, &new.merchant, new.mode, new.scopes)?;
        let record = &mut issued.record;
        record.user = new.user;
        record.ip_list = new.ip_list;
        record.name = new.name;
        if let Some(end) = new.expires_at {
            record.lifecycle = Lifecycle::new(now).expiring_at(end);
        }
        let detail = [
            ("kind", json!(record.kind.as_str())),
            ("mode", json!(record.mode.as_str())),
            ("scopes", json!(record.scopes.to_string())),
            ("user", json!(record.user.map(UserId::get))),
        ];
        let entry = self.entry(actor, &record.merchant, "key.issued", record.id.as_str(), detail);
        let (directory, stored) = (self.directory.clone(), record.clone());
        self.change_uncached(async move { directory.issue_credential(&stored, &entry).await }).await?;
        Ok(issued)
    }

    /// The keys of a merchant and mode, whatever their state; client secrets are not among them.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn keys(&self, merchant: &MerchantId, mode: Mode, page: Page) -> Result<Vec<Credential>, Error> {
        Ok(self.directory.keys_of(merchant, mode, page.part()).await?)
    }

    /// A key by its public id; a client secret is not one.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn key(&self, id: KeyId) -> Result<Option<Credential>, Error> {
        Ok(self.directory.credential(id).await?.filter(|found| found.client.is_none()))
    }

    /// Makes a key in the place of another: it inherits scopes, address list, name and length of life; the other
    /// retires after the overlap, capped by its own expiry. Without overlap it is dead when the call returns, and
    /// its tokens with it.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] when the other is dead; [`Error::NotApproved`] as for a key that is issued;
    /// [`Error::NotFound`] when there is none.
    pub async fn rotate_key(&self, actor: &Actor, id: KeyId, overlap: Overlap) -> Result<Issued<Credential>, Error> {
        let old = self.key(id).await?.ok_or(Error::NotFound)?;
        let family = KeyFamily::of(old.kind).ok_or(Error::NotFound)?;
        self.check_approval(family, &old.merchant, old.mode).await?;
        let mut issued = self.mint(family, &old.merchant, old.mode, Scopes::empty())?;
        issued.record.user = old.user;
        let detail = [("overlap_s", json!(overlap.as_seconds())), ("successor", json!(issued.record.id.as_str()))];
        let entry = self.entry(actor, &old.merchant, "key.rotated", id.as_str(), detail);
        let (directory, new, now) = (self.directory.clone(), issued.record, self.clock.now());
        let rotation = async move { directory.rotate_credential(id, &new, overlap, now, &entry).await };
        let record = self.change(rotation, move |records| records.forget_credential(id)).await?;
        Ok(Issued { record, text: issued.text })
    }

    /// Makes a user's key in the place of the others of the same user, family and mode, which retire after the
    /// overlap; without any, it makes the first.
    ///
    /// It inherits the limits of the one made last, whatever became of that; `scopes` are those of a first one.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a family that has no keys; [`Error::NotApproved`] as for a key that is issued.
    pub async fn replace_user_key(
        &self,
        actor: &Actor,
        family: KeyFamily,
        user: &User,
        mode: Mode,
        scopes: Scopes,
        overlap: Overlap,
    ) -> Result<Issued<Credential>, Error> {
        check_family(family)?;
        self.check_approval(family, &user.merchant, mode).await?;
        let mut issued = self.mint(family, &user.merchant, mode, scopes)?;
        issued.record.user = Some(user.id);
        let detail = [
            ("kind", json!(family.kind.as_str())),
            ("mode", json!(mode.as_str())),
            ("overlap_s", json!(overlap.as_seconds())),
            ("user", json!(user.id.get())),
        ];
        let entry = self.entry(actor, &user.merchant, "key.replaced", issued.record.id.as_str(), detail);
        let (directory, new, now) = (self.directory.clone(), issued.record.clone(), self.clock.now());
        let replacement = async move { directory.replace_credentials_of_user(&new, overlap, now, &entry).await };
        let like = issued.record;
        let record = self.change(replacement, move |records| records.forget_credentials_of(&like)).await?;
        Ok(Issued { record, text: issued.text })
    }

    /// Kills a key and its tokens; true when this call did, false when it was revoked before.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] when there is no such key.
    pub async fn revoke_key(&self, actor: &Actor, id: KeyId) -> Result<bool, Error> {
        let known = self.key(id).await?.ok_or(Error::NotFound)?;
        let entry = self.entry(actor, &known.merchant, "key.revoked", id.as_str(), []);
        self.end_credential(id, entry).await
    }

    /// Names a key.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a name that does not fit; [`Error::NotFound`].
    pub async fn rename_key(&self, actor: &Actor, id: KeyId, name: &str) -> Result<(), Error> {
        check_name(name)?;
        let known = self.key(id).await?.ok_or(Error::NotFound)?;
        let entry = self.entry(actor, &known.merchant, "key.renamed", id.as_str(), [("name", json!(name))]);
        self.change_credential(id, CredentialChange::Name(name.to_owned()), entry).await
    }

    /// Refuses a live key of a dialect that asks for approval, before it; every use of a live key asks again.
    async fn check_approval(&self, family: KeyFamily, merchant: &MerchantId, mode: Mode) -> Result<(), Error> {
        if mode == Mode::Test || !family.asks_for_approval() {
            return Ok(());
        }
        let merchant = self.directory.merchant(merchant).await?.ok_or(Error::NotFound)?;
        if merchant.status == MerchantStatus::PendingKyc { Err(Error::NotApproved) } else { Ok(()) }
    }

    /// A new text of a family and its record: without user, client, name or end, from anywhere.
    pub(super) fn mint(
        &self,
        family: KeyFamily,
        merchant: &MerchantId,
        mode: Mode,
        scopes: Scopes,
    ) -> Result<Issued<Credential>, Error> {
        // Every family has a prefix for either mode, so only the generator can fail.
        let key = family.format.mint(mode, |bytes| self.rng.fill(bytes)).map_err(|_| RngError)?;
        let digest = self.secret_keys.peppers().digest(&key);
        let record = Credential {
            id: key.id(),
            kind: family.kind,
            merchant: merchant.clone(),
            user: None,
            client: None,
            mode,
            pepper_version: digest.pepper_version(),
            digest: *digest.as_bytes(),
            scopes,
            ip_list: IpList::unrestricted(),
            lifecycle: Lifecycle::new(self.clock.now()),
            last_four: key.last_four().into(),
            name: String::new(),
        };
        Ok(Issued { record, text: SecretText::new(key.expose_secret().to_owned()) })
    }

    pub(super) async fn end_credential(&self, id: KeyId, entry: NewAuditEntry) -> Result<bool, Error> {
        let (directory, now) = (self.directory.clone(), self.clock.now());
        let end = async move { directory.end_credential(id, now, &entry).await };
        self.change(end, move |records| records.forget_credential(id)).await
    }

    pub(super) async fn change_credential(
        &self,
        id: KeyId,
        what: CredentialChange,
        entry: NewAuditEntry,
    ) -> Result<(), Error> {
        let directory = self.directory.clone();
        let change = async move { directory.change_credential(id, &what, &entry).await };
        self.change(change, move |records| records.forget_credential(id)).await
    }
}

/// Client secrets are made with their clients.
fn check_family(family: KeyFamily) -> Result<(), Error> {
    if KeyFamily::of(family.kind).is_some() { Ok(()) } else { Err(Error::Invalid("family")) }
}
