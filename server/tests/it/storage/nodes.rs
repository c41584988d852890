//! Two nodes on one PostgreSQL and one Redis; and a Redis that fails under way.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;
use tollgate::account::{Actor, KeyFamily};
use tollgate::app::{Options, Services, StartError, Storage};
use tollgate::clock::Clock;
use tollgate::demo;
use tollgate::limits::{Bucket, QuotaKey, Quotas, Window};
use tollgate::storage::redis::{Durability, RedisLedger, RedisOptions, RedisQuotas, RedisStore};
use tollgate::storage::{Bound, Claim, Ledger, StorageErrorKind, StorageUrl};

use super::backend::redis_options;
use super::samples::{in_s, now};
use super::{Kind, Scratch};
use crate::world::{Call, LIVE, SANDBOX, T0, World, options};

async fn node(dir: &TempDir, storage: &Storage) -> Result<(Arc<Services>, Clock), StartError> {
    let clock = Clock::manual(OffsetDateTime::from_unix_timestamp(T0).unwrap());
    let options = Options { storage: storage.clone(), ..options(clock.clone()) };
    Ok((Arc::new(Services::open(dir.path(), options).await?), clock))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_node_decides_holds_on_the_other_at_once() {
    let (Some(scratch), Some(redis)) = (Scratch::open(Kind::Postgres).await, redis_options()) else { return };
    let url = StorageUrl::new(scratch.url().unwrap().to_owned());
    let storage = Storage::Postgres { url, redis: Some(redis), bound: Bound::default() };
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (first, clock) = node(&dirs[0], &storage).await.unwrap();
    let printed = demo::credentials(&first, SANDBOX, LIVE).await.unwrap().to_json().unwrap();
    let printed: Value = serde_json::from_str(&printed).unwrap();

    let refused = node(&dirs[1], &storage).await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, StartError::Keys(_)), "a key file is never made for a database with records: {refused}");
    let keys = |dir: &TempDir| dir.path().join(Services::KEYS);
    std::fs::copy(keys(&dirs[0]), keys(&dirs[1])).unwrap();
    let (second, other_clock) = node(&dirs[1], &storage).await.unwrap();
    let [first_dir, second_dir] = dirs;
    let nodes =
        [World::over(first, clock, printed.clone(), first_dir), World::over(second, other_clock, printed, second_dir)];

    let token = |n: usize| {
        let node = &nodes[n % 2];
        node.send(
            Call::post("/api/auth/token")
                .header("x-api-key", node.text("/88pay/api_key_test"))
                .header("x-merchant-id", node.text("/merchant_id_test")),
        )
    };
    for n in 0..10 {
        let answer = token(n).await;
        assert_eq!(answer.status, 200, "{n}: {}", answer.text());
    }
    for n in 0..2 {
        assert_eq!(token(n).await.status, 429, "the windows of node {n} are those of both");
    }
    for node in &nodes {
        node.advance(3_600);
    }
    assert_eq!(token(1).await.status, 200);

    let key = KeyFamily::EIGHTY_EIGHT_PAY.format.parse(&nodes[0].text("/88pay/api_key_test")).unwrap();
    let revoked = nodes[0].services.administration.revoke_key(&Actor::operator(), key.id()).await;
    revoked.unwrap();
    assert_eq!(token(1).await.status, 401, "the other node kept nothing in memory");

    let (one, two) = (&nodes[0].services, &nodes[1].services);
    one.records.revoke_token("jti", nodes[0].now() + Duration::from_secs(9), nodes[0].now()).await.unwrap();
    assert!(two.records.token_revoked("jti").await.unwrap());
    let until = nodes[0].now() + Duration::from_secs(9);
    assert_eq!(one.ledger.claim_once("challenge", b"n", until, nodes[0].now()).await.unwrap(), Claim::First);
    assert_eq!(two.ledger.claim_once("challenge", b"n", until, nodes[0].now()).await.unwrap(), Claim::Seen);
    for node in &nodes {
        node.services.close().await;
    }
    scratch.remove().await;
}

