//! Nodes that keep records in memory and tell each other: on PostgreSQL only.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tollgate::account::{Actor, KeyFamily, MerchantId};
use tollgate::administration::NewKey;
use tollgate::app::{Options, Services, Storage};
use tollgate::clock::Clock;
use tollgate::storage::{Bound, CACHED_TABLES, REQUEST_SIGNING, StorageUrl};
use tollgate::telemetry::FeedSource;
use tollgate_apikey::{KeyId, Mode, Scopes};
use tollgate_client_address::IpList;

use super::samples::{MODE, client, in_s, key_id, merchant, now, user};
use super::{Kind, Scratch, execute};
use crate::world::options;

/// What a test waits for anything at most.
const PATIENCE: Duration = Duration::from_mins(1);

/// A node in this process, on the clocks of the machine.
struct Node {
    services: Arc<Services>,
    stop: watch::Sender<bool>,
    feed: JoinHandle<()>,
    dir: TempDir,
}

impl Node {
    /// Starts one, with the key file of the other if there is one.
    async fn start(scratch: &Scratch, bound: Duration, other: Option<&Self>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        if let Some(other) = other {
            std::fs::copy(other.dir.path().join(Services::KEYS), dir.path().join(Services::KEYS)).unwrap();
        }
        let url = StorageUrl::new(scratch.url().unwrap().to_owned());
        let storage = Storage::Postgres { url, redis: None, bound: Bound::new(bound).unwrap() };
        let options = Options { storage, ..options(Clock::system()) };
        let services = Arc::new(Services::open(dir.path(), options).await.unwrap());
        let (stop, stopped) = watch::channel(false);
        let feed = tokio::spawn(services.clone().follow_changes(stopped));
        let node = Self { services, stop, feed, dir };
        node.until_trusted().await;
        node
    }

    fn trusted(&self) -> bool {
        self.services.feed.as_ref().unwrap().trusted()
    }

    async fn until_trusted(&self) {
        until("memory is trusted", || async { self.trusted() }).await;
    }

    async fn revoked(&self, id: KeyId) -> bool {
        let credential = self.services.records.credential(id).await.unwrap().unwrap();
        credential.lifecycle.check(self.services.clock.now()).is_err()
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.feed.await.unwrap();
        self.services.close().await;
    }
}

async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not within a minute: {what}"));
}

async fn stored_merchant(node: &Node) -> MerchantId {
    node.services.vault.insert_merchant(&merchant(1), "1.00").await.unwrap();
    merchant(1).id
}

async fn key(node: &Node, merchant: &MerchantId) -> KeyId {
    let new = NewKey {
        family: KeyFamily::CAIBO,
        merchant: merchant.clone(),
        mode: Mode::Test,
        user: None,
        scopes: Scopes::empty(),
        ip_list: IpList::unrestricted(),
        name: "key".into(),
        expires_at: None,
    };
    node.services.administration.issue_key(&Actor::operator(), new).await.unwrap().record.id
}

