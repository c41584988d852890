//! Making credentials: mint, digest, store; the plain text is given out once and kept nowhere.

use std::sync::Arc;

use time::OffsetDateTime;
use tollgate_apikey::{ApiKey, KeyId, Lifecycle, Mode, Overlap, Peppers, Scopes};
use tollgate_client_address::IpList;

use crate::account::{Credential, KeyFamily, MerchantId, User, UserId};
use crate::rng::{Rng, RngError};
use crate::storage::{Records, StorageError, Vault, complete};

/// Makes and replaces credentials.
pub struct Issuer {
    vault: Arc<dyn Vault>,
    records: Arc<Records>,
    peppers: Arc<Peppers>,
    rng: Rng,
}

/// Who a new credential is for and what it may do.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The user it is made for, where the dialect has one key per user.
    pub user: Option<UserId>,
    /// The OAuth client it is a secret of.
    pub client: Option<KeyId>,
    /// Its mode.
    pub mode: Mode,
    /// What it permits.
    pub scopes: Scopes,
}

/// No credential was made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// There are no random bytes.
    #[error(transparent)]
    Randomness(#[from] RngError),
    /// It could not be stored.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Issuer {
    /// An issuer over storage.
    #[must_use]
    pub fn new(vault: Arc<dyn Vault>, records: Arc<Records>, peppers: Arc<Peppers>, rng: Rng) -> Self {
        Self { vault, records, peppers, rng }
    }

    /// Makes a credential beside those that exist.
    ///
    /// # Errors
    ///
    /// [`IssueError`] as its variants say.
    pub async fn issue(
        &self,
        family: KeyFamily,
        new: NewCredential,
        now: OffsetDateTime,
    ) -> Result<ApiKey, IssueError> {
        let (key, record) = self.mint(family, new, now)?;
        self.vault.insert_credential(&record).await?;
        Ok(key)
    }

    /// Makes a credential in the place of the user's others of the same kind and mode, which retire after `overlap`.
    ///
    /// # Errors
    ///
    /// [`IssueError`] as its variants say.
    pub async fn replace(
        &self,
        family: KeyFamily,
        user: &User,
        mode: Mode,
        scopes: Scopes,
        overlap: Overlap,
        now: OffsetDateTime,
    ) -> Result<ApiKey, IssueError> {
        let new = NewCredential { merchant: user.merchant.clone(), user: Some(user.id), client: None, mode, scopes };
        let (key, record) = self.mint(family, new, now)?;
        let (vault, records) = (self.vault.clone(), self.records.clone());
        complete(async move {
            let replaced = vault.replace_user_credential(&record, overlap, now).await;
            // Also after an error: a commit whose answer got lost may have retired them.
            records.forget_credentials_of(&record);
            replaced
        })
        .await?;
        Ok(key)
    }

    fn mint(
        &self,
        family: KeyFamily,
        new: NewCredential,
        now: OffsetDateTime,
    ) -> Result<(ApiKey, Credential), IssueError> {
        // Every family has a prefix for either mode, so only the generator can fail.
        let key = family.format.mint(new.mode, |bytes| self.rng.fill(bytes)).map_err(|_| RngError)?;
        let digest = self.peppers.digest(&key);
        let record = Credential {
            id: key.id(),
            kind: family.kind,
            merchant: new.merchant,
            user: new.user,
            client: new.client,
            mode: new.mode,
            pepper_version: digest.pepper_version(),
            digest: *digest.as_bytes(),
            scopes: new.scopes,
            ip_list: IpList::unrestricted(),
            lifecycle: Lifecycle::new(now),
            last_four: key.last_four().to_owned(),
            name: String::new(),
        };
        Ok((key, record))
    }
}
