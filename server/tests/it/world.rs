//! A server in this process: real router, real database, a clock that stands still.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::sync::OnceCell;
use tollgate::account::{CLIENT_ID, ClientDialect, KeyFamily, MerchantId, MerchantStatus, Switch, UserId};
use tollgate::administration::{Actor, NewClient, NewKey};
use tollgate::app::{App, Listener, Options, Services, Storage};
use tollgate::auth::ListenerMode;
use tollgate::clock::Clock;
use tollgate::demo;
use tollgate::dialects::{self, Dialect};
use tollgate::edge::router;
use tollgate::mail::{Mailer, SmtpServer};
use tollgate::storage::{Bound, StorageUrl};
use tollgate::telemetry::Metrics;
use tollgate::transport::Channel;
use tollgate::webhooks::{Dialler, TargetPolicy};
use tollgate_apikey::{KeyId, Mode, Overlap, Scopes};
use tollgate_client_address::{IpList, TrustedProxies};
use tower::ServiceExt;

use super::storage::{execute, schema};

pub(crate) const SANDBOX: &str = "http://sandbox.test";
pub(crate) const LIVE: &str = "http://live.test";

/// 2026-01-01T00:00:00Z
pub(crate) const T0: i64 = 1_767_225_600;

pub(crate) struct World {
    pub(crate) services: Arc<Services>,
    pub(crate) clock: Clock,
    /// What `dev --print json` prints at the first start.
    pub(crate) demo: Value,
    sandbox: Router,
    live: Router,
    any: Router,
    metrics: Metrics,
    dir: TempDir,
}

/// A request to one of the listeners.
pub(crate) struct Call {
    listener: ListenerMode,
    request: axum::http::request::Builder,
    body: Body,
    peer: [u8; 4],
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// The demo merchant's data directory is made once and copied for each test.
static TEMPLATE: OnceCell<(TempDir, Value)> = OnceCell::const_new();

pub(crate) async fn world() -> World {
    world_with(dialects::ALL).await
}

pub(crate) async fn world_with(dialects: &'static [&'static dyn Dialect]) -> World {
    build(dialects, |options| options, |_| Mailer::keeping()).await
}

/// A world that sends no mail, and keeps none.
pub(crate) async fn world_without_mail() -> World {
    build(dialects::ALL, |options| options, |_| Mailer::none()).await
}

/// A world whose webhooks go through this dialler.
pub(crate) async fn world_dialling(dialler: Dialler) -> World {
    build(dialects::ALL, |options| Options { dialler, ..options }, |_| Mailer::keeping()).await
}

/// A world whose mail goes to this server, whenever it is told to.
pub(crate) async fn world_mailing(server: &SmtpServer) -> World {
    let mailer = |services: &Services| Mailer::smtp(server, services.post_parts()).unwrap();
    build(dialects::ALL, |options| options, mailer).await
}

async fn build(
    dialects: &'static [&'static dyn Dialect],
    adapt: impl FnOnce(Options) -> Options,
    mailer: impl FnOnce(&Services) -> Mailer,
) -> World {
    if let Some(url) = POSTGRES.with(|url| url.borrow().clone()) {
        return build_on_postgres(dialects, adapt, mailer, url).await;
    }
    let (template, demo) = TEMPLATE.get_or_init(template).await;
    let dir = tempfile::tempdir().unwrap();
    for file in [Services::DATABASE, Services::KEYS] {
        std::fs::copy(template.path().join(file), dir.path().join(file)).unwrap();
    }
    let clock = Clock::manual(OffsetDateTime::from_unix_timestamp(T0).unwrap());
    let mut services = Services::open(dir.path(), adapt(options(clock.clone()))).await.unwrap();
    services.mailer = mailer(&services);
    World::assemble(Arc::new(services), clock, demo.clone(), dir, dialects)
}

thread_local! {
    /// The database of the worlds that this thread makes, if they are not to have a file each.
    static POSTGRES: RefCell<Option<StorageUrl>> = const { RefCell::new(None) };
}

/// Runs a whole test, which makes one world, on a PostgreSQL schema of its own; without a server it is skipped.
pub(crate) fn on_postgres(test: fn()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Some((url, name, _turn)) = runtime.block_on(schema()) else { return };
    POSTGRES.with(|place| place.replace(Some(StorageUrl::new(url.clone()))));
    let outcome = std::panic::catch_unwind(test);
    POSTGRES.with(|place| place.replace(None));
    runtime.block_on(execute(&url, format!("DROP SCHEMA {name} CASCADE")));
    if let Err(failed) = outcome {
        std::panic::resume_unwind(failed);
    }
}

