//! The durable records, as a few atomic verbs.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyDigest, KeyId, Mode};

use super::{Notify, StorageError};
use crate::account::{
    Credential, EmailAddress, Merchant, MerchantId, OauthClient, RsaKey, SealedSecret, SecretPurpose, User, UserId,
};
use crate::payments::{Charge, NewCharge, NewPaymentRequest, PaymentRequest, Transaction, TransactionStatus};

/// Where a repeated call finds the first one's answer.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// The route's own name, e.g. `POST /payment-requests`.
    pub route: &'static str,
    /// The caller's key, 1 to 255 visible ASCII characters.
    pub key: String,
    /// SHA-256 of the request body.
    pub body_digest: [u8; 32],
}

/// The answer a creating call gave: kept for its repetition.
#[derive(Debug, Clone)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// Body, JSON.
    pub body: String,
}

/// Makes the answer of a creating call from the object it made.
pub type Render<'r, T> = &'r (dyn for<'a> Fn(&'a T) -> Answered + Send + Sync + 'r);

/// What a creating call came to.
#[derive(Debug)]
pub enum Created {
    /// A new object was made; this is its answer.
    New(Answered),
    /// The same key and body were seen before; this is the first answer.
    Replayed(Answered),
    /// The same key was seen with another body.
    Mismatch,
}

/// An attempt to pay that is to be made; its members were checked.
#[derive(Debug, Clone)]
pub struct NewPaymentAttempt {
    /// Whose payment request it is.
    pub merchant: MerchantId,
    /// Its mode.
    pub mode: Mode,
    /// The payment request.
    pub request: i64,
    /// What the payer pays with.
    pub method: String,
    /// What comes of it.
    pub outcome: TransactionStatus,
    /// When.
    pub now: OffsetDateTime,
}

/// An attempt to pay that was just made.
#[derive(Debug)]
pub struct PaymentAttempt {
    /// The request it pays, as it stands after it.
    pub request: PaymentRequest,
    /// The attempt.
    pub transaction: Transaction,
}

/// What an attempt to pay came to.
#[derive(Debug)]
pub enum PaymentOutcome {
    /// The attempt was made.
    Attempted(Transaction),
    /// The request can no longer be paid.
    Final,
    /// Another attempt is still open.
    InProgress,
    /// No such request for this merchant and mode.
    NotFound,
}

/// Durable records. Every write is on disk before the call returns.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Stores a new merchant with its balance in each mode (plain decimals).
    async fn insert_merchant(&self, merchant: &Merchant, balance: &str) -> Result<(), StorageError>;
    /// Reads a merchant.
    async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, StorageError>;
    /// Lists every merchant, oldest first.
    async fn merchants(&self) -> Result<Vec<Merchant>, StorageError>;
    /// Changes a merchant's status or address list.
    async fn update_merchant(&self, merchant: &Merchant) -> Result<(), StorageError>;
    /// The balance of a merchant in a mode, a plain decimal.
    async fn balance(&self, merchant: &MerchantId, mode: Mode) -> Result<Option<String>, StorageError>;
    /// A per-mode setting of a merchant.
    async fn setting(&self, merchant: &MerchantId, mode: Mode, name: &str) -> Result<Option<String>, StorageError>;
    /// Stores a per-mode setting.
    async fn set_setting(&self, merchant: &MerchantId, mode: Mode, name: &str, value: &str)
    -> Result<(), StorageError>;
    /// An id handed to clients under a name, such as the `mer_` alias.
    async fn alias(&self, merchant: &MerchantId, mode: Mode, name: &str) -> Result<Option<String>, StorageError>;
    /// The merchant an id was handed out for, under a name and in a mode.
    async fn merchant_by_alias(&self, name: &str, value: &str, mode: Mode) -> Result<Option<MerchantId>, StorageError>;
    /// Stores such an id.
    async fn insert_alias(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError>;

    /// Stores a new user; the id in `user` is ignored and the new one returned.
    async fn insert_user(&self, user: &User, now: OffsetDateTime) -> Result<UserId, StorageError>;
    /// Reads a user by id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StorageError>;
    /// Reads a user by address.
    async fn user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StorageError>;
    /// Gives a user to another merchant.
    async fn move_user(&self, id: UserId, merchant: &MerchantId) -> Result<(), StorageError>;
    /// Changes password hash, generation, disabled and permissions.
    async fn update_user(&self, user: &User) -> Result<(), StorageError>;

    /// Reads an OAuth client.
    async fn client(&self, id: KeyId) -> Result<Option<OauthClient>, StorageError>;
    /// Reads the OAuth client of a mode that was imported with this client id text, byte for byte.
    async fn client_by_foreign_id(&self, mode: Mode, id: &str) -> Result<Option<OauthClient>, StorageError>;
    /// Stores a new digest-only credential.
    async fn insert_credential(&self, credential: &Credential) -> Result<(), StorageError>;
    /// Reads a credential.
    async fn credential(&self, id: KeyId) -> Result<Option<Credential>, StorageError>;
    /// Replaces a digest made with an old pepper, if it is still that one.
    async fn redigest(&self, id: KeyId, old: &KeyDigest, new: &KeyDigest) -> Result<(), StorageError>;

    /// Stores a sealed secret.
    async fn insert_secret(&self, secret: &SealedSecret) -> Result<(), StorageError>;
    /// The sealed secrets of a merchant, mode and purpose, newest first.
    async fn secrets(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        purpose: SecretPurpose,
    ) -> Result<Vec<SealedSecret>, StorageError>;
    /// The RSA public keys of a merchant and mode, oldest first.
    async fn rsa_keys(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<RsaKey>, StorageError>;
    /// Stores an RSA public key.
    async fn insert_rsa_key(&self, key: &RsaKey) -> Result<(), StorageError>;

    /// What the first call with the same key came to; `None` when there was none.
    async fn answered(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        idempotency: &Idempotency,
        now: OffsetDateTime,
    ) -> Result<Option<Created>, StorageError>;
    /// Makes a payment request, or answers as the first call with the same key did.
    ///
    /// `render` makes the answer kept for repetitions, inside the transaction.
    async fn create_payment_request(
        &self,
        new: NewPaymentRequest,
        idempotency: Option<Idempotency>,
        render: Render<'_, PaymentRequest>,
    ) -> Result<Created, StorageError>;
    /// Reads a payment request of a merchant and mode.
    async fn payment_request(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: i64,
    ) -> Result<Option<PaymentRequest>, StorageError>;
    /// Records an attempt to pay; a final outcome revokes the request's checkout grants in the same transaction.
    ///
    /// `notify` says what the merchant is told about it, inside the transaction.
    async fn attempt_payment(
        &self,
        new: &NewPaymentAttempt,
        notify: Notify<'_, PaymentAttempt>,
    ) -> Result<PaymentOutcome, StorageError>;
    /// The ids of a merchant's payment requests in a mode, oldest first, at most `limit`.
    async fn payment_request_ids(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        limit: u32,
    ) -> Result<Vec<i64>, StorageError>;
    /// Makes a charge, or answers as the first call with the same key did; only a charge that was made is told.
    async fn create_charge(
        &self,
        new: NewCharge,
        idempotency: Option<Idempotency>,
        render: Render<'_, Charge>,
        notify: Notify<'_, Charge>,
    ) -> Result<Created, StorageError>;
}
