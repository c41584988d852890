//! Alternative Payments: id and secret buy an access token, that one buys checkout tokens, each for one invoice.

mod access_token;
mod browsers;
mod checkout;
mod checkout_auth;
mod tokens;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use time::Duration;
use tollgate::account::{ClientDialect, KeyFamily, Merchant, MerchantId, MerchantStatus};
use tollgate::app::Listener;
use tollgate::auth::ListenerMode;
use tollgate::payments::{Amount, Currency, Invoice, InvoiceStatus, PaymentMethod, PaymentMethodType};
use tollgate::transport::Channel;
use tollgate_apikey::{KeyId, MAX_OVERLAP_SECONDS, Mode};
use tollgate_client_address::{IpList, TrustedProxies};
use tollgate_jwt_session::KeyRing;

use super::world::{Answer, Call, World};

const TOKEN: &str = "/oauth/token";
const INIT: &str = "/v1/checkout-auth/init";
const GRANT: &str = "grant_type=client_credentials";
const ROOTS: [&str; 2] = ["/checkout/v1", "/checkout"];
const BEARER: &str = "Bearer realm=\"alternative\"";
const BAD_BEARER: &str = "Bearer realm=\"alternative\", error=\"invalid_token\"";

/// An OAuth client with one of its secrets, and where it calls.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) listener: ListenerMode,
}

impl Client {
    pub(super) fn demo(world: &World) -> Self {
        Self {
            id: world.text("/alternative/client_id"),
            secret: world.text("/alternative/client_secret"),
            listener: ListenerMode::Test,
        }
    }

    pub(super) async fn make(
        world: &World,
        merchant: &MerchantId,
        dialect: ClientDialect,
        mode: Mode,
        scopes: &str,
    ) -> Self {
        let (id, secret) = world.make_client(merchant, dialect, mode, scopes).await;
        let listener = if mode == Mode::Live { ListenerMode::Live } else { ListenerMode::Test };
        Self { id, secret, listener }
    }

    pub(super) async fn another_secret(&self, world: &World) -> String {
        world.rotate_client(&self.id, MAX_OVERLAP_SECONDS).await
    }

    /// Revokes its secret, as the partner would.
    pub(super) async fn revoke(&self, world: &World) {
        world.revoke(self.cid()).await;
    }

    pub(super) fn cid(&self) -> KeyId {
        KeyFamily::CLIENT_SECRET.format.parse(&self.secret).unwrap().id()
    }

    pub(super) fn sign(&self, call: Call) -> Call {
        let pair = STANDARD.encode(format!("{}:{}", self.id, self.secret));
        call.on(self.listener).header("authorization", format!("Basic {pair}"))
    }

    pub(super) fn buy(&self) -> Call {
        self.sign(Call::post(TOKEN)).form(GRANT)
    }

    pub(super) async fn token(&self, world: &World) -> String {
        world.send(self.buy()).await.member("access_token")
    }
}

impl Call {
    pub(super) fn form(self, body: &str) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned())
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

impl Answer {
    #[track_caller]
    pub(super) fn member(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", self.text())).to_owned()
    }
}

pub(super) fn oauth(code: &str, description: &str) -> Value {
    json!({ "error": code, "error_description": description })
}

fn error(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message, "validation_errors": {} })
}

fn demo_ids(world: &World) -> Value {
    json!({ "customer_id": world.text("/alternative/customer_id"), "invoice_id": world.text("/alternative/invoice_id") })
}

pub(super) fn init(world: &World, access: &str) -> Call {
    Call::post(INIT).bearer(access).json(&demo_ids(world))
}

/// A checkout token for the demo invoice; a second passes, so that the client's budget is there again.
async fn checkout(world: &World) -> String {
    world.advance(1);
    let access = Client::demo(world).token(world).await;
    world.send(init(world, &access)).await.member("token")
}

/// A good payment of the demo invoice.
async fn payment(world: &World, token: &str) -> Value {
    let methods = world.send(Call::get("/checkout/payment-methods").bearer(token)).await.json();
    json!({
        "amount": "120.50", "payment_date": "2026-01-01", "payment_method": "card", "payment_method_id": methods[0]["id"],
    })
}

