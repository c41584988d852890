//! Pledg: three ways in, each on its own routes: a token for a client, a panel user's Basic credential, a signature.

mod flood;
mod limits;
mod purchase_link;
mod purchases;
mod token;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tollgate::account::{
    ClientDialect, EmailAddress, KeyFamily, Merchant, MerchantId, MerchantStatus, Role, User, UserId,
};
use tollgate::payments::Purchase;
use tollgate_apikey::{KeyId, Mode};
use tollgate_client_address::IpList;
use tollgate_jwt_session::request::sign;
use zeroize::Zeroizing;

use super::world::{Answer, Call, World};

const TOKEN: &str = "/api/token";
const SECURED: &str = "/api/a_secured_endpoint";
const LINK: &str = "/api/purchase_link";
const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials";
const DASHBOARD: &str = "Basic realm=\"pledg-dashboard\", charset=\"UTF-8\"";

/// An OAuth client and its secret.
struct Pair {
    id: String,
    secret: String,
}

impl Pair {
    fn header(&self) -> String {
        basic(&self.id, &self.secret)
    }

    fn sign(&self, call: Call) -> Call {
        call.header("authorization", self.header())
    }

    fn ask(&self) -> Call {
        self.sign(form(GRANT))
    }

    async fn buy(&self, world: &World) -> String {
        text(&world.send(self.ask()).await, "access_token")
    }

    fn cid(&self) -> KeyId {
        KeyFamily::CLIENT_SECRET.format.parse(&self.secret).unwrap().id()
    }

    async fn retire(&self, world: &World, overlap_s: u32) {
        world.rotate_client(&self.id, overlap_s).await;
    }

    async fn revoke(&self, world: &World) {
        world.revoke(self.cid()).await;
    }
}

fn demo(world: &World) -> Pair {
    Pair { id: world.text("/pledg/key"), secret: world.text("/pledg/secret") }
}

async fn client(world: &World, merchant: &MerchantId, dialect: ClientDialect, mode: Mode) -> Pair {
    let (id, secret) = world.make_client(merchant, dialect, mode, "").await;
    Pair { id, secret }
}

async fn alias(world: &World, mode: Mode) -> String {
    world.services.vault.alias(&world.merchant_id(), mode, "mer").await.unwrap().unwrap()
}

async fn second_merchant(world: &World) -> MerchantId {
    let merchant = Merchant {
        id: MerchantId::new("PER", "9ZQ4K").unwrap(),
        name: "Second Shop".to_owned(),
        status: MerchantStatus::Active,
        ip_list: IpList::unrestricted(),
        domains: Vec::new(),
        methods: Vec::new(),
        currency: "PEN".to_owned(),
        created_at: world.now(),
    };
    world.services.vault.insert_merchant(&merchant, "0.00").await.unwrap();
    merchant.id
}

async fn user(world: &World, merchant: &MerchantId, email: &str, password: &str) -> User {
    let bytes = Zeroizing::new(password.as_bytes().to_vec());
    let mut user = User {
        id: UserId::from_stored(0),
        merchant: merchant.clone(),
        email: EmailAddress::new(email).unwrap(),
        password_hash: world.services.passwords.hash(bytes, &world.services.rng).await.unwrap(),
        generation: 1,
        disabled: false,
        role: Role::Developer,
        administrator: false,
        second_factor: None,
        api_basic: true,
    };
    user.id = world.services.vault.insert_user(&user, world.now()).await.unwrap();
    user
}

/// Stores a purchase whose reference is its own uid.
async fn purchase(world: &World, merchant: &MerchantId, mode: Mode, status: &str) -> String {
    let uid = format!("pur_{}", *world.services.rng.base62(32).unwrap());
    let purchase = Purchase {
        uid: uid.clone(),
        merchant: merchant.clone(),
        mode,
        reference: uid.clone(),
        amount_cents: 5_000,
        credited_cents: 0,
        currency: "EUR".to_owned(),
        status: status.to_owned(),
        payload_digest: [0; 32],
        link: uid.clone(),
        created_at: world.now(),
    };
    world.services.purchases.insert_purchase(&purchase).await.unwrap();
    uid
}

fn credentials(world: &World) -> (EmailAddress, String) {
    (EmailAddress::new(&world.text("/panel/email")).unwrap(), world.text("/panel/password"))
}

fn person(world: &World, path: &str) -> Call {
    let (email, password) = credentials(world);
    Call::post(path).header("authorization", basic(email.as_str(), &password))
}

fn release(uid: &str, email: &EmailAddress, password: &str) -> Call {
    let call = Call::post(&format!("/api/purchases/{uid}/release"));
    call.header("authorization", basic(email.as_str(), password))
}

pub(crate) fn payload(world: &World) -> Value {
    json!({
        "data": {
            "merchantUid": world.text("/pledg/merchant_uid"),
            "amountCents": 12_900,
            "currency": "EUR",
            "title": "Order 4711",
            "reference": "ORDER-4711",
            "email": "buyer@example.test",
            "redirectUrl": "https://shop.example/ok",
        },
    })
}

pub(crate) fn signed(world: &World, payload: &Value) -> String {
    sign(payload, None, world.text("/pledg/signing_secret").as_bytes()).unwrap()
}

pub(crate) fn link(signature: &str) -> Call {
    Call::post(&format!("{LINK}?signature={signature}"))
}

fn form(body: &str) -> Call {
    Call::post(TOKEN).header("content-type", FORM).body(body.to_owned())
}

fn bearer(token: &str) -> Call {
    Call::get(SECURED).header("authorization", format!("Bearer {token}"))
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// An address of its own for each row, so that no row meets the limit on failures.
fn peer(n: usize) -> [u8; 4] {
    [198, 51, 100, u8::try_from(n + 1).unwrap()]
}

fn malformed() -> Value {
    json!({ "error": "invalid_request", "error_description": "The request is malformed." })
}

#[track_caller]
fn text(answer: &Answer, name: &str) -> String {
    answer.json()[name].as_str().unwrap_or_else(|| panic!("no {name}: {}", answer.text())).to_owned()
}

fn jwt(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut json = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (json(), json())
}

#[track_caller]
fn expect_401(label: &str, answer: &Answer, error: &str, challenge: &str) {
    let description = match error {
        "invalid_client" => "Client authentication failed.",
        "invalid_token" => "The access token is missing or not valid.",
        _ => "The signature is missing or not valid.",
    };
    answer.expect(label, 401, &json!({ "error": error, "error_description": description }));
    assert_eq!(answer.header("www-authenticate"), Some(challenge), "{label}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
}