/// A Redis of this test alone.
struct OwnRedis {
    dir: TempDir,
    child: Child,
}

impl OwnRedis {
    /// `None` when there is no `redis-server`; its lack is a failure where services are required.
    async fn start(dir: TempDir, settings: &[&str]) -> Option<Self> {
        if !crate::interop::present("redis-server", Command::new("redis-server").arg("--version")) {
            let required = std::env::var("TOLLGATE_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
            assert!(!required, "redis-server is required");
            return None;
        }
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(socket(&dir))
            .args(settings)
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while std::os::unix::net::UnixStream::connect(socket(&dir)).is_err() {
            tokio::task::yield_now().await;
        }
        Some(Self { dir, child })
    }

    fn options(&self) -> RedisOptions {
        let url = StorageUrl::new(format!("redis+unix://{}", socket(&self.dir).display()));
        RedisOptions { url, namespace: "own".into(), durability: Durability::MayForget }
    }

    fn stop(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::fs::remove_file(socket(&self.dir)).unwrap();
        self.dir
    }
}

fn socket(dir: &TempDir) -> PathBuf {
    dir.path().join("redis.sock")
}

struct Subject;

impl QuotaKey for Subject {
    fn key(&self) -> String {
        "subject".into()
    }
}

const BUCKET: Bucket = Bucket::new("bucket", &[Window::new(9, 60)]);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_redis_lets_nothing_pass() {
    let Some(redis) = OwnRedis::start(tempfile::tempdir().unwrap(), &["--maxmemory", "1"]).await else { return };
    let store = RedisStore::open(&redis.options()).await.unwrap();
    let scratch = Scratch::open(Kind::Sqlite).await.unwrap();
    let ledger = RedisLedger::new(store.clone(), Arc::new(scratch.database.clone()));
    let claimed = ledger.claim_once("a", b"k", in_s(60), now()).await.unwrap_err();
    assert_eq!(claimed.kind(), StorageErrorKind::Unavailable);
    assert!(RedisQuotas::new(store).debit(&BUCKET, &Subject, T0 * 1_000).await.is_err());
    redis.stop();
    scratch.remove().await;
}

#[tokio::test]
async fn a_redis_that_makes_room_by_forgetting_is_refused() {
    let settings = ["--maxmemory-policy", "allkeys-lru"];
    let Some(redis) = OwnRedis::start(tempfile::tempdir().unwrap(), &settings).await else { return };
    let error = RedisStore::open(&redis.options()).await.unwrap_err();
    assert!(error.to_string().contains("allkeys-lru"), "{error}");
    redis.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_redis_that_went_away_lets_nothing_pass_until_it_is_back() {
    let Some(redis) = OwnRedis::start(tempfile::tempdir().unwrap(), &[]).await else { return };
    let store = RedisStore::open(&redis.options()).await.unwrap();
    let scratch = Scratch::open(Kind::Sqlite).await.unwrap();
    let ledger = RedisLedger::new(store.clone(), Arc::new(scratch.database.clone()));
    let quotas = RedisQuotas::new(store);
    assert_eq!(ledger.claim_once("a", b"1", in_s(60), now()).await.unwrap(), Claim::First);
    let dir = redis.stop();
    for n in 2..4_u8 {
        let claimed = ledger.claim_once("a", &[n], in_s(60), now()).await.unwrap_err();
        assert_eq!(claimed.kind(), StorageErrorKind::Unavailable);
        assert!(quotas.debit(&BUCKET, &Subject, T0 * 1_000).await.is_err());
    }
    let redis = OwnRedis::start(dir, &[]).await.unwrap();
    // The calls that find the old connection broken still fail; each makes the manager connect anew.
    let mut back = false;
    for n in 10..30_u8 {
        back = back || ledger.claim_once("a", &[n], in_s(60), now()).await.is_ok();
    }
    assert!(back, "the connection is made again");
    redis.stop();
    scratch.remove().await;
}
