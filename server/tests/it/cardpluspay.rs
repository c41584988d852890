//! CardPlusPay: one key, and for accounts that ask for it a challenge that is signed and used once.

mod api_key;
mod challenge;
mod orders;
mod published;
mod single_use;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tollgate::account::{Credential, KeyFamily, Merchant, MerchantId, MerchantStatus, RsaKey};
use tollgate::app::{App, Services};
use tollgate::auth::ListenerMode;
use tollgate::clock::Clock;
use tollgate::dialects;
use tollgate::edge::router;
use tollgate::keys::KeyFile;
use tollgate::payments::Item;
use tollgate::rng::Rng;
use tollgate::transport::Channel;
use tollgate_apikey::{KeyId, Lifecycle, Mode, Scopes};
use tollgate_challenge_signature::PublicKey;
use tollgate_challenge_signature::merchant::Signer;
use tollgate_client_address::{IpList, TrustedProxies};
use tower::ServiceExt;

use super::world::{Answer, Call, SANDBOX, T0, World, options};

const CHALLENGE: &str = "/v1/auth/challenge";
const BALANCE: &str = "/v1/balance";
const ORDERS: &str = "/v1/orders";
const ROUTES: [(&str, &str); 4] = [("POST", CHALLENGE), ("GET", BALANCE), ("GET", ORDERS), ("POST", ORDERS)];
const FAMILY: KeyFamily = KeyFamily::CARDPLUSPAY;
const ALL_SCOPES: &str = "balance:read orders:read orders:write";
const UNAUTHORIZED: (&str, &str) = ("Unauthorized", "unauthorized");
const REQUIRED: (&str, &str) = ("Missing X-API-Challenge or X-API-Signature", "signature_required");
const INVALID: (&str, &str) = ("Signature verification failed", "signature_invalid");
const SIGNATURE: &str = "Signature-Challenge realm=\"cardpluspay\"";

/// A key of a merchant, and what signs for that merchant.
struct Account {
    id: MerchantId,
    key: String,
    signer: Arc<Signer>,
    rng: Rng,
}

/// An answered challenge.
#[derive(Clone)]
struct Pair {
    challenge: String,
    signature: String,
}

impl Account {
    fn with_key(&self, key: String) -> Self {
        Self { key, id: self.id.clone(), signer: self.signer.clone(), rng: self.rng.clone() }
    }

    fn key(&self, call: Call) -> Call {
        call.header("x-api-key", &self.key)
    }

    async fn challenge(&self, world: &World) -> String {
        text_of(&world.send(self.key(Call::post(CHALLENGE))).await, "challenge")
    }

    async fn pair(&self, world: &World) -> Pair {
        self.pair_on(world, ListenerMode::Test).await
    }

    async fn pair_on(&self, world: &World, listener: ListenerMode) -> Pair {
        let challenge = text_of(&world.send(self.key(Call::post(CHALLENGE)).on(listener)).await, "challenge");
        let signature = self.signer.sign(&challenge, &*self.rng.source()).unwrap();
        Pair { challenge, signature }
    }

    async fn balance(&self, world: &World) -> String {
        text_of(&world.send(self.key(Call::get(BALANCE))).await, "balance")
    }
}

impl Pair {
    fn sign(&self, call: Call) -> Call {
        call.header("x-api-challenge", &self.challenge).header("x-api-signature", &self.signature)
    }
}

/// The demo merchant: signing is off and no public key is registered.
fn demo(world: &World) -> Account {
    let signer = Arc::new(Signer::from_pkcs8_pem(&world.text("/cardpluspay/private_key_pem")).unwrap());
    let rng = world.services.rng.clone();
    Account { id: world.merchant_id(), key: world.text("/cardpluspay/api_key"), signer, rng }
}

/// The demo's second merchant: signing is on in test mode.
async fn signing(world: &World) -> Account {
    let all = world.services.vault.merchants().await.unwrap();
    let id = all.into_iter().map(|merchant| merchant.id).find(|id| *id != world.merchant_id()).unwrap();
    Account { id, key: world.text("/cardpluspay/signed_api_key"), ..demo(world) }
}

fn rsa_key(services: &Services, merchant: &MerchantId, mode: Mode, key: &PublicKey, lifecycle: Lifecycle) -> RsaKey {
    RsaKey {
        id: KeyId::mint(|bytes| services.rng.fill(bytes)).unwrap(),
        merchant: merchant.clone(),
        mode,
        spki: key.spki_der().to_vec(),
        fingerprint: key.fingerprint(),
        lifecycle,
    }
}

/// A further merchant with 100.00.
async fn second_merchant(world: &World, id: &str) -> MerchantId {
    let merchant = merchant(id);
    world.services.vault.insert_merchant(&merchant, "100.00").await.unwrap();
    merchant.id
}

fn merchant(id: &str) -> Merchant {
    Merchant {
        id: MerchantId::new("USA", id).unwrap(),
        name: "Another Shop".to_owned(),
        status: MerchantStatus::Active,
        ip_list: IpList::unrestricted(),
        domains: vec![],
        methods: vec![],
        currency: "USD".to_owned(),
        created_at: OffsetDateTime::from_unix_timestamp(T0).unwrap(),
    }
}

async fn issue(world: &World, merchant: &MerchantId, mode: Mode, scopes: &str) -> String {
    world.issue_key(merchant, None, FAMILY, mode, scopes).await
}

async fn revoke(world: &World, key: &str) {
    world.revoke(FAMILY.format.parse(key).unwrap().id()).await;
}

