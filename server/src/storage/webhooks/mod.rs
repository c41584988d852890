//! Webhook endpoints and the deliveries that wait for them.

mod delivery;
mod endpoint;

use async_trait::async_trait;
use time::OffsetDateTime;
use tollgate_apikey::Mode;

use super::{Change, StorageError};
use crate::account::{MerchantId, NewAuditEntry};

pub use delivery::{
    Attempt, AttemptError, AttemptOutcome, Delivery, DeliveryState, Format, LeasedDelivery, MessageId, Next, Notice,
    Notify,
};
pub use endpoint::{Endpoint, EndpointId, EndpointOrigin, NewEndpoint, SealedBearer, WebhookDialect};

/// The most merchants one call of [`Webhooks::lease`] can pass over.
pub const MAX_PASSED_OVER: usize = 16;

/// A lease to be taken: from now until an end, under a name nobody else has.
#[derive(Debug, Clone)]
pub struct NewLease {
    /// Random text.
    pub name: String,
    /// What is due now may be taken.
    pub now: OffsetDateTime,
    /// If nothing was recorded by then, the delivery is due again.
    pub until: OffsetDateTime,
}

/// Where a page of deliveries begins: behind this one.
#[derive(Debug, Clone)]
pub struct DeliveryCursor {
    /// The last message of the page before.
    pub message_id: MessageId,
    /// The last endpoint of the page before.
    pub endpoint: EndpointId,
}

/// Endpoints as administration changes them.
#[async_trait]
pub trait WebhookEndpoints: Send + Sync {
    /// Registers an endpoint, or an endpoint that was named before, or one that was disabled: it is active afterwards.
    ///
    /// [`TooMany`](super::ChangeRefusal::TooMany) when the merchant has `limit` others of the mode and dialect.
    async fn register_endpoint(
        &self,
        new: &NewEndpoint,
        limit: u32,
        now: OffsetDateTime,
        entry: &NewAuditEntry,
    ) -> Change<Endpoint>;
    /// Removes a registered endpoint with its deliveries.
    async fn remove_endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
        entry: &NewAuditEntry,
    ) -> Change<()>;
    /// Makes a disabled endpoint active, registered or named; `false`, with nothing written, when it is active already.
    async fn enable_endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
        entry: &NewAuditEntry,
    ) -> Change<bool>;
    /// Sends a notice to one endpoint; [`NotUsable`](super::ChangeRefusal::NotUsable) when it is disabled.
    async fn notify_endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
        notice: &Notice,
        entry: &NewAuditEntry,
    ) -> Change<()>;
    /// Reads an endpoint.
    async fn endpoint(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        id: &EndpointId,
    ) -> Result<Option<Endpoint>, StorageError>;
    /// The registered endpoints of a merchant, oldest first.
    async fn endpoints(&self, merchant: &MerchantId, mode: Mode) -> Result<Vec<Endpoint>, StorageError>;
}

/// Endpoints and deliveries. Every write is on disk before the call returns.
///
/// Deliveries are caused by the verbs of the other traits, each in the transaction of its change
/// ([`Notify`]); here they are carried out.
#[async_trait]
pub trait Webhooks: WebhookEndpoints {
    /// Takes what is due of the endpoint that waits longest and that nobody works for; `None` when nothing is due.
    ///
    /// An endpoint that was just served waits from then on, however long its deliveries have been due: a backlog does
    /// not stand before what others are told.
    ///
    /// Merchants in `passed_over`, at most [`MAX_PASSED_OVER`], are left out.
    async fn lease(&self, lease: &NewLease, passed_over: &[MerchantId])
    -> Result<Option<LeasedDelivery>, StorageError>;
    /// Records an attempt and gives the lease back; `false`, and nothing is recorded, when the lease was lost.
    ///
    /// [`Next::Gone`] disables the endpoint, and the audit log tells of it.
    async fn complete(
        &self,
        leased: &LeasedDelivery,
        attempt: &Attempt,
        next: Next,
        now: OffsetDateTime,
    ) -> Result<bool, StorageError>;

    /// A merchant's deliveries, newest first, at most `limit`.
    async fn deliveries(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        after: Option<&DeliveryCursor>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StorageError>;
    /// The attempts of a delivery, oldest first.
    async fn attempts(
        &self,
        merchant: &MerchantId,
        mode: Mode,
        message_id: &MessageId,
        endpoint: &EndpointId,
    ) -> Result<Vec<Attempt>, StorageError>;
    /// Removes deliveries that are over and were caused before `before`, and named endpoints nothing refers to.
    async fn sweep_deliveries(&self, before: OffsetDateTime) -> Result<u64, StorageError>;
}