async fn build_on_postgres(
    dialects: &'static [&'static dyn Dialect],
    adapt: impl FnOnce(Options) -> Options,
    mailer: impl FnOnce(&Services) -> Mailer,
    url: StorageUrl,
) -> World {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(OffsetDateTime::from_unix_timestamp(T0).unwrap());
    let options = Options {
        storage: Storage::Postgres { url, redis: None, bound: Bound::default() },
        ..adapt(options(clock.clone()))
    };
    let mut services = Services::open(dir.path(), options).await.unwrap();
    services.mailer = mailer(&services);
    let demo = demo::credentials(&services, SANDBOX, LIVE).await.unwrap().to_json().unwrap();
    World::assemble(Arc::new(services), clock, serde_json::from_str(&demo).unwrap(), dir, dialects)
}

async fn template() -> (TempDir, Value) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(OffsetDateTime::from_unix_timestamp(T0).unwrap());
    let services = Services::open(dir.path(), options(clock)).await.unwrap();
    let printed = demo::credentials(&services, SANDBOX, LIVE).await.unwrap().to_json().unwrap();
    services.close().await;
    (dir, serde_json::from_str(&printed).unwrap())
}

/// How services of a test start.
pub(crate) fn options(clock: Clock) -> Options {
    Options { clock, ..Options::system(TargetPolicy::Public).unwrap() }
}

impl World {
    /// A server over services that were opened elsewhere.
    pub(crate) fn over(services: Arc<Services>, clock: Clock, demo: Value, dir: TempDir) -> Self {
        Self::assemble(services, clock, demo, dir, dialects::ALL)
    }

