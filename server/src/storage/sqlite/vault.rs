//! The Vault on SQLite: the trait's verbs, each delegating to the file of its noun.

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::{KeyDigest, KeyId, Mode};

use super::{Sqlite, credentials, idempotency, merchants, outbox, payments, row, rsa_keys, secrets};
use crate::account::{
    Credential, EmailAddress, Merchant, MerchantId, OauthClient, RsaKey, SealedSecret, SecretPurpose, User, UserId,
};
use crate::clock::epoch_ms;
use crate::payments::{Charge, NewCharge, NewPaymentRequest, PaymentRequest};
use crate::storage::{
    Created, Idempotency, NewPaymentAttempt, Notify, PaymentAttempt, PaymentOutcome, Render, StorageError, Vault,
};

#[async_trait]
impl Vault for Sqlite {
    async fn insert_merchant(&self, merchant: &Merchant, balance: &str) -> Result<(), StorageError> {
        merchants::insert(self, merchant, balance).await
    }

    async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, StorageError> {
        merchants::find(self, id).await
    }

    async fn merchants(&self) -> Result<Vec<Merchant>, StorageError> {
        merchants::all(self).await
    }

    async fn update_merchant(&self, merchant: &Merchant) -> Result<(), StorageError> {
        merchants::update(self, merchant).await
    }

    async fn balance(&self, merchant: &MerchantId, mode: Mode) -> Result<Option<String>, StorageError> {
        let query = sqlx::query_scalar("SELECT available FROM balances WHERE merchant_id = $1 AND mode = $2");
        Ok(query.bind(merchant.as_str()).bind(mode.as_str()).fetch_optional(&self.read).await?)
    }

    async fn setting(&self, merchant: &MerchantId, mode: Mode, name: &str) -> Result<Option<String>, StorageError> {
        merchants::setting(self, merchant, mode, name).await
    }

