//! 88Pay: a key and a merchant id buy a token; the token works with its own session id only, for 60 seconds.

mod balance;
mod charges;
mod forged;
mod limits;
mod session;
mod states;
mod token;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http_body_util::BodyExt;
use ring::digest::{SHA256, digest};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;
use tollgate::account::{Actor, Credential, KeyFamily, Merchant, MerchantId, MerchantStatus, User, UserId};
use tollgate::app::{App, Services};
use tollgate::auth::ListenerMode;
use tollgate::clock::Clock;
use tollgate::dialects;
use tollgate::edge::router;
use tollgate::keys::KeyFile;
use tollgate::transport::Channel;
use tollgate_apikey::{ApiKey, KeyId, Lifecycle, Mode, Overlap, Peppers, Scopes};
use tollgate_client_address::{IpList, TrustedProxies};
use tower::ServiceExt;

use super::world::{Answer, Call, SANDBOX, T0, World, options};

const TOKEN: &str = "/api/auth/token";
const CHARGES: &str = "/api/transactions/charges";
const BALANCE: &str = "/api/balance";
const FAMILY: KeyFamily = KeyFamily::EIGHTY_EIGHT_PAY;
const ALL_SCOPES: &str = "balance:read charges:write";
const NO_KEY: &str = "Invalid API key or merchant ID";
const BAD_BEARER: &str = "Bearer realm=\"88pay\", error=\"invalid_token\"";
const HOME: [u8; 4] = [127, 0, 0, 1];

/// A key with a merchant id.
#[derive(Clone)]
struct Account {
    key: String,
    id: String,
    mode: Mode,
}

/// A token with a session id.
#[derive(Clone)]
struct Pair {
    token: String,
    session: String,
}

impl Account {
    fn sign(&self, call: Call) -> Call {
        call.header("x-api-key", &self.key).header("x-merchant-id", &self.id)
    }

    fn ask(&self) -> Call {
        self.sign(Call::post(TOKEN)).on(listener_of(self.mode))
    }

    async fn buy(&self, world: &World) -> Pair {
        Pair::of(&world.send(self.ask()).await)
    }
}

impl Pair {
    #[track_caller]
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        Self { token: member(answer, "access_token"), session: member(answer, "session_id") }
    }

    fn sign(&self, call: Call) -> Call {
        call.header("authorization", format!("Bearer {}", self.token)).header("x-session-id", &self.session)
    }

    fn balance(&self) -> Call {
        self.sign(Call::get(BALANCE))
    }

    fn charge(&self, body: &Value) -> Call {
        self.sign(Call::post(CHARGES)).json(body)
    }
}

fn demo(world: &World, mode: Mode) -> Account {
    Account {
        key: world.text(&format!("/88pay/api_key_{}", mode.as_str())),
        id: world.merchant_id().in_mode(mode),
        mode,
    }
}

fn listener_of(mode: Mode) -> ListenerMode {
    match mode {
        Mode::Live => ListenerMode::Live,
        Mode::Test => ListenerMode::Test,
    }
}

/// One address a row, so that the limit on failures stays out of the table.
fn peer(n: usize) -> [u8; 4] {
    [198, 51, 100, u8::try_from(n).unwrap()]
}

fn charge() -> Value {
    json!({ "flow": "PAYIN", "method_code": "CARDS", "amount": 50_000, "currency": "COP", "country": "COL" })
}

async fn second_merchant(world: &World) -> MerchantId {
    let merchant = Merchant { currency: "PEN".to_owned(), ..merchant("PER", "9QX2ZD") };
    world.services.vault.insert_merchant(&merchant, "7.50").await.unwrap();
    merchant.id
}

fn merchant(country: &str, id: &str) -> Merchant {
    Merchant {
        id: MerchantId::new(country, id).unwrap(),
        name: "Other Shop".to_owned(),
        status: MerchantStatus::Active,
        ip_list: IpList::unrestricted(),
        domains: vec![],
        methods: vec!["CARDS".to_owned()],
        currency: "COP".to_owned(),
        created_at: OffsetDateTime::from_unix_timestamp(T0).unwrap(),
    }
}

