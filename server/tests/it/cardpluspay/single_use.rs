//! One pass for one challenge, however many ask.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::task::JoinSet;
use tollgate::app::Services;
use tollgate::storage::sql::Database;
use tollgate::storage::{Claim, Ledger};
use tollgate_challenge_signature::LIFETIME;

use super::{BALANCE, Bench, INVALID, Pair, error, expect_signature, send, signing, vector_pair};
use crate::world::{Answer, Call, T0, world};

#[tokio::test]
async fn without_the_store_nothing_signed_passes() {
    let world = world().await;
    let account = signing(&world).await;
    let warm = account.pair(&world).await;
    assert_eq!(world.send(warm.sign(account.key(Call::get(BALANCE)))).await.status, 200);
    let pair = account.pair(&world).await;
    world.services.close().await;
    let answer = world.send(pair.sign(account.key(Call::get(BALANCE)))).await;
    answer.expect("right", 503, &error(("Service unavailable", "unavailable")));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let wrong = Pair { signature: warm.signature, ..pair };
    expect_signature("wrong", &world.send(wrong.sign(account.key(Call::get(BALANCE)))).await, INVALID);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_parallel_uses_one_passes() {
    let world = Arc::new(world().await);
    let account = Arc::new(signing(&world).await);
    for uses in [8, 64] {
        let pair = Arc::new(account.pair(&world).await);
        let mut tasks = JoinSet::new();
        for _ in 0..uses {
            let (world, account, pair) = (world.clone(), account.clone(), pair.clone());
            tasks.spawn(async move { world.send(pair.sign(account.key(Call::get(BALANCE)))).await });
        }
        expect_one_pass(tasks.join_all().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_parallel_uses_one_passes() {
    let bench = Bench::new().await;
    let pair = vector_pair();
    let mut tasks = JoinSet::new();
    for _ in 0..1000 {
        tasks.spawn(send(bench.router.clone(), bench.ask(&pair)));
    }
    expect_one_pass(tasks.join_all().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_store_gives_a_first_use_once_through_any_number_of_handles() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(Services::DATABASE);
    let handles = [Database::sqlite(&path).await.unwrap(), Database::sqlite(&path).await.unwrap()];
    let now = OffsetDateTime::from_unix_timestamp(T0).unwrap();
    let until = now + LIFETIME;
    for nonce in [[1_u8; 16], [2; 16]] {
        let mut tasks = JoinSet::new();
        for n in 0..64 {
            let handle = handles[n % 2].clone();
            tasks.spawn(async move { handle.claim_once("challenge", &nonce, until, now).await.unwrap() });
        }
        let claims = tasks.join_all().await;
        assert_eq!(claims.iter().filter(|claim| **claim == Claim::First).count(), 1);
    }
    let late = handles[0].claim_once("challenge", &[3; 16], until, until).await.unwrap();
    assert_eq!(late, Claim::Seen, "at its end nothing is new");
}

#[track_caller]
fn expect_one_pass(answers: Vec<Answer>) {
    let (passed, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(passed.len(), 1);
    for answer in refused {
        expect_signature("all others", &answer, INVALID);
    }
}
