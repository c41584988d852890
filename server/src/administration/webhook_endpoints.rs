//! Webhook endpoints: where a merchant's events go.

use serde_json::{Value, json};
use tollgate_apikey::Mode;
use tollgate_webhook_hmac::legacy::static_bearer::StaticSecret;

use super::{Actor, Administration, Error, Page};
use crate::account::{MerchantId, NewAuditEntry};
use crate::rng::RngError;
use crate::storage::{
    Attempt, Delivery, DeliveryCursor, Endpoint, EndpointId, MessageId, NewEndpoint, SealedBearer, WebhookDialect,
};

/// A delivery and the last attempt of it; `None` before the first.
pub type LastAttempt = (Delivery, Option<Attempt>);

impl Administration {
    /// The endpoints a merchant may register for one dialect and mode.
    pub const MAX_ENDPOINTS: u32 = 8;

    /// Registers an endpoint; one that is registered already gets the new secret and is active again.
    ///
    /// `secret_key` is the static secret of an Alternative subscription, and of no other dialect.
    ///
    /// # Errors
    ///
    /// [`Error::TargetRefused`] for a URL that deliveries do not go to; [`Error::Invalid`] for a secret key in another
    /// dialect; [`Error::TooMany`] when the merchant has 8 others; [`Error::NotFound`] without such a merchant.
    pub async fn register_webhook_endpoint(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        dialect: WebhookDialect,
        url: &str,
        secret_key: Option<&StaticSecret>,
    ) -> Result<Endpoint, Error> {
        let target = self.webhooks.target(url).ok_or(Error::TargetRefused)?;
        if secret_key.is_some() && dialect != WebhookDialect::Alternative {
            return Err(Error::Invalid("secret key"));
        }
        let mut new = NewEndpoint { merchant: merchant.clone(), mode, dialect, url: url.to_owned(), bearer: None };
        let id = new.id();
        if let Some(secret_key) = secret_key {
            let text = secret_key.expose_secret().as_bytes();
            let (key_version, sealed) = self.sealer.seal(text, id.as_str(), &self.rng)?;
            new.bearer = Some(SealedBearer { key_version, sealed });
        }
        // The origin alone: merchants put secrets into queries.
        let detail = [
            ("dialect", json!(dialect.as_str())),
            ("mode", json!(mode.as_str())),
            ("origin", json!(target.origin())),
            ("secret_key", json!(secret_key.is_some())),
        ];
        let entry = self.entry(actor, merchant, "webhook_endpoint.registered", id.as_str(), detail);
        let (directory, now) = (self.directory.clone(), self.clock.now());
        let change = async move { directory.register_endpoint(&new, Self::MAX_ENDPOINTS, now, &entry).await };
        self.change_uncached(change).await
    }

    /// The endpoints a merchant registered, oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Storage`].
    pub async fn webhook_endpoints(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<Endpoint>, Error> {
        Ok(self.webhooks.endpoints(merchant, mode).await?)
    }

    /// Scheme, host and port of an endpoint's URL: all that may be told of it where secrets must not be.
    #[must_use]
    pub fn webhook_origin(&self, url: &str) -> Option<String> {
        self.webhooks.target(url).map(|target| target.origin().to_owned())
    }

    /// A merchant's deliveries, newest first; a page starts behind `message id/endpoint id`.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a start that is no such pair; [`Error::Storage`].
    pub async fn webhook_deliveries(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        page: Page,
    ) -> Result<Vec<LastAttempt>, Error> {
        let after =
            page.after.as_deref().map(|text| cursor(text).ok_or(Error::Invalid("the delivery to start behind")));
        let (after, limit) = (after.transpose()?, page.limit.min(Page::MAX));
        let mut found = Vec::new();
        for delivery in self.webhooks.deliveries(merchant, mode, after.as_ref(), limit).await? {
            let attempts = self.webhooks.attempts(merchant, mode, &delivery.message_id, &delivery.endpoint).await?;
            found.push((delivery, attempts.into_iter().last()));
        }
        Ok(found)
    }

    /// Makes a static secret for an Alternative subscription; it can be shown now and never again.
    ///
    /// # Errors
    ///
    /// [`Error::Randomness`].
    pub fn draw_secret_key(&self) -> Result<StaticSecret, Error> {
        Ok(StaticSecret::parse(&self.rng.base62(SECRET_KEY_LEN)?).map_err(|_| RngError)?)
    }

    /// Removes a registered endpoint and everything that waits for it.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], also for an endpoint that only objects name.
    pub async fn remove_webhook_endpoint(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
    ) -> Result<(), Error> {
        let entry = self.endpoint_entry(actor, merchant, mode, "webhook_endpoint.removed", id, []);
        let (directory, merchant, id) = (self.directory.clone(), merchant.clone(), id.clone());
        let change = async move { directory.remove_endpoint(&merchant, mode, &id, &entry).await };
        self.change_uncached(change).await
    }

    /// Makes an endpoint active again that was disabled because it answered 410, whether it was registered or an object
    /// names it; true when this call did. What was stopped stays stopped.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`].
    pub async fn enable_webhook_endpoint(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
    ) -> Result<bool, Error> {
        let entry = self.endpoint_entry(actor, merchant, mode, "webhook_endpoint.enabled", id, []);
        let (directory, merchant, id) = (self.directory.clone(), merchant.clone(), id.clone());
        let change = async move { directory.enable_endpoint(&merchant, mode, &id, &entry).await };
        self.change_uncached(change).await
    }

    /// Sends an event to an endpoint that says nothing but that delivery works; answers its message id.
    ///
    /// # Errors
    ///
    /// [`Error::NotUsable`] when the endpoint is disabled; [`Error::NotFound`].
    pub async fn send_test_event(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
    ) -> Result<MessageId, Error> {
        let endpoint = self.directory.endpoint(merchant, mode, id).await?.ok_or(Error::NotFound)?;
        let notice = self.webhooks.test_event(endpoint.details.dialect)?;
        let message_id = notice.message_id.clone();
        let detail = [("message", json!(message_id.as_str()))];
        let entry = self.endpoint_entry(actor, merchant, mode, "webhook.test_sent", id, detail);
        let (directory, merchant, id) = (self.directory.clone(), merchant.clone(), id.clone());
        let change = async move { directory.notify_endpoint(&merchant, mode, &id, &notice, &entry).await };
        self.change_uncached(change).await?;
        self.webhooks.wake();
        Ok(message_id)
    }

    fn endpoint_entry<const N: usize>(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        mode: Mode,
        action: &'static str,
        id: &EndpointId,
        detail: [(&str, Value); N],
    ) -> NewAuditEntry {
        let mut entry = self.entry(actor, merchant, action, id.as_str(), detail);
        entry.detail.insert("mode".to_owned(), json!(mode.as_str()));
        entry
    }
}

fn cursor(text: &str) -> Option<DeliveryCursor> {
    let (message, endpoint) = text.split_once('/')?;
    Some(DeliveryCursor { message_id: MessageId::parse(message)?, endpoint: EndpointId::parse(endpoint)? })
}

/// Characters of a static secret made here: 256 bits in base62.
const SECRET_KEY_LEN: usize = 43;
