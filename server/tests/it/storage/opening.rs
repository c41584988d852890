//! Opening a database: migrations, newer releases, servers that are not there.

use std::time::Duration;

use tokio::task::JoinSet;
use tollgate::storage::redis::{Durability, RedisError, RedisOptions, RedisStore};
use tollgate::storage::sql::{Database, OpenError};
use tollgate::storage::{Ledger, StorageErrorKind, StorageUrl, Vault};

use super::backend::{execute, redis_options, schema};
use super::samples::{in_s, merchant, now};
use super::{Kind, Scratch};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_once_migrate_once() {
    let Some((url, name, _turn)) = schema().await else { return };
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let url = url.clone();
        tasks.spawn(async move { Database::postgres(&url).await.unwrap() });
    }
    let nodes = tasks.join_all().await;
    nodes[0].insert_merchant(&merchant(1), "1.00").await.unwrap();
    for node in &nodes {
        assert_eq!(node.merchants().await.unwrap().len(), 1);
    }
    for node in nodes {
        node.close().await;
    }
    execute(&url, format!("DROP SCHEMA {name} CASCADE")).await;
}

#[tokio::test]
async fn refuses_a_server_database_of_a_newer_release() {
    let Some(scratch) = Scratch::open(Kind::Postgres).await else { return };
    let url = scratch.url().unwrap().to_owned();
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', TRUE, '', 0)";
    execute(&url, later.to_owned()).await;
    let error = Database::postgres(&url).await.unwrap_err();
    assert!(matches!(error, OpenError::Newer(_)), "{error}");
    scratch.remove().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_its_password() {
    let error = Database::postgres("postgres://u:secret@127.0.0.1:1/x").await.unwrap_err();
    assert!(matches!(error, OpenError::Unreachable(..)), "{error}");
    let text = format!("{error} {error:?}");
    assert!(text.contains("127.0.0.1:1") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn a_redis_that_forgets_is_refused_where_it_must_keep() {
    let Some(options) = redis_options() else { return };
    let must_keep = RedisOptions { durability: Durability::MustKeep, ..options.clone() };
    let keeps = RedisStore::open(&must_keep).await;
    let mut connection =
        redis::Client::open(options.url.expose_secret()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let info: String = redis::cmd("INFO").arg("persistence").query_async(&mut connection).await.unwrap();
    assert_eq!(keeps.is_ok(), info.contains("aof_enabled:1"));
    assert!(matches!(keeps, Ok(_) | Err(RedisError::Forgets)));
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_an_error() {
    let url = StorageUrl::new("redis://u:secret@127.0.0.1:1".into());
    let options = RedisOptions { url, namespace: "t".into(), durability: Durability::MayForget };
    let error = RedisStore::open(&options).await.unwrap_err();
    assert!(matches!(error, RedisError::Unreachable(_)) && !error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn nothing_passes_on_a_closed_database() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let Some(scratch) = Scratch::open(kind).await else { continue };
        scratch.database.close().await;
        let claimed = scratch.database.claim_once("a", b"k", in_s(60), now()).await;
        assert_eq!(claimed.unwrap_err().kind(), StorageErrorKind::Unavailable, "{kind:?}");
        let found = tokio::time::timeout(Duration::from_secs(30), scratch.database.grant(&[1; 32])).await.unwrap();
        assert_eq!(found.unwrap_err().kind(), StorageErrorKind::Unavailable, "{kind:?}");
        scratch.remove().await;
    }
}
