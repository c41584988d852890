//! Webhook delivery against a real TLS receiver on this machine.

mod dev;
mod dialling;
mod endpoints;
mod fairness;
mod formats;
mod interop;
mod laws;
pub(crate) mod receiver;
mod retries;
mod rotation;

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;
use tollgate::account::{MerchantId, SealedSecret, SecretPurpose};
use tollgate::administration::{Actor, Error};
use tollgate::storage::{Attempt, Delivery, Endpoint, EndpointId, MessageId, WebhookDialect};
use tollgate::webhooks::{DialLimits, Dialler, TargetPolicy};
use tollgate_apikey::{KeyId, Lifecycle, Mode};
use tollgate_webhook_hmac::{Tolerance, WebhookSecret, standard};

use super::world::{Answer, Call, World, world_dialling};
use receiver::{Internet, Received, Receiver};

const HOOK: &str = "https://shop.example/hook?order=77";

/// A world whose one receiver is `shop.example`.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) internet: Arc<Internet>,
    pub(crate) receiver: Receiver,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with_limits(DialLimits::default()).await
    }

    async fn with_limits(limits: DialLimits) -> Self {
        let receiver = Receiver::start(&["shop.example"]).await;
        let internet = Internet::with("shop.example", &receiver);
        let dialler = Dialler::new(TargetPolicy::Public, internet.clone(), receiver.roots(), limits).unwrap();
        Self { world: world_dialling(dialler).await, internet, receiver }
    }

    /// Registers the receiver for a dialect of the demo merchant.
    pub(crate) async fn register(&self, dialect: WebhookDialect) -> Endpoint {
        self.register_url(Mode::Test, dialect, HOOK).await.unwrap()
    }

    /// Registers an endpoint of the demo merchant without a secret key of its own.
    pub(crate) async fn register_url(&self, mode: Mode, dialect: WebhookDialect, url: &str) -> Result<Endpoint, Error> {
        let (administration, merchant) = (&self.world.services.administration, self.world.merchant_id());
        administration.register_webhook_endpoint(&Actor::operator(), &merchant, mode, dialect, url, None).await
    }

    /// Sends a test event to an endpoint of the demo merchant.
    pub(crate) async fn send_test_event(&self, id: &EndpointId) -> Result<MessageId, Error> {
        let (administration, merchant) = (&self.world.services.administration, self.world.merchant_id());
        administration.send_test_event(&Actor::operator(), &merchant, Mode::Test, id).await
    }

    /// A new payment request that names the receiver.
    async fn payment_request(&self) -> i64 {
        let body = json!({ "amount": 49.90, "unit": "EUR", "referenceId": "cart-1009", "notifyUrl": HOOK });
        let body = body.to_string().replace("49.9,", "49.90,");
        let call = Call::post("/payment-requests").header("x-api-key", self.world.text("/caibo/api_key_test"));
        let made = self.world.send(call.raw_json(body)).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_i64().unwrap()
    }

    async fn pay(&self, id: i64, token: &str) -> Answer {
        let call = Call::post(&format!("/payment-requests/{id}/payments"));
        let call = call.header("x-api-key", self.world.text("/caibo/api_key_test"));
        self.world.send(call.json(&json!({ "method": "card", "paymentToken": token }))).await
    }

    /// Causes one delivery: a payment that was declined.
    pub(crate) async fn decline(&self) {
        let id = self.payment_request().await;
        assert_eq!(self.pay(id, "tok_declined").await.json()["status"], "declined");
    }

    async fn deliver_due(&self) -> u32 {
        self.world.services.webhooks.deliver_due().await.unwrap()
    }

    /// The demo merchant's deliveries, newest first.
    async fn deliveries(&self) -> Vec<Delivery> {
        self.world.services.webhooks.deliveries(&self.world.merchant_id(), Mode::Test, None, 100).await.unwrap()
    }

    async fn attempts(&self, delivery: &Delivery) -> Vec<Attempt> {
        let (merchant, webhooks) = (self.world.merchant_id(), &self.world.services.webhooks);
        webhooks.attempts(&merchant, Mode::Test, &delivery.message_id, &delivery.endpoint).await.unwrap()
    }

    fn secret(&self) -> WebhookSecret {
        WebhookSecret::parse(&self.world.text("/caibo/webhook_secret")).unwrap()
    }

    /// Checks the Standard Webhooks headers of a delivery.
    #[track_caller]
    fn check_standard(&self, received: &Received) {
        let verifier = standard::Verifier::new([self.secret()], Tolerance::default()).unwrap();
        verify_standard(&verifier, received, self.world.now()).unwrap();
    }
}

fn verify_standard(
    verifier: &standard::Verifier,
    received: &Received,
    now: OffsetDateTime,
) -> Result<(), tollgate_webhook_hmac::VerifyError> {
    let headers = standard::Headers::parse(
        received.header("webhook-id"),
        received.header("webhook-timestamp"),
        received.header("webhook-signature"),
    );
    verifier.verify(&headers.unwrap(), received.body.as_bytes(), now).map(|_| ())
}

/// Gives a merchant a secret that is sealed as the server seals its own.
async fn give_secret(
    world: &World,
    merchant: &MerchantId,
    purpose: SecretPurpose,
    text: &str,
    lifecycle: Lifecycle,
) -> KeyId {
    let services = &world.services;
    let id = KeyId::mint(|bytes| services.rng.fill(bytes)).unwrap();
    let (key_version, sealed) = services.sealer.seal(text.as_bytes(), id.as_str(), &services.rng).unwrap();
    let (merchant, mode) = (merchant.clone(), Mode::Test);
    let secret = SealedSecret { id, purpose, merchant, mode, key_version, sealed, lifecycle };
    services.vault.insert_secret(&secret).await.unwrap();
    id
}

#[track_caller]
fn json_of(received: &Received) -> Value {
    serde_json::from_str(&received.body).unwrap()
}