async fn issue(world: &World, merchant: &MerchantId, mode: Mode, scopes: &str) -> String {
    issue_as(world, merchant.clone(), None, mode, scopes).await
}

/// A key in the one place that a user has, so that it can be replaced.
async fn issue_to(world: &World, user: &User) -> String {
    issue_as(world, user.merchant.clone(), Some(user.id), Mode::Test, ALL_SCOPES).await
}

async fn issue_as(world: &World, merchant: MerchantId, user: Option<UserId>, mode: Mode, scopes: &str) -> String {
    world.issue_key(&merchant, user, FAMILY, mode, scopes).await
}

/// A new key in the place of the user's others, which retire.
async fn replace(world: &World, user: &User, overlap_s: u32) -> String {
    let (scopes, overlap) = (Scopes::parse(ALL_SCOPES).unwrap(), Overlap::new(overlap_s).unwrap());
    let (administration, actor) = (&world.services.administration, Actor::operator());
    let key = administration.replace_user_key(&actor, FAMILY, user, Mode::Test, scopes, overlap).await.unwrap();
    key.text.expose_secret().to_owned()
}

async fn revoke(world: &World, key: &str) {
    world.revoke(id_of(key)).await;
}

async fn user(world: &World) -> User {
    let id = UserId::parse(&world.text("/panel/user_id")).unwrap();
    world.services.vault.user(id).await.unwrap().unwrap()
}

fn id_of(key: &str) -> KeyId {
    FAMILY.format.parse(key).unwrap().id()
}

/// A well-formed key with this id and a secret of our own.
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

fn error(code: u16, message: &str) -> Value {
    json!({ "status": "Error", "code": code, "message": message })
}

/// A text member of `data`.
#[track_caller]
fn member(answer: &Answer, name: &str) -> String {
    answer.json()["data"][name].as_str().unwrap_or_else(|| panic!("{name} in {}", answer.text())).to_owned()
}

/// Limit, remaining and reset (Unix seconds) of the window that is shown.
#[track_caller]
fn expect_quota(label: &str, answer: &Answer, quota: (u64, u64, i64)) {
    let shown = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"].map(|name| answer.header(name));
    let (limit, remaining, reset) = (quota.0.to_string(), quota.1.to_string(), quota.2.to_string());
    assert_eq!(shown, [Some(limit.as_str()), Some(&remaining), Some(&reset)], "{label}: {}", answer.text());
}

#[track_caller]
fn expect_no_quota(label: &str, answer: &Answer) {
    let shown = answer.headers.keys().find(|name| name.as_str().starts_with("x-ratelimit"));
    assert_eq!(shown, None, "{label}");
}

/// A token of ours, taken apart; nothing is checked.
struct Jwt {
    header: Value,
    claims: Value,
    signature: Vec<u8>,
    /// What the signature covers.
    signed: String,
}

impl Jwt {
    #[track_caller]
    fn read(token: &str) -> Self {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let read = |part| serde_json::from_slice(&unbase64(part)).unwrap();
        Self { header: read(header), claims: read(claims), signature: unbase64(signature), signed: signed.to_owned() }
    }
}

