//! What must be refused, row by row as the protocols state it: status, headers and body exactly.

mod alternative;
mod caibo;
mod cardpluspay;
mod eighty_eight_pay;
mod pledg;

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use tollgate::account::{KeyFamily, UserId};
use tollgate::administration::Actor;
use tollgate::auth::ListenerMode;
use tollgate_apikey::{KeyId, MAX_OVERLAP_SECONDS, Mode, Overlap};

use super::alternative::{Client, init};
use super::world::{Answer, Call, World};

/// A refusal as it must look: status, every header but the request id, body.
#[derive(Clone)]
struct Refusal {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: Value,
}

impl Refusal {
    /// Asserts that an answer is this refusal and nothing else.
    #[track_caller]
    fn expect(&self, label: &str, answer: &Answer) {
        answer.expect(label, self.status, &self.body);
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "content-length"].contains(&name.as_str()))
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        headers.sort_unstable();
        let mut expected = self.headers.clone();
        expected.sort_unstable();
        assert_eq!(headers, expected, "{label}");
    }

    /// The same with one more header.
    fn and(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// What a faulty call brings: names and values.
type Headers = Vec<(&'static str, String)>;

/// Sends each row from an address of its own, so that none meets the limit on failures, and compares its answer.
async fn expect_rows(world: &World, rows: Vec<(&str, Call, Refusal)>) {
    for (n, (label, call, refusal)) in rows.into_iter().enumerate() {
        refusal.expect(label, &world.send(call.from(peer(n))).await);
    }
}

/// Sends each faulty credential to each route and asserts that every answer of a route is the same refusal.
async fn expect_alike(world: &World, routes: &[(&str, &str, Refusal)], faults: &[(&str, ListenerMode, Headers)]) {
    for (row, (method, path, refusal)) in routes.iter().enumerate() {
        let mut seen = None;
        for (n, (label, listener, headers)) in faults.iter().enumerate() {
            let call = Call::method(method, path).on(*listener).from(peer(row * 100 + n));
            let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
            let answer = world.send(call).await;
            refusal.expect(&format!("{method} {path}: {label}"), &answer);
            let seen = seen.get_or_insert_with(|| answer.comparable());
            assert_eq!(&answer.comparable(), seen, "{method} {path}: {label}");
        }
    }
}

fn peer(n: usize) -> [u8; 4] {
    [198, 18, u8::try_from(n / 256).unwrap(), u8::try_from(n % 256).unwrap()]
}

/// A further key of the demo merchant and its user, and its id.
async fn issue(world: &World, family: KeyFamily, mode: Mode, scopes: &str) -> (String, KeyId) {
    let user = UserId::from_stored(world.text("/panel/user_id").parse().unwrap());
    let key = world.issue_key(&world.merchant_id(), Some(user), family, mode, scopes).await;
    let id = family.format.parse(&key).unwrap().id();
    (key, id)
}

/// A further secret of a client beside those it has, and its id.
async fn further_secret(world: &World, client: &str) -> (String, KeyId) {
    let secret = world.rotate_client(client, MAX_OVERLAP_SECONDS).await;
    let id = KeyFamily::CLIENT_SECRET.format.parse(&secret).unwrap().id();
    (secret, id)
}

/// Revokes a credential, as its owner would.
async fn revoke(world: &World, id: KeyId) {
    world.revoke(id).await;
}

/// Replaces a credential with an overlap that is over when this returns.
async fn let_expire(world: &World, id: KeyId) {
    let (administration, overlap) = (&world.services.administration, Overlap::new(1).unwrap());
    let rotated = match world.services.vault.credential(id).await.unwrap().unwrap().client {
        Some(client) => administration.rotate_client_secret(&Actor::operator(), client, overlap).await,
        None => administration.rotate_key(&Actor::operator(), id, overlap).await,
    };
    assert_ne!(rotated.unwrap().record.id, id);
    world.advance(1);
}

/// A well-formed key with this id and a secret that nobody has.
fn forged(family: KeyFamily, id: KeyId, mode: Mode) -> String {
    const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // The first random bytes that are asked for become the id, each the character at its place.
    let mut places = id.as_str().chars().map(|c| u8::try_from(ALPHABET.find(c).unwrap()).unwrap());
    let key = family.format.mint(mode, |bytes| {
        bytes.fill_with(|| places.next().unwrap_or(7));
        Ok::<_, Infallible>(())
    });
    let key = key.unwrap();
    assert_eq!(key.id(), id);
    key.expose_secret().to_owned()
}

/// The token with another signature, and with a key name that nobody has.
fn touched(token: &str) -> (String, String) {
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let (header, rest) = token.split_once('.').unwrap();
    let mut header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    header["kid"] = "xxx-00000000".into();
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    (format!("{signed}.{first}{}", &signature[1..]), format!("{header}.{rest}"))
}

fn bearer(token: &str) -> Headers {
    vec![("authorization", format!("Bearer {token}"))]
}

fn basic(user: &str, password: &str) -> Headers {
    vec![("authorization", format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))]
}

/// A token of each other kind that a bearer may bring to the sandbox.
struct Tokens {
    panel: String,
    session: String,
    pledg: String,
    access: String,
    checkout: String,
}

impl Tokens {
    async fn buy(world: &World) -> Self {
        let call = Call::post("/api/auth/token").header("x-api-key", world.text("/88pay/api_key_test"));
        let session = world.send(call.header("x-merchant-id", world.text("/merchant_id_test"))).await.json();
        let (id, secret) = (world.text("/pledg/key"), world.text("/pledg/secret"));
        let pledg = Client { id, secret, listener: ListenerMode::Test };
        let pledg = world.send(pledg.sign(Call::post("/api/token")).form("grant_type=client_credentials")).await;
        let access = Client::demo(world).token(world).await;
        Self {
            panel: world.log_in(ListenerMode::Test).await,
            session: session["data"]["access_token"].as_str().unwrap().to_owned(),
            pledg: pledg.member("access_token"),
            checkout: world.send(init(world, &access)).await.member("token"),
            access,
        }
    }
}