/// The object with this member in it.
fn with(object: &Value, member: &str, value: Value) -> Value {
    let mut object = object.clone();
    object.as_object_mut().unwrap().insert(member.to_owned(), value);
    object
}

#[track_caller]
fn expect_open(label: &str, answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{label}");
    assert_eq!(answer.header("access-control-expose-headers"), Some("x-request-id, retry-after"), "{label}");
    assert_eq!(answer.header("access-control-allow-credentials"), None, "{label}");
}

pub(super) async fn second_merchant(world: &World) -> MerchantId {
    let id = MerchantId::new("USA", "4KD9P").unwrap();
    let merchant = Merchant {
        id: id.clone(),
        name: "Second".to_owned(),
        status: MerchantStatus::Active,
        ip_list: IpList::unrestricted(),
        domains: Vec::new(),
        methods: Vec::new(),
        currency: "USD".to_owned(),
        created_at: world.now(),
    };
    world.services.vault.insert_merchant(&merchant, "0.00").await.unwrap();
    id
}

async fn insert_invoice(
    world: &World,
    merchant: &MerchantId,
    mode: Mode,
    customer: &str,
    status: InvoiceStatus,
) -> String {
    let currency = Currency::parse("USD").unwrap();
    let invoice = Invoice {
        id: format!("inv_{}", *world.services.rng.base62(8).unwrap()),
        merchant: merchant.clone(),
        mode,
        customer_id: customer.to_owned(),
        number: "2026-0008".to_owned(),
        status,
        currency,
        sub_total: Amount::parse("100.00", currency).unwrap(),
        total: Amount::parse("120.50", currency).unwrap(),
        due_date: (world.now() + Duration::days(7)).date(),
        created_at: world.now(),
    };
    world.services.invoices.insert_invoice(&invoice).await.unwrap();
    invoice.id
}

async fn insert_method(world: &World, merchant: &MerchantId, mode: Mode, customer: &str, id: &str) {
    let method = PaymentMethod {
        id: id.to_owned(),
        merchant: merchant.clone(),
        mode,
        customer_id: customer.to_owned(),
        kind: PaymentMethodType::Card,
        brand: None,
        last4: "1111".to_owned(),
        expiry: None,
    };
    world.services.invoices.insert_payment_method(&method).await.unwrap();
}

/// The token keys of the demo listener, under this issuer.
pub(super) fn listener(world: &World, base_url: &str) -> Listener {
    let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
    world.services.listener(ListenerMode::Test, base_url, proxies, Channel::Loopback).unwrap()
}

/// Signs claims of any kind with the keys of any kind.
fn sign(world: &World, ring: &KeyRing, claims: &Value) -> String {
    let fill = |bytes: &mut [u8]| world.services.rng.fill(bytes);
    ring.issue(claims, world.now(), fill).unwrap().expose_secret().to_owned()
}

fn access_claims(world: &World, client: &Client) -> Value {
    json!({
        "sub": client.id, "client_id": client.id, "partner_id": world.text("/merchant_id_test"),
        "scope": "checkout:init", "cid": client.cid().as_str(),
    })
}

fn checkout_claims(world: &World, client: &Client) -> Value {
    json!({
        "partner_id": world.text("/merchant_id_test"), "client_id": client.id, "cid": client.cid().as_str(),
        "customer_id": world.text("/alternative/customer_id"), "invoice_id": world.text("/alternative/invoice_id"),
    })
}

/// Header and claims of a token.
pub(super) fn read(token: &str) -> (Value, Value) {
    let parts: Vec<_> = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    (serde_json::from_slice(&parts[0]).unwrap(), serde_json::from_slice(&parts[1]).unwrap())
}

fn header_with(token: &str, member: &str, value: Value) -> String {
    let rest = token.split_once('.').unwrap().1;
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(with(&read(token).0, member, value).to_string()))
}

fn payload_with(token: &str, member: &str, value: Value) -> String {
    let parts: Vec<_> = token.split('.').collect();
    let payload = URL_SAFE_NO_PAD.encode(with(&read(token).1, member, value).to_string());
    format!("{}.{payload}.{}", parts[0], parts[2])
}

fn peer(n: usize) -> [u8; 4] {
    [198, 51, 100, u8::try_from(n + 1).unwrap()]
}
