//! The handle on webhooks: delivery, endpoints, and what became of deliveries.

use std::fmt;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use tokio::sync::Notify;
use tollgate_apikey::Mode;
use tollgate_webhook_hmac::legacy::pledg::NotificationSecret;
use tollgate_webhook_hmac::legacy::static_bearer::StaticSecret;
use tollgate_webhook_hmac::{MAX_SECRETS, WebhookSecret};
use zeroize::Zeroizing;

use super::signing::Secrets;
use super::test_event::test_event;
use super::{Dialler, TargetUrl, WebhooksError};
use crate::account::{MerchantId, SealedSecret, SecretPurpose};
use crate::clock::{Clock, epoch_ms};
use crate::keys::Sealer;
use crate::rng::{Rng, RngError};
use crate::storage::{
    self, Attempt, Delivery, DeliveryCursor, Endpoint, EndpointId, Format, LeasedDelivery, MessageId, Notice,
    StorageError, Vault, WebhookDialect,
};
use crate::telemetry::WebhookMeter;

/// How long deliveries that are over are kept.
const KEPT: Duration = Duration::days(30);

/// A handle on webhooks; clones are the same.
///
/// Endpoints are changed by [administration](crate::administration::Administration).
#[derive(Clone)]
pub struct Webhooks {
    /// Where the numbers of attempts go, if anywhere.
    pub meter: Option<WebhookMeter>,
    pub(super) store: Arc<dyn storage::Webhooks>,
    pub(super) clock: Clock,
    pub(super) rng: Rng,
    pub(super) dialler: Dialler,
    /// Told when something new is due.
    pub(super) wake: Arc<Notify>,
    vault: Arc<dyn Vault>,
    sealer: Arc<Sealer>,
}

/// What the handle is made of.
pub struct Parts {
    /// Endpoints and deliveries.
    pub store: Arc<dyn storage::Webhooks>,
    /// Where the secrets are kept.
    pub vault: Arc<dyn Vault>,
    /// Opens them.
    pub sealer: Arc<Sealer>,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub rng: Rng,
}

impl Webhooks {
    /// A handle over storage that sends through this dialler.
    #[must_use]
    pub fn new(parts: Parts, dialler: Dialler) -> Self {
        let Parts { store, vault, sealer, clock, rng } = parts;
        Self { meter: None, store, clock, rng, dialler, wake: Arc::default(), vault, sealer }
    }

    /// A URL of a form that deliveries go to; `None` for every other text.
    #[must_use]
    pub fn target(&self, url: &str) -> Option<TargetUrl> {
        self.dialler.policy().target(url)
    }

    /// Whether deliveries go to URLs of this form.
    #[must_use]
    pub fn accepts(&self, url: &str) -> bool {
        self.target(url).is_some()
    }

    /// A new message id, to be drawn before the transaction of a change.
    ///
    /// # Errors
    ///
    /// [`RngError`].
    pub fn message_id(&self, now: OffsetDateTime) -> Result<MessageId, RngError> {
        let mut random = [0; MessageId::RANDOM_BYTES];
        self.rng.fill(&mut random)?;
        Ok(MessageId::new(epoch_ms(now), random))
    }

    /// An event that says nothing but that delivery works, in the shape the dialect's verifiers accept.
    ///
    /// # Errors
    ///
    /// [`RngError`].
    pub fn test_event(&self, dialect: WebhookDialect) -> Result<Notice, RngError> {
        let now = self.clock.now();
        let (format, body) = test_event(dialect, now, &self.rng)?;
        Ok(Notice { message_id: self.message_id(now)?, format, url: None, body, created_at: now })
    }

    /// Says that something was written: it is sent at once and not at the next look.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// An endpoint of a merchant, registered or named by one of its objects.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
    ) -> Result<Option<Endpoint>, StorageError> {
        self.store.endpoint(merchant, mode, id).await
    }

    /// The endpoints a merchant registered, oldest first.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn endpoints(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<Endpoint>, StorageError> {
        self.store.endpoints(merchant, mode).await
    }

    /// A merchant's deliveries, newest first, at most `limit`, behind `after`.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn deliveries(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        after: Option<&DeliveryCursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError> {
        self.store.deliveries(merchant, mode, after, limit).await
    }

    /// The attempts of a delivery, oldest first.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn attempts(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        message_id: &MessageId,
        endpoint: &EndpointId,
    ) -> Result<Vec<Attempt>, StorageError> {
        self.store.attempts(merchant, mode, message_id, endpoint).await
    }

    /// Removes deliveries that were over long ago; answers how many.
    ///
    /// # Errors
    ///
    /// [`StorageError`].
    pub async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StorageError> {
        self.store.sweep_deliveries(now - KEPT).await
    }

    /// What signs a delivery at this moment.
    pub(super) async fn secrets(&self, leased: &LeasedDelivery, now: OffsetDateTime) -> Result<Secrets, WebhooksError> {
        let mut webhook = Vec::new();
        for secret in self.live(leased, SecretPurpose::Webhook, now).await? {
            // Text of another form signs nothing here.
            if let Ok(parsed) = WebhookSecret::parse(&self.text(&secret)?) {
                webhook.push((secret.id, parsed));
            }
        }
        webhook.truncate(MAX_SECRETS);
        let mut notification = None;
        if matches!(leased.delivery.format, Format::PledgBack | Format::PledgTransfer) {
            let newest = self.live(leased, SecretPurpose::PledgNotification, now).await?.into_iter().next();
            notification = match newest {
                Some(newest) => NotificationSecret::parse(&self.text(&newest)?).ok(),
                None => None,
            };
        }
        let bearer = match &leased.bearer {
            Some(bearer) => {
                let context = leased.delivery.endpoint.as_str();
                let opened = self.sealer.open(bearer.key_version, &bearer.sealed, context)?;
                let text = std::str::from_utf8(&opened).unwrap_or_default();
                // A delivery without it would teach the receiver to take one.
                Some(StaticSecret::parse(text).map_err(|_| StorageError::corrupt())?)
            }
            None => None,
        };
        Ok(Secrets { webhook, notification, bearer })
    }

    /// The secrets in force, newest first.
    async fn live(
        &self,
        leased: &LeasedDelivery,
        purpose: SecretPurpose,
        now: OffsetDateTime,
    ) -> Result<Vec<SealedSecret>, StorageError> {
        let secrets = self.vault.secrets(&leased.merchant, leased.mode, purpose).await?;
        Ok(secrets.into_iter().filter(|secret| secret.lifecycle.check(now).is_ok()).collect())
    }

    fn text(&self, secret: &SealedSecret) -> Result<Zeroizing<String>, WebhooksError> {
        let opened = self.sealer.open(secret.key_version, &secret.sealed, secret.id.as_str())?;
        Ok(Zeroizing::new(std::str::from_utf8(&opened).unwrap_or_default().to_owned()))
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").field("dialler", &self.dialler).finish_non_exhaustive()
    }
}