/// A server whose key file the test can read: for records and tokens that no route makes.
struct Bench {
    services: Arc<Services>,
    clock: Clock,
    merchant: MerchantId,
    router: Router,
    peppers: Peppers,
    keys: toml::Table,
    failures: AtomicUsize,
    _dir: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(OffsetDateTime::from_unix_timestamp(T0).unwrap());
        let services = Arc::new(Services::open(dir.path(), options(clock.clone())).await.unwrap());
        let merchant = merchant("COL", "7QX2Z");
        services.vault.insert_merchant(&merchant, "1.00").await.unwrap();
        let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
        let listener = Arc::new(services.listener(ListenerMode::Test, SANDBOX, proxies, Channel::Loopback).unwrap());
        let path = dir.path().join(Services::KEYS);
        Self {
            router: router(&App::new(services.clone(), listener), dialects::ALL),
            peppers: KeyFile::read(&path).unwrap().peppers(&path).unwrap(),
            keys: std::fs::read_to_string(&path).unwrap().parse().unwrap(),
            merchant: merchant.id,
            failures: AtomicUsize::new(0),
            services,
            clock,
            _dir: dir,
        }
    }

    /// Stores a key after a change to its record.
    async fn key(&self, change: impl FnOnce(&mut Credential)) -> ApiKey {
        let key = FAMILY.format.mint(Mode::Test, |bytes| self.services.rng.fill(bytes)).unwrap();
        let digest = self.peppers.digest(&key);
        let mut record = Credential {
            id: key.id(),
            kind: FAMILY.kind,
            merchant: self.merchant.clone(),
            user: None,
            client: None,
            mode: Mode::Test,
            pepper_version: digest.pepper_version(),
            digest: *digest.as_bytes(),
            scopes: Scopes::parse(ALL_SCOPES).unwrap(),
            ip_list: IpList::unrestricted(),
            lifecycle: Lifecycle::new(self.clock.now()),
            last_four: key.last_four().into(),
            name: String::new(),
        };
        change(&mut record);
        self.services.vault.insert_credential(&record).await.unwrap();
        key
    }

    async fn ask(&self, key: &ApiKey, from: [u8; 4]) -> Answer {
        let id = self.merchant.in_mode(Mode::Test);
        let request = Request::post(TOKEN).header("x-api-key", key.expose_secret()).header("x-merchant-id", id);
        self.send(request.body(Body::empty()).unwrap(), from).await
    }

    async fn buy(&self, key: &ApiKey) -> Pair {
        Pair::of(&self.ask(key, HOME).await)
    }

    async fn balance(&self, pair: &Pair, from: [u8; 4]) -> Answer {
        let request = Request::get(BALANCE).header("authorization", format!("Bearer {}", pair.token));
        self.send(request.header("x-session-id", &pair.session).body(Body::empty()).unwrap(), from).await
    }

    async fn jwk(&self) -> Value {
        let request = Request::get("/.well-known/jwks.json").body(Body::empty()).unwrap();
        self.send(request, HOME).await.json()["keys"][0].clone()
    }

    async fn send(&self, mut request: Request<Body>, from: [u8; 4]) -> Answer {
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from((from, 40_000))));
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    async fn expect_good(&self, label: &str, token: &str, session: &str) {
        let pair = Pair { token: token.to_owned(), session: session.to_owned() };
        let answer = self.balance(&pair, HOME).await;
        assert_eq!(answer.status, 200, "{label}: {}", answer.text());
    }

    async fn expect_refused(&self, label: &str, token: &str, session: &str) {
        let pair = Pair { token: token.to_owned(), session: session.to_owned() };
        let answer = self.balance(&pair, peer(self.failures.fetch_add(1, Ordering::SeqCst))).await;
        answer.expect(label, 401, &error(401, "Unauthorized"));
        assert_eq!(answer.header("www-authenticate"), Some(BAD_BEARER), "{label}");
        expect_no_quota(label, &answer);
    }

    fn signing(&self, purpose: &str) -> &toml::Value {
        let entries = self.keys["signing"].as_array().unwrap();
        entries.iter().find(|entry| entry["purpose"].as_str() == Some(purpose)).unwrap()
    }

    fn kid(&self, purpose: &str) -> String {
        self.signing(purpose)["kid"].as_str().unwrap().to_owned()
    }

    /// Signs as the server does.
    fn sign(&self, header: &str, claims: &str) -> String {
        self.sign_text(&format!("{}.{}", base64(header), base64(claims)))
    }

    fn sign_text(&self, signed: &str) -> String {
        let pkcs8 = STANDARD.decode(self.signing("88pay")["secret"].as_str().unwrap()).unwrap();
        let random = self.services.rng.source();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &*random).unwrap();
        format!("{signed}.{}", base64(key.sign(&*random, signed.as_bytes()).unwrap()))
    }
}

/// The uncompressed point of a JWK.
fn point(jwk: &Value) -> Vec<u8> {
    let coordinate = |name: &str| unbase64(jwk[name].as_str().unwrap());
    [vec![4], coordinate("x"), coordinate("y")].concat()
}

/// base64url of the SHA-256 of a session id.
fn sid(session: &str) -> String {
    base64(digest(&SHA256, session.as_bytes()))
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[track_caller]
fn unbase64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