    fn assemble(
        services: Arc<Services>,
        clock: Clock,
        demo: Value,
        dir: TempDir,
        dialects: &'static [&'static dyn Dialect],
    ) -> Self {
        let metrics = Metrics::new();
        let listener = |mode: ListenerMode, base_url| {
            let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
            let mut listener = services.listener(mode, base_url, proxies, Channel::Loopback).unwrap();
            listener.panel = Switch::On;
            listener.meter = Some(metrics.meter(([127, 0, 0, 1], 8443).into(), mode.as_str()));
            router(&App::new(services.clone(), Arc::new(listener)), dialects)
        };
        Self {
            sandbox: listener(ListenerMode::Test, SANDBOX),
            live: listener(ListenerMode::Live, LIVE),
            any: listener(ListenerMode::Any, SANDBOX),
            metrics,
            services,
            clock,
            demo,
            dir,
        }
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        let router = match call.listener {
            ListenerMode::Any => &self.any,
            ListenerMode::Live => &self.live,
            ListenerMode::Test => &self.sandbox,
        };
        Self::send_to(router, call).await
    }

    /// Sends to a router of the test's own making.
    pub(crate) async fn send_to(router: &Router, call: Call) -> Answer {
        let mut request: Request<Body> = call.request.body(call.body).unwrap();
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from((call.peer, 40_000))));
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    /// A listener for test credentials behind the proxies in 10.0.0.0/8, which this channel leads to.
    pub(crate) fn listener(&self, channel: Channel) -> Listener {
        let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
        self.services.listener(ListenerMode::Test, SANDBOX, proxies, channel).unwrap()
    }

    /// The routes of a listener.
    pub(crate) fn router(&self, listener: Listener, dialects: &[&'static dyn Dialect]) -> Router {
        router(&App::new(self.services.clone(), Arc::new(listener)), dialects)
    }

    /// The sandbox's router, for what calls it without a socket.
    pub(crate) fn sandbox(&self) -> Router {
        self.sandbox.clone()
    }

    /// A text of the demo JSON, by pointer.
    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        match self.demo.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            other => panic!("{pointer} is {other:?}"),
        }
    }

    /// What a scraper would read.
    pub(crate) fn metrics(&self) -> String {
        self.metrics.text().unwrap()
    }

    /// The data directory.
    pub(crate) fn data(&self) -> &Path {
        self.dir.path()
    }

    /// The database file, for what only somebody with access to it can do.
    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join(Services::DATABASE)
    }

    /// A connection to the database beside the server's own.
    pub(crate) async fn connect(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.database());
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    /// Stops the server; the data directory stays.
    pub(crate) async fn close(self) -> TempDir {
        self.services.close().await;
        self.dir
    }

    /// Takes a table away under the running server: from here on, whatever asks for it cannot be answered.
    pub(crate) async fn without_table(&self, table: &str) {
        let mut connection = self.connect().await;
        let rename = format!("ALTER TABLE {table} RENAME TO {table}_away");
        sqlx::query(sqlx::AssertSqlSafe(rename)).execute(&mut connection).await.unwrap();
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    pub(crate) fn merchant_id(&self) -> MerchantId {
        MerchantId::parse(&self.text("/merchant_id_live")).unwrap().0
    }

    /// A key beside those that exist, as the operator would make it.
    pub(crate) async fn issue_key(
        &self,
        merchant: &MerchantId,
        user: Option<UserId>,
        family: KeyFamily,
        mode: Mode,
        scopes: &str,
    ) -> String {
        let new = NewKey {
            merchant: merchant.clone(),
            user,
            family,
            mode,
            scopes: Scopes::parse(scopes).unwrap(),
            ip_list: IpList::unrestricted(),
            name: String::new(),
            expires_at: None,
        };
        let issued = self.services.administration.issue_key(&Actor::operator(), new).await.unwrap();
        issued.text.expose_secret().to_owned()
    }

    /// A client as the operator would make it: its id text and its secret.
    pub(crate) async fn make_client(
        &self,
        merchant: &MerchantId,
        dialect: ClientDialect,
        mode: Mode,
        scopes: &str,
    ) -> (String, String) {
        let scopes = Scopes::parse(scopes).unwrap();
        let new = NewClient { dialect, merchant: merchant.clone(), mode, scopes, name: String::new() };
        let (client, secret) = self.services.administration.create_client(&Actor::operator(), new).await.unwrap();
        (client.public_id(), secret.text.expose_secret().to_owned())
    }

    /// A new secret of a client, in the place of the others.
    pub(crate) async fn rotate_client(&self, client: &str, overlap_s: u32) -> String {
        let (client, overlap) = (CLIENT_ID.parse(client).unwrap().id(), Overlap::new(overlap_s).unwrap());
        let administration = &self.services.administration;
        let issued = administration.rotate_client_secret(&Actor::operator(), client, overlap).await.unwrap();
        issued.text.expose_secret().to_owned()
    }

    /// Revokes a key or a client secret.
    pub(crate) async fn revoke(&self, id: KeyId) {
        let (administration, actor) = (&self.services.administration, Actor::operator());
        let revoked = match administration.key(id).await.unwrap() {
            Some(_) => administration.revoke_key(&actor, id).await,
            None => administration.revoke_client_secret(&actor, id).await,
        };
        assert!(revoked.unwrap(), "it was revoked before");
    }

    /// Changes the demo merchant, as the operator would.
    pub(crate) async fn set_merchant(&self, status: MerchantStatus, ip_list: IpList) {
        let id = self.merchant_id();
        let (administration, actor) = (&self.services.administration, Actor::operator());
        administration.set_merchant_status(&actor, &id, status).await.unwrap();
        administration.set_merchant_ip_list(&actor, &id, ip_list).await.unwrap();
    }

    /// Logs the demo user in and answers the access token.
    pub(crate) async fn log_in(&self, listener: ListenerMode) -> String {
        let body = serde_json::json!({ "email": self.text("/panel/email"), "password": self.text("/panel/password") });
        let answer = self.send(Call::post("/auth/login").on(listener).json(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["accessToken"].as_str().unwrap().to_owned()
    }
}

impl Call {
    fn new(method: &str, path: &str) -> Self {
        Self {
            listener: ListenerMode::Test,
            request: Request::builder().method(method).uri(path),
            body: Body::empty(),
            peer: [127, 0, 0, 1],
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    pub(crate) fn post(path: &str) -> Self {
        Self::new("POST", path)
    }

    pub(crate) fn put(path: &str) -> Self {
        Self::new("PUT", path)
    }

    pub(crate) fn method(method: &str, path: &str) -> Self {
        Self::new(method, path)
    }

    pub(crate) fn on(self, listener: ListenerMode) -> Self {
        Self { listener, ..self }
    }

    pub(crate) fn live(self) -> Self {
        self.on(ListenerMode::Live)
    }

    /// Comes from this address.
    pub(crate) fn from(self, peer: [u8; 4]) -> Self {
        Self { peer, ..self }
    }

    pub(crate) fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        Self { request: self.request.header(name, value.as_ref()), ..self }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw_json(body.to_string())
    }

    pub(crate) fn raw_json(self, body: impl Into<Body>) -> Self {
        let call = self.header("content-type", "application/json");
        Self { body: body.into(), ..call }
    }

    pub(crate) fn body(self, body: impl Into<Body>) -> Self {
        Self { body: body.into(), ..self }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Everything a client can compare, but for the request id: status, headers in order, body.
    pub(crate) fn comparable(&self) -> String {
        let mut headers: Vec<String> = self
            .headers
            .iter()
            .filter(|(name, _)| *name != "x-request-id")
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort();
        format!("{}\n{}\n{}", self.status, headers.join("\n"), self.text())
    }

    /// Asserts status, exact JSON body, and that the request is named.
    #[track_caller]
    pub(crate) fn expect(&self, label: &str, status: u16, body: &Value) {
        assert_eq!(self.status.as_u16(), status, "{label}: {}", self.text());
        assert_eq!(&self.json(), body, "{label}");
        let id = self.header("x-request-id").unwrap_or_default();
        assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{label}: request id {id:?}");
    }
}
