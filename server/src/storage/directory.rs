//! The records as administration changes them: every verb is one transaction, which also writes the audit entry.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyId, Mode, Overlap};
use tollgate_client_address::IpList;

use super::{
    AuditLog, PasswordLinks, Samples, SecondFactors, SecretKeyRecords, Snapshots, StorageError, Vault, WebhookEndpoints,
};
use crate::account::{
    Credential, Merchant, MerchantId, MerchantStatus, NewAuditEntry, OauthClient, PasswordHash, Role, RsaKey,
    SealedSecret, SealedTotp, Switch, User, UserId,
};

/// What became of a change: made, refused with nothing written, or not answered.
pub type Change<T> = Result<Result<T, ChangeRefusal>, StorageError>;

/// Why a change was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeRefusal {
    /// No key would be left for the requests that must be signed.
    LastLiveKey,
    /// Request signing would be required without a usable key.
    NoLiveKey,
    /// No such record, or none of the owner it is made for.
    NotFound,
    /// It is the last owner of the merchant who can log in.
    LastOwner,
    /// The record is dead, or an endpoint that is disabled.
    NotUsable,
    /// What must be the only one is there already.
    Taken,
    /// As many usable ones as allowed.
    TooMany,
}

/// One change of a merchant.
#[derive(Debug, Clone)]
pub enum MerchantChange {
    /// Origins of its payment pages.
    Domains(Vec<String>),
    /// Addresses its server credentials may come from.
    IpList(IpList),
    /// Payment methods it may charge.
    Methods(Vec<String>),
    /// Whether it may act.
    Status(MerchantStatus),
}

/// One change of a user.
#[derive(Debug, Clone)]
pub enum UserChange {
    /// Whether it may see and stop every merchant.
    Administrator(Switch),
    /// Whether e-mail and password open the Basic-authenticated routes.
    ApiBasic(Switch),
    /// Shuts out and raises the generation.
    Disable,
    /// Lets in again.
    Enable,
    /// Replaces the password and raises the generation.
    Password(PasswordHash),
    /// The same, by the link with this digest, which is used up; every other link of the user ends.
    PasswordByLink(PasswordHash, [u8; 32]),
    /// What it may do in the control panel. No panel user takes the last owner who can log in away.
    Role(Role),
    /// Asks for one-time codes from now on, with these recovery codes (digests), if the enrolment of this secret still
    /// stands, which it ends.
    SecondFactor(SealedTotp, Vec<[u8; 32]>),
    /// Asks for no more codes, forgets the recovery codes and raises the generation.
    NoSecondFactor,
}

/// One change of a digest-only credential.
#[derive(Debug, Clone)]
pub enum CredentialChange {
    /// Where it may come from.
    IpList(IpList),
    /// What its owner calls it.
    Name(String),
}

/// Where a list goes on: behind this record, with so many more at most.
#[derive(Debug, Clone, Copy)]
pub struct ListPart<'a> {
    /// The id of the last record seen; a list behind an unknown one is empty.
    pub after: Option<&'a str>,
    /// How many at most.
    pub limit: u32,
}

/// Which merchants are wanted; what is not said fits all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MerchantFilter {
    /// What the id, the name or the address of a user holds, in any case of ASCII letters.
    pub text: String,
    /// Whether they may act.
    pub status: Option<MerchantStatus>,
}