async fn rows(connection: &mut PgConnection, statement: &'static str) -> Vec<String> {
    sqlx::query_scalar(statement).fetch_all(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_that_is_kept_in_memory_tells_of_its_changes_to_whoever_makes_them() {
    let Some(scratch) = Scratch::open(Kind::Postgres).await else { return };
    let mut connection = PgConnection::connect(scratch.url().unwrap()).await.unwrap();
    let triggers = rows(
        &mut connection,
        "SELECT relname || ' ' || tgname || ' ' || tgenabled::text FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid \
         WHERE relnamespace = current_schema()::regnamespace AND NOT tgisinternal",
    )
    .await;
    for table in CACHED_TABLES {
        for trigger in ["tell", "tell_all"] {
            let always = format!("{table} {trigger} A");
            assert!(triggers.contains(&always), "{always} is none of {triggers:?}");
        }
    }
    let channel =
        rows(&mut connection, "SELECT 'tollgate_' || current_schema()::regnamespace::oid::text").await.remove(0);
    let mut listener = PgListener::connect(scratch.url().unwrap()).await.unwrap();
    listener.listen(&channel).await.unwrap();

    let backend = scratch.backend();
    let shop = super::samples::stored_merchant(&backend, 1).await;
    let owner = backend.vault.insert_user(&user(&shop, "a@b.example"), now()).await.unwrap();
    let far = 4_000_000_000_000_i64;
    let key = key_id(7);
    let steps: &[(String, &[String])] = &[
        (
            format!(
                "INSERT INTO credentials (id, kind, merchant_id, mode, pepper_version, digest, scopes, last_four, \
                 created_at) VALUES ('{}', 'caibo', '{shop}', 'test', 1, '\\x00', '', 'abcd', 1)",
                key.as_str()
            ),
            &[],
        ),
        ("UPDATE credentials SET revoked_at = 1".into(), &[format!("credential {}", key.as_str())]),
        ("DELETE FROM credentials".into(), &[format!("credential {}", key.as_str())]),
        ("UPDATE merchants SET status = 'suspended'".into(), &[format!("merchant {shop}")]),
        ("UPDATE users SET generation = generation + 1".into(), &[format!("user {owner}")]),
        (
            format!(
                "INSERT INTO oauth_clients (id, dialect, merchant_id, mode, scopes, created_at) \
                 VALUES ('{}', 'pledg', '{shop}', 'test', '', 1)",
                key.as_str()
            ),
            &[],
        ),
        ("UPDATE oauth_clients SET scopes = 'x'".into(), &[format!("client {}", key.as_str())]),
        (
            format!("INSERT INTO settings VALUES ('{shop}', 'test', '{REQUEST_SIGNING}', 'true')"),
            &[format!("signing {shop} test")],
        ),
        ("UPDATE settings SET mode = 'live'".into(), &[format!("signing {shop} test"), format!("signing {shop} live")]),
        ("DELETE FROM settings".into(), &[format!("signing {shop} live")]),
        (
            format!(
                "INSERT INTO rsa_keys (id, merchant_id, mode, spki, fingerprint, created_at) \
                 VALUES ('r', '{shop}', 'test', '\\x00', 'f', 1)"
            ),
            &[format!("signing {shop} test")],
        ),
        (format!("INSERT INTO revoked_tokens VALUES ('jti', {far})"), &[format!("token jti {far}")]),
        ("DELETE FROM revoked_tokens".into(), &[]),
        (
            format!(
                "INSERT INTO payment_requests (merchant_id, mode, amount, unit, status, created_at) \
                 VALUES ('{shop}', 'test', '1', 'COP', 'unpaid', 1); \
                 INSERT INTO checkout_grants (digest, payment_request_id, merchant_id, mode, credential_id, expires_at) \
                 SELECT decode(repeat(lpad(n::text, 2, '0'), 32), 'hex'), 1, '{shop}', 'test', 'c', \
                 CASE n WHEN 1 THEN {far} ELSE 1000 END FROM generate_series(1, 2) n"
            ),
            &[],
        ),
        (
            "UPDATE checkout_grants SET revoked_at = 1 WHERE expires_at > 1000".into(),
            &[format!("grant \\x{}", "01".repeat(32))],
        ),
        // What expired long ago is removed in silence.
        ("DELETE FROM checkout_grants".into(), &[format!("grant \\x{}", "01".repeat(32))]),
        (format!("INSERT INTO aliases VALUES ('{shop}', 'test', 'mer', 'x')"), &[]),
        ("UPDATE aliases SET value = 'y'".into(), &[format!("alias {shop} test mer")]),
        ("TRUNCATE settings".into(), &["all".into()]),
        // As a session does that replays what another database wrote.
        (
            "SET session_replication_role = replica; UPDATE merchants SET status = 'active'".into(),
            &[format!("merchant {shop}")],
        ),
        ("BEGIN; UPDATE merchants SET status = 'suspended'; ROLLBACK".into(), &[]),
    ];
    for (statement, expected) in steps {
        sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut connection).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(format!("NOTIFY {channel}, 'end'"))).execute(&mut connection).await.unwrap();
        let mut told = Vec::new();
        loop {
            let heard = tokio::time::timeout(PATIENCE, listener.recv()).await.unwrap().unwrap();
            match heard.payload() {
                "end" => break,
                message => told.push(message.to_owned()),
            }
        }
        assert_eq!(told, *expected, "{statement}");
    }
    connection.close().await.unwrap();
    drop(listener);
    scratch.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_answers_from_memory_and_forgets_what_another_changes() {
    let Some(scratch) = Scratch::open(Kind::Postgres).await else { return };
    let url = scratch.url().unwrap().to_owned();
    let first = Node::start(&scratch, Duration::from_secs(10), None).await;
    let shop = stored_merchant(&first).await;
    let second = Node::start(&scratch, Duration::from_secs(10), Some(&first)).await;
    let id = key(&first, &shop).await;

    assert!(!second.revoked(id).await);
    let silently = |change: &str| {
        format!(
            "ALTER TABLE credentials DISABLE TRIGGER tell; UPDATE credentials SET {change} WHERE id = '{}'; \
             ALTER TABLE credentials ENABLE ALWAYS TRIGGER tell",
            id.as_str()
        )
    };
    execute(&url, silently("revoked_at = 1")).await;
    assert!(!second.revoked(id).await, "it is in memory, and nobody told");
    assert!(first.revoked(id).await, "it was not in memory here");
    execute(&url, "UPDATE credentials SET name = 'told'".into()).await;
    until("the change is heard", || second.revoked(id)).await;
    execute(&url, silently("revoked_at = NULL")).await;
    assert!(second.revoked(id).await, "it is in memory again");
    execute(&url, "TRUNCATE revoked_tokens".into()).await;
    until("everything is forgotten", || async { !second.revoked(id).await }).await;

    for round in 0..50 {
        let id = key(&first, &shop).await;
        assert!(!second.revoked(id).await && !second.revoked(id).await);
        let (by, other) = if round % 2 == 0 { (&first, &second) } else { (&second, &first) };
        by.services.administration.revoke_key(&Actor::operator(), id).await.unwrap();
        assert!(other.revoked(id).await && by.revoked(id).await, "round {round}");
    }
    let (jti, until) = ("jti", in_s(1_000_000_000));
    assert!(!second.services.records.token_revoked(jti).await.unwrap());
    first.services.records.revoke_token(jti, until, now()).await.unwrap();
    execute(&url, "ALTER TABLE revoked_tokens RENAME TO away".into()).await;
    assert!(second.services.records.token_revoked(jti).await.unwrap(), "the memory knows");
    execute(&url, "ALTER TABLE away RENAME TO revoked_tokens".into()).await;
    first.stop().await;
    second.stop().await;
    scratch.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broken_line_takes_the_trust_away_and_empties_the_memory() {
    let Some(scratch) = Scratch::open(Kind::Postgres).await else { return };
    let url = scratch.url().unwrap().to_owned();
    let node = Node::start(&scratch, Duration::from_secs(10), None).await;
    let shop = stored_merchant(&node).await;
    let id = key(&node, &shop).await;
    assert!(!node.revoked(id).await);
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let listening = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity \
                     WHERE query LIKE 'LISTEN %' AND query LIKE '%' || current_schema()::regnamespace::oid::text || '%'";
    execute(
        &url,
        "ALTER TABLE credentials DISABLE TRIGGER tell; UPDATE credentials SET revoked_at = 1; \
         ALTER TABLE credentials ENABLE ALWAYS TRIGGER tell"
            .into(),
    )
    .await;
    assert!(!node.revoked(id).await);
    assert_eq!(rows(&mut connection, listening).await, ["1"]);
    until("what was missed is read", || node.revoked(id)).await;
    node.until_trusted().await;
    assert!(node.revoked(id).await);
    connection.close().await.unwrap();
    node.stop().await;
    scratch.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_died_costs_one_wait_and_one_that_took_leave_none() {
    let Some(scratch) = Scratch::open(Kind::Postgres).await else { return };
    let url = scratch.url().unwrap().to_owned();
    let bound = Duration::from_millis(400);
    let node = Node::start(&scratch, bound, None).await;
    let shop = stored_merchant(&node).await;
    let dead = Node::start(&scratch, bound, Some(&node)).await;
    let leaving = Node::start(&scratch, bound, Some(&node)).await;
    leaving.stop().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let known = "SELECT id FROM nodes";
    assert_eq!(rows(&mut connection, known).await.len(), 2, "who takes leave is struck out");

    let settle = async || {
        let id = key(&node, &shop).await;
        let watch = Clock::system().stopwatch();
        node.services.administration.revoke_key(&Actor::operator(), id).await.unwrap();
        watch.elapsed()
    };
    dead.feed.abort();
    let _ = dead.feed.await;
    assert!(settle().await >= bound, "it could have trusted its memory for so long");
    until("it is struck out", || async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        rows(&mut connection, known).await.len() == 1
    })
    .await;
    // The shortest of some, as other tests run beside.
    let mut shortest = PATIENCE;
    for _ in 0..10 {
        shortest = shortest.min(settle().await);
    }
    assert!(shortest < bound, "nobody is waited for: {shortest:?}");
    connection.close().await.unwrap();
    node.stop().await;
    dead.services.close().await;
    scratch.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_is_forgotten_under_both_of_its_names() {
    let Some(scratch) = Scratch::open(Kind::Postgres).await else { return };
    let url = scratch.url().unwrap().to_owned();
    let node = Node::start(&scratch, Duration::from_secs(10), None).await;
    let shop = stored_merchant(&node).await;
    let id = client(&shop, 3).id;
    execute(
        &url,
        format!(
            "INSERT INTO oauth_clients (id, dialect, merchant_id, mode, scopes, created_at, foreign_id, \
             foreign_secret_id) VALUES ('{0}', 'pledg', '{shop}', 'test', 'x y', 1, 'imported', '{0}')",
            id.as_str()
        ),
    )
    .await;
    let records = &node.services.records;
    let scopes = async || {
        let native = records.client(id).await.unwrap().unwrap();
        let imported = records.client_by_text(MODE, "imported").await.unwrap().unwrap();
        (native.scopes.clone(), imported.scopes.clone())
    };
    let [before, after] = ["x y", "x"].map(|text| Scopes::parse(text).unwrap());
    assert_eq!(scopes().await, (before.clone(), before));
    execute(&url, "UPDATE oauth_clients SET scopes = 'x'".into()).await;
    until("both are read again", || async { scopes().await == (after.clone(), after.clone()) }).await;
    node.stop().await;
    scratch.remove().await;
}
