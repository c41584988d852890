//! One record of every kind, for a merchant and mode.

use tollgate::account::{ClientDialect, KeyFamily, MerchantId, SecretPurpose};
use tollgate::administration::{Actor, NewClient, NewKey};
use tollgate::storage::WebhookDialect;
use tollgate_apikey::{Mode, Scopes};
use tollgate_challenge_signature::merchant::Signer;
use tollgate_client_address::IpList;

use crate::world::World;

/// The ids of the records.
pub(super) struct Records {
    pub(super) key: String,
    pub(super) client: String,
    client_secret: String,
    pub(super) rsa_key: String,
    pub(super) secret: String,
    pub(super) endpoint: String,
    message: String,
}

impl Records {
    pub(super) async fn of(world: &World, merchant: &MerchantId, mode: Mode) -> Self {
        let (administration, operator) = (&world.services.administration, Actor::operator());
        let new = NewKey {
            merchant: merchant.clone(),
            user: None,
            // The one family that a merchant has live keys of before it is approved.
            family: KeyFamily::CARDPLUSPAY,
            mode,
            scopes: Scopes::parse("balance:read").unwrap(),
            ip_list: IpList::unrestricted(),
            name: "Fixture".to_owned(),
            expires_at: None,
        };
        let key = administration.issue_key(&operator, new).await.unwrap().record;
        let new = NewClient {
            dialect: ClientDialect::Pledg,
            merchant: merchant.clone(),
            mode,
            scopes: Scopes::empty(),
            name: "Fixture".to_owned(),
        };
        let (client, secret) = administration.create_client(&operator, new).await.unwrap();
        let pem = signer(world).public_key().to_spki_pem();
        let rsa_key = administration.register_rsa_key(&operator, merchant, mode, &pem).await.unwrap();
        let sealed = administration.issue_secret(&operator, merchant, mode, SecretPurpose::Webhook).await.unwrap();
        let (dialect, url) = (WebhookDialect::Caibo, "https://shop.example/hook");
        let endpoint =
            administration.register_webhook_endpoint(&operator, merchant, mode, dialect, url, None).await.unwrap();
        let message = administration.send_test_event(&operator, merchant, mode, &endpoint.id).await.unwrap();
        Self {
            key: key.id.as_str().to_owned(),
            client: client.id.as_str().to_owned(),
            client_secret: secret.record.id.as_str().to_owned(),
            rsa_key: rsa_key.id.as_str().to_owned(),
            secret: sealed.record.id.as_str().to_owned(),
            endpoint: endpoint.id.as_str().to_owned(),
            message: message.as_str().to_owned(),
        }
    }

    /// Ids that nobody has.
    pub(super) fn absent() -> Self {
        let id = || "A".repeat(12);
        let (endpoint, message) = (format!("whe_{}", "a".repeat(32)), format!("msg_{}", "a".repeat(32)));
        Self { key: id(), client: id(), client_secret: id(), rsa_key: id(), secret: id(), endpoint, message }
    }

    /// Texts that are no ids.
    pub(super) fn malformed() -> Self {
        let [key, client, client_secret, rsa_key, secret, endpoint, message] =
            ["x", "0", "A%20A", "AAAAAAAAAAAAA", "%C3%A4", "whe_", "msg_"].map(str::to_owned);
        Self { key, client, client_secret, rsa_key, secret, endpoint, message }
    }

    /// The path of a template.
    pub(super) fn path(&self, template: &str) -> String {
        let dialect = if template.contains("keys") { "88pay" } else { "pledg" };
        template
            .replace("{key}", &self.key)
            .replace("{client}", &self.client)
            .replace("{client_secret}", &self.client_secret)
            .replace("{rsa_key}", &self.rsa_key)
            .replace("{secret}", &self.secret)
            .replace("{endpoint}", &self.endpoint)
            .replace("{message}", &self.message)
            .replace("{dialect}", dialect)
            .replace("{purpose}", "webhook")
    }
}

/// The pair of the demo's second merchant, which others may register too.
pub(super) fn signer(world: &World) -> Signer {
    Signer::from_pkcs8_pem(&world.text("/cardpluspay/private_key_pem")).unwrap()
}