/// Merchants and their settings.
#[async_trait]
pub trait Merchants: Send + Sync {
    /// Stores a merchant with its sample balance (plain decimal) and its `mer_` alias in each mode.
    ///
    /// [`Taken`](ChangeRefusal::Taken) when the id or an alias exists.
    async fn create_merchant(
        &self,
        merchant: &Merchant,
        balance: &str,
        aliases: &[(Mode, String)],
        entry: &NewAuditEntry,
    ) -> Change<()>;
    /// The merchants that fit, oldest first.
    async fn find_merchants(&self, filter: &MerchantFilter, part: ListPart<'_>) -> Result<Vec<Merchant>, StorageError>;
    /// Merchants, oldest first.
    async fn merchants_part(&self, part: ListPart<'_>) -> Result<Vec<Merchant>, StorageError>;
    /// Changes one thing about a merchant.
    async fn change_merchant(&self, id: &MerchantId, change: &MerchantChange, entry: &NewAuditEntry) -> Change<()>;
    /// Stores a per-mode setting.
    async fn change_setting(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        name: &str,
        value: &str,
        entry: &NewAuditEntry,
    ) -> Change<()>;
    /// The per-mode settings of a merchant, by name.
    async fn settings(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<(String, String)>, StorageError>;
}

/// Panel users.
#[async_trait]
pub trait Users: Send + Sync {
    /// Stores a user under a new id; [`Taken`](ChangeRefusal::Taken) when the address is in use. The entry's subject is
    /// set to the id.
    async fn create_user(&self, user: &User, now: OffsetDateTime, entry: NewAuditEntry) -> Change<UserId>;
    /// The users of a merchant, newest first.
    async fn users_of(&self, merchant: &MerchantId, part: ListPart<'_>) -> Result<Vec<User>, StorageError>;
    /// The owners of a merchant who can log in, the longest ones first.
    async fn owners_of(&self, merchant: &MerchantId, limit: u32) -> Result<Vec<User>, StorageError>;
    /// Changes one thing about a user; `false`, with nothing written, when it is so already.
    async fn change_user(&self, id: UserId, change: &UserChange, entry: &NewAuditEntry) -> Change<bool>;
}

/// Digest-only credentials.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// Stores a new credential of a merchant and, where it names one, of a user of that merchant.
    async fn issue_credential(&self, new: &Credential, entry: &NewAuditEntry) -> Change<()>;
    /// Stores `new` with the limits of `old`, and retires `old`; answers `new` as it was stored.
    async fn rotate_credential(
        &self,
        old: KeyId,
        new: &Credential,
        overlap: Overlap,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<Credential>;
    /// Stores `new` and retires every usable credential of the same user, kind and mode; answers `new` as it was
    /// stored.
    ///
    /// It has the limits of the one made last, whatever became of that.
    async fn replace_credentials_of_user(
        &self,
        new: &Credential,
        overlap: Overlap,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<Credential>;
    /// Revokes a credential; `false`, with nothing written, when it is revoked already.
    async fn end_credential(&self, id: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool>;
    /// Changes one thing about a credential.
    async fn change_credential(&self, id: KeyId, change: &CredentialChange, entry: &NewAuditEntry) -> Change<()>;
    /// The API keys of a merchant and mode, newest first; client secrets are not among them.
    async fn keys_of(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        part: ListPart<'_>,
    ) -> Result<Vec<Credential>, StorageError>;
}

/// OAuth clients.
#[async_trait]
pub trait Clients: Send + Sync {
    /// Stores a client and its first secret; [`Taken`](ChangeRefusal::Taken) when the mode has a client of the same
    /// imported id.
    async fn create_client(&self, client: &OauthClient, secret: &Credential, entry: &NewAuditEntry) -> Change<()>;
    /// The clients of a merchant and mode, newest first.
    async fn clients_of(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        part: ListPart<'_>,
    ) -> Result<Vec<OauthClient>, StorageError>;
    /// The secrets of a client, newest first.
    async fn secrets_of_client(&self, client: KeyId) -> Result<Vec<Credential>, StorageError>;
    /// Stores `new` with the limits of the client's newest usable secret, and retires every usable one; answers `new`
    /// as it was stored.
    async fn rotate_client_secret(
        &self,
        client: KeyId,
        new: &Credential,
        overlap: Overlap,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<Credential>;
    /// Revokes every secret of a client; `false`, with nothing written, when all are revoked already.
    async fn end_client(&self, client: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool>;
}

/// Secrets needed in clear.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// Reads a sealed secret.
    async fn secret(&self, id: KeyId) -> Result<Option<SealedSecret>, StorageError>;
    /// Stores a secret unless the merchant, mode and purpose have `limit` usable ones.
    async fn issue_secret(
        &self,
        new: &SealedSecret,
        limit: usize,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<()>;
    /// Stores `new` and retires `old`, unless more than `limit` would then be usable.
    async fn rotate_secret(
        &self,
        old: KeyId,
        new: &SealedSecret,
        overlap: Overlap,
        limit: usize,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<SealedSecret>;
    /// Revokes a secret; `false`, with nothing written, when it is revoked already.
    async fn end_secret(&self, id: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool>;
}

/// RSA public keys and whether they must be used.
#[async_trait]
pub trait RsaKeys: Send + Sync {
    /// Reads a public key.
    async fn rsa_key(&self, id: KeyId) -> Result<Option<RsaKey>, StorageError>;
    /// Stores a public key unless the merchant and mode have or had it, or have `limit` usable ones.
    async fn register_rsa_key(
        &self,
        new: &RsaKey,
        limit: usize,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<()>;
    /// Retires a public key; answers it as it was stored.
    async fn retire_rsa_key(
        &self,
        id: KeyId,
        overlap: Overlap,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<RsaKey>;
    /// Revokes a public key; `false`, with nothing written, when it is revoked already.
    async fn end_rsa_key(&self, id: KeyId, now: OffsetDateTime, entry: &NewAuditEntry) -> Change<bool>;
    /// Switches the requirement of signatures; on only with a usable key.
    async fn switch_request_signing(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        required: Switch,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<()>;
}

/// Every record that administration changes, with the log of the changes.
pub trait Directory:
    Vault
    + AuditLog
    + Merchants
    + Users
    + SecondFactors
    + PasswordLinks
    + Credentials
    + Clients
    + Secrets
    + RsaKeys
    + Samples
    + WebhookEndpoints
    + SecretKeyRecords
    + Snapshots
{
}

impl<D> Directory for D where
    D: Vault
        + AuditLog
        + Merchants
        + Users
        + SecondFactors
        + PasswordLinks
        + Credentials
        + Clients
        + Secrets
        + RsaKeys
        + Samples
        + WebhookEndpoints
        + SecretKeyRecords
        + Snapshots
{
}
