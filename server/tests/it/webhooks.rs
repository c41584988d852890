//! Webhook delivery against a real TLS receiver on this machine.

mod dev;
mod dialling;
mod endpoints;
mod fairness;
mod formats;
mod interop;
mod laws;
mod receiver;
mod retries;
mod rotation;

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;
use tollgate::account::{MerchantId, SealedSecret, SecretPurpose};
use tollgate::storage::{Attempt, Delivery, Endpoint, WebhookDialect};
use tollgate::webhooks::{DialLimits, Dialler, TargetPolicy};
use tollgate_apikey::{KeyId, Lifecycle, Mode};
use tollgate_webhook_hmac::{Tolerance, WebhookSecret, standard};

use super::world::{Answer, Call, World, world_dialling};
use receiver::{Internet, Received, Receiver};

const HOOK: &str = "https://shop.example/hook?order=77";

/// A world whose one receiver is `shop.example`.
struct Shop {
    world: World,
    internet: Arc<Internet>,
    receiver: Receiver,
}

impl Shop {
    async fn open() -> Self {
        Self::with_limits(DialLimits::default()).await
    }

    async fn with_limits(limits: DialLimits) -> Self {
        let receiver = Receiver::start(&["shop.example"]).await;
        let internet = Internet::with("shop.example", &receiver);
        let dialler = Dialler::new(TargetPolicy::Public, internet.clone(), receiver.roots(), limits).unwrap();
        Self { world: world_dialling(dialler).await, internet, receiver }
    }

    /// Registers the receiver for a dialect of the demo merchant.
    async fn register(&self, dialect: WebhookDialect) -> Endpoint {
        let webhooks = &self.world.services.webhooks;
        webhooks.register_endpoint(&self.world.merchant_id(), Mode::Test, dialect, HOOK, None).await.unwrap()
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
    async fn decline(&self) {
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