/// A well-formed key with this id and another secret.
fn key_with_id(id: KeyId, mode: Mode) -> String {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // The first random bytes that are asked for become the id, each the character at its place.
    let mut places = id.as_str().chars().map(|c| u8::try_from(ALPHABET.find(c).unwrap()).unwrap());
    let key = FAMILY.format.mint(mode, |bytes| {
        bytes.fill_with(|| places.next().unwrap_or(7));
        Ok::<_, Infallible>(())
    });
    let key = key.unwrap();
    assert_eq!(key.id(), id);
    key.expose_secret().to_owned()
}

async fn insert_item(world: &World, merchant: &MerchantId, mode: Mode, code: &str, price: &str, stock: i64) -> i64 {
    insert(&world.services, merchant, mode, code, price, stock).await
}

async fn insert(services: &Services, merchant: &MerchantId, mode: Mode, code: &str, price: &str, stock: i64) -> i64 {
    let (code, price) = (code.to_owned(), price.to_owned());
    services.orders.insert_item(&Item { id: 0, merchant: merchant.clone(), mode, code, price, stock }).await.unwrap()
}

fn error((message, code): (&str, &str)) -> Value {
    json!({ "success": false, "message": message, "data": { "code": code } })
}

#[track_caller]
fn expect_signature(label: &str, answer: &Answer, refusal: (&str, &str)) {
    answer.expect(label, 401, &error(refusal));
    assert_eq!(answer.header("www-authenticate"), Some(SIGNATURE), "{label}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
}

#[track_caller]
fn text_of(answer: &Answer, name: &str) -> String {
    answer.json()["data"][name].as_str().unwrap_or_else(|| panic!("{name} in {}", answer.text())).to_owned()
}

/// A server whose challenge key, merchant and API key are those of the vectors.
struct Bench {
    services: Arc<Services>,
    router: Router,
    merchant: MerchantId,
    key: String,
    clock: Clock,
    dir: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(Services::KEYS);
        KeyFile::create(&path, OffsetDateTime::UNIX_EPOCH, &Rng::system()).unwrap();
        let mut keys: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        let inputs = vector("cardpluspay/challenge")["inputs"].clone();
        let hex = inputs["mac_key_v1_hex"].as_str().unwrap();
        let secret: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        keys["challenge"][0]["secret"] = STANDARD.encode(secret).into();
        std::fs::write(&path, keys.to_string()).unwrap();

        let clock = Clock::manual(OffsetDateTime::from_unix_timestamp(T0).unwrap());
        let services = Arc::new(Services::open(dir.path(), options(clock.clone())).await.unwrap());
        let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
        let listener = Arc::new(services.listener(ListenerMode::Any, SANDBOX, proxies, Channel::Loopback).unwrap());
        let router = router(&App::new(services.clone(), listener), dialects::ALL);
        let merchant = merchant("4KD9PX");
        assert_eq!(merchant.id.as_str(), inputs["account"].as_str().unwrap());
        services.vault.insert_merchant(&merchant, "100.50").await.unwrap();
        let id = merchant.id.clone();
        let key = rsa_key(&services, &id, Mode::Test, &vector_key(), Lifecycle::new(clock.now()));
        services.vault.insert_rsa_key(&key).await.unwrap();
        services.vault.set_setting(&id, Mode::Test, "request_signing_required", "true").await.unwrap();
        let key = key_with_id(KeyId::parse(inputs["key_id"].as_str().unwrap()).unwrap(), Mode::Test);
        let bench = Self { services, router, merchant: id, key, clock, dir };
        bench.store(&bench.key, Mode::Test).await;
        bench
    }

    async fn store(&self, text: &str, mode: Mode) {
        let path = self.dir.path().join(Services::KEYS);
        let peppers = KeyFile::read(&path).unwrap().peppers(&path).unwrap();
        let key = FAMILY.format.parse(text).unwrap();
        let digest = peppers.digest(&key);
        let record = Credential {
            id: key.id(),
            kind: FAMILY.kind,
            merchant: self.merchant.clone(),
            user: None,
            client: None,
            mode,
            pepper_version: digest.pepper_version(),
            digest: *digest.as_bytes(),
            scopes: Scopes::parse(ALL_SCOPES).unwrap(),
            ip_list: IpList::unrestricted(),
            lifecycle: Lifecycle::new(self.clock.now()),
            last_four: key.last_four().into(),
            name: String::new(),
        };
        self.services.vault.insert_credential(&record).await.unwrap();
    }

    /// A live key, for which signing is off.
    async fn live(&self) -> String {
        let key = FAMILY.format.mint(Mode::Live, |bytes| self.services.rng.fill(bytes)).unwrap();
        self.store(key.expose_secret(), Mode::Live).await;
        key.expose_secret().to_owned()
    }

    fn ask(&self, pair: &Pair) -> Request<Body> {
        let request = Request::get(BALANCE).header("x-api-key", &self.key);
        let request = request.header("x-api-challenge", &pair.challenge);
        request.header("x-api-signature", &pair.signature).body(Body::empty()).unwrap()
    }
}

async fn send(router: Router, mut request: Request<Body>) -> Answer {
    request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(([127, 0, 0, 1], 40_000))));
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
}

fn vector(name: &str) -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../../../vectors/cardpluspay.json")).unwrap();
    vectors["vectors"].as_array().unwrap().iter().find(|vector| vector["name"] == name).unwrap().clone()
}

fn vector_key() -> PublicKey {
    let pem = vector("cardpluspay/rsa-signature")["inputs"]["public_key_spki_pem"].clone();
    PublicKey::from_pem(pem.as_str().unwrap()).unwrap()
}

fn vector_pair() -> Pair {
    let signed = vector("cardpluspay/rsa-signature");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let challenge = text(&vector("cardpluspay/challenge")["expected"]["challenge"]);
    assert_eq!(signed["inputs"]["message_ascii"], challenge.as_str());
    Pair { challenge, signature: text(&signed["expected"]["signature_base64"]) }
}