    async fn set_setting(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError> {
        merchants::set_setting(self, merchant, mode, name, value).await
    }

    async fn alias(&self, merchant: &MerchantId, mode: Mode, name: &str) -> Result<Option<String>, StorageError> {
        merchants::alias(self, merchant, mode, name).await
    }

    async fn merchant_by_alias(&self, name: &str, value: &str, mode: Mode) -> Result<Option<MerchantId>, StorageError> {
        merchants::by_alias(self, name, value, mode).await
    }

    async fn insert_alias(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        name: &str,
        value: &str,
    ) -> Result<(), StorageError> {
        merchants::insert_alias(self, merchant, mode, name, value).await
    }

    async fn insert_user(&self, user: &User, now: OffsetDateTime) -> Result<UserId, StorageError> {
        let query = sqlx::query_scalar(
            "INSERT INTO users (merchant_id, email, password_hash, generation, disabled, api_basic, created_at, \
             role) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
        );
        let id = query
            .bind(user.merchant.as_str())
            .bind(user.email.as_str())
            .bind(user.password_hash.as_str())
            .bind(user.generation)
            .bind(i64::from(user.disabled))
            .bind(i64::from(user.api_basic))
            .bind(epoch_ms(now))
            .bind(user.role.as_str())
            .fetch_one(&self.write)
            .await?;
        Ok(UserId::from_stored(id))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StorageError> {
        let found = sqlx::query("SELECT * FROM users WHERE id = $1").bind(id.get()).fetch_optional(&self.read).await?;
        found.as_ref().map(row::user).transpose()
    }

    async fn user_by_email(&self, email: &EmailAddress) -> Result<Option<User>, StorageError> {
        let query = sqlx::query("SELECT * FROM users WHERE email = $1").bind(email.as_str());
        query.fetch_optional(&self.read).await?.as_ref().map(row::user).transpose()
    }

    async fn move_user(&self, id: UserId, merchant: &MerchantId) -> Result<(), StorageError> {
        let query = sqlx::query("UPDATE users SET merchant_id = $2 WHERE id = $1");
        query.bind(id.get()).bind(merchant.as_str()).execute(&self.write).await?;
        Ok(())
    }

    async fn update_user(&self, user: &User) -> Result<(), StorageError> {
        sqlx::query(
            "UPDATE users SET password_hash = $2, generation = $3, disabled = $4, api_basic = $5 WHERE id = $1",
        )
        .bind(user.id.get())
        .bind(user.password_hash.as_str())
        .bind(user.generation)
        .bind(i64::from(user.disabled))
        .bind(i64::from(user.api_basic))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    async fn client(&self, id: KeyId) -> Result<Option<OauthClient>, StorageError> {
        let query = sqlx::query("SELECT * FROM oauth_clients WHERE id = $1").bind(id.as_str());
        query.fetch_optional(&self.read).await?.as_ref().map(row::client).transpose()
    }

    async fn client_by_foreign_id(&self, mode: Mode, id: &str) -> Result<Option<OauthClient>, StorageError> {
        let query = sqlx::query("SELECT * FROM oauth_clients WHERE mode = $1 AND foreign_id = $2");
        let found = query.bind(mode.as_str()).bind(id).fetch_optional(&self.read).await?;
        found.as_ref().map(row::client).transpose()
    }

    async fn insert_credential(&self, credential: &Credential) -> Result<(), StorageError> {
        let mut connection = self.write.acquire().await?;
        credentials::insert(&mut connection, credential, 0).await
    }

    async fn credential(&self, id: KeyId) -> Result<Option<Credential>, StorageError> {
        let query = sqlx::query("SELECT * FROM credentials WHERE id = $1").bind(id.as_str());
        query.fetch_optional(&self.read).await?.as_ref().map(row::credential).transpose()
    }

    async fn redigest(&self, id: KeyId, old: &KeyDigest, new: &KeyDigest) -> Result<(), StorageError> {
        sqlx::query("UPDATE credentials SET pepper_version = $2, digest = $3 WHERE id = $1 AND pepper_version = $4")
            .bind(id.as_str())
            .bind(new.pepper_version())
            .bind(&new.as_bytes()[..])
            .bind(old.pepper_version())
            .execute(&self.write)
            .await?;
        Ok(())
    }

    async fn insert_secret(&self, secret: &SealedSecret) -> Result<(), StorageError> {
        let mut connection = self.write.acquire().await?;
        secrets::insert(&mut connection, secret).await
    }

    async fn secrets(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        purpose: SecretPurpose,
    ) -> Result<Vec<SealedSecret>, StorageError> {
        let rows = sqlx::query(
            "SELECT * FROM sealed_secrets WHERE merchant_id = $1 AND mode = $2 AND purpose = $3 \
             ORDER BY created_at DESC, id",
        )
        .bind(merchant.as_str())
        .bind(mode.as_str())
        .bind(purpose.as_str())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(row::secret).collect()
    }

    async fn rsa_keys(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<RsaKey>, StorageError> {
        let query = sqlx::query("SELECT * FROM rsa_keys WHERE merchant_id = $1 AND mode = $2 ORDER BY created_at, id");
        let rows = query.bind(merchant.as_str()).bind(mode.as_str()).fetch_all(&self.read).await?;
        rows.iter().map(row::rsa_key).collect()
    }

    async fn insert_rsa_key(&self, key: &RsaKey) -> Result<(), StorageError> {
        let mut connection = self.write.acquire().await?;
        rsa_keys::insert(&mut connection, key).await
    }

    async fn answered(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        idempotency: &Idempotency,
        now: OffsetDateTime,
    ) -> Result<Option<Created>, StorageError> {
        let mut connection = self.write.acquire().await?;
        idempotency::first_answer(&mut connection, merchant, mode, Some(idempotency), now).await
    }

    async fn create_payment_request(
        &self,
        new: NewPaymentRequest,
        idempotency: Option<Idempotency>,
        render: Render<'_, PaymentRequest>,
    ) -> Result<Created, StorageError> {
        payments::create_payment_request(self, new, idempotency, render).await
    }

    async fn payment_request(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: i64,
    ) -> Result<Option<PaymentRequest>, StorageError> {
        payments::payment_request(self, merchant, mode, id).await
    }

    async fn attempt_payment(
        &self,
        new: &NewPaymentAttempt,
        notify: Notify<'_, PaymentAttempt>,
    ) -> Result<PaymentOutcome, StorageError> {
        let mut tx = self.begin().await?;
        match payments::attempt(&mut tx, new).await? {
            Ok(attempt) => {
                outbox::enqueue(&mut tx, &new.merchant, new.mode, notify(&attempt).as_ref()).await?;
                tx.commit().await?;
                Ok(PaymentOutcome::Attempted(attempt.transaction))
            }
            Err(refused) => Ok(refused),
        }
    }

    async fn payment_request_ids(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        limit: u32,
    ) -> Result<Vec<i64>, StorageError> {
        let query = sqlx::query_scalar(
            "SELECT id FROM payment_requests WHERE merchant_id = $1 AND mode = $2 ORDER BY id LIMIT $3",
        );
        Ok(query.bind(merchant.as_str()).bind(mode.as_str()).bind(limit).fetch_all(&self.read).await?)
    }

    async fn create_charge(
        &self,
        new: NewCharge,
        idempotency: Option<Idempotency>,
        render: Render<'_, Charge>,
        notify: Notify<'_, Charge>,
    ) -> Result<Created, StorageError> {
        payments::create_charge(self, new, idempotency, render, notify).await
    }
}
