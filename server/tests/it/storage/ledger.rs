//! Grants, single uses and revoked tokens on every Ledger.

use tokio::task::JoinSet;
use tollgate::payments::TransactionStatus;
use tollgate::storage::{Claim, MintRefusal};
use tollgate_apikey::Mode;

use super::Backend;
use super::races::at_once;
use super::samples::{
    attempt, credential, entry, grant, in_s, key_id, now, stored_merchant, stored_payment_request, untold,
};

super::on_each!(Sqlite in sqlite, Postgres in postgres, Redis in redis => {
    a_final_payment_revokes_the_grants_of_its_request_alone,
    a_grant_is_read_as_stored,
    a_revoked_token_is_listed_until_its_end,
    a_single_use_is_of_one_namespace_and_key,
    of_a_thousand_parallel_claims_one_is_first,
    only_so_many_grants_are_alive_at_once,
    parallel_grants_keep_the_limit,
    the_sweep_takes_what_is_over_and_nothing_else,
});

async fn a_grant_is_read_as_stored(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let request = stored_payment_request(&db, &id).await;
    let stored = grant(&id, request, 1, in_s(60));
    assert_eq!(db.ledger.store_grant(&stored, 5, now()).await.unwrap(), Ok(()));
    let found = db.ledger.grant(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{stored:?}"));
    assert!(db.ledger.grant(&[2; 32]).await.unwrap().is_none());

    let other = stored_merchant(&db, 2).await;
    let mut elsewhere = grant(&other, request, 3, in_s(60));
    assert_eq!(db.ledger.store_grant(&elsewhere, 5, now()).await.unwrap(), Err(MintRefusal::NotFound));
    (elsewhere.merchant, elsewhere.mode) = (id, Mode::Live);
    assert_eq!(db.ledger.store_grant(&elsewhere, 5, now()).await.unwrap(), Err(MintRefusal::NotFound));
}

async fn only_so_many_grants_are_alive_at_once(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    db.vault.insert_credential(&credential(&id, 200)).await.unwrap();
    let request = stored_payment_request(&db, &id).await;
    for n in 1..=2 {
        let stored = grant(&id, request, n, in_s(60 + i64::from(n)));
        assert_eq!(db.ledger.store_grant(&stored, 2, now()).await.unwrap(), Ok(()));
    }
    let third = grant(&id, request, 3, in_s(90));
    let until = in_s(61);
    assert_eq!(db.ledger.store_grant(&third, 2, in_s(60)).await.unwrap(), Err(MintRefusal::TooMany { until }));
    assert_eq!(db.ledger.store_grant(&third, 2, until).await.unwrap(), Ok(()), "the first one is over");
    db.directory.end_credential(key_id(200), until, &entry("key.revoked")).await.unwrap().unwrap();
    let fourth = grant(&id, request, 4, in_s(90));
    assert_eq!(db.ledger.store_grant(&fourth, 2, until).await.unwrap(), Ok(()), "those of a dead key do not count");
}

async fn parallel_grants_keep_the_limit(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    db.vault.insert_credential(&credential(&id, 200)).await.unwrap();
    let request = stored_payment_request(&db, &id).await;
    let outcomes = at_once(&db, |n| {
        let (ledger, grant) = (db.ledger.clone(), grant(&id, request, n, in_s(60)));
        async move { ledger.store_grant(&grant, 5, now()).await.unwrap() }
    })
    .await;
    let stored = outcomes.into_iter().flatten().count();
    assert_eq!(stored, 5);
}

async fn a_final_payment_revokes_the_grants_of_its_request_alone(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let (paid, open) = (stored_payment_request(&db, &id).await, stored_payment_request(&db, &id).await);
    for (n, request) in [(1, paid), (2, open)] {
        assert_eq!(db.ledger.store_grant(&grant(&id, request, n, in_s(60)), 5, now()).await.unwrap(), Ok(()));
    }
    for outcome in [TransactionStatus::Declined, TransactionStatus::Paid] {
        assert_eq!(db.ledger.grant(&[1; 32]).await.unwrap().unwrap().revoked_at, None, "before {outcome:?}");
        db.vault.attempt_payment(&attempt(&id, paid, outcome, in_s(9)), &untold).await.unwrap();
    }
    assert_eq!(db.ledger.grant(&[1; 32]).await.unwrap().unwrap().revoked_at, Some(in_s(9)));
    assert_eq!(db.ledger.grant(&[2; 32]).await.unwrap().unwrap().revoked_at, None);
    let late = grant(&id, paid, 3, in_s(60));
    assert_eq!(db.ledger.store_grant(&late, 5, in_s(10)).await.unwrap(), Err(MintRefusal::Final));
}

async fn a_single_use_is_of_one_namespace_and_key(db: Backend) {
    let claim = |namespace, key: &'static [u8], until, now| {
        let ledger = db.ledger.clone();
        async move { ledger.claim_once(namespace, key, until, now).await.unwrap() }
    };
    for (label, namespace, key, until, at, expected) in [
        ("new", "a", &b"k"[..], in_s(60), now(), Claim::First),
        ("again", "a", b"k", in_s(60), now(), Claim::Seen),
        ("again, longer", "a", b"k", in_s(600), in_s(59), Claim::Seen),
        ("another namespace", "b", b"k", in_s(60), now(), Claim::First),
        ("another key", "a", b"k\0", in_s(60), now(), Claim::First),
        ("no key", "a", b"", in_s(60), now(), Claim::First),
        ("not text", "a", b"\xff\x00:\r\n", in_s(60), now(), Claim::First),
        ("at its end", "a", b"late", in_s(60), in_s(60), Claim::Seen),
        ("just before its end", "a", b"late", in_s(60), in_s(59), Claim::First),
    ] {
        assert_eq!(claim(namespace, key, until, at).await, expected, "{label}");
    }
}

async fn of_a_thousand_parallel_claims_one_is_first(db: Backend) {
    let mut tasks = JoinSet::new();
    for _ in 0..1_000 {
        let ledger = db.ledger.clone();
        tasks.spawn(async move { ledger.claim_once("challenge", b"nonce", in_s(60), now()).await.unwrap() });
    }
    let first = tasks.join_all().await.into_iter().filter(|claim| *claim == Claim::First).count();
    assert_eq!(first, 1);
}

async fn a_revoked_token_is_listed_until_its_end(db: Backend) {
    for (id, until) in [("a", in_s(60)), ("b", in_s(30)), ("a", in_s(90))] {
        db.ledger.revoke_token(id, until).await.unwrap();
    }
    let mut listed = db.ledger.revoked_tokens(in_s(29)).await.unwrap();
    listed.sort();
    assert_eq!(listed, [("a".to_owned(), in_s(60)), ("b".to_owned(), in_s(30))]);
    assert_eq!(db.ledger.revoked_tokens(in_s(30)).await.unwrap(), [("a".to_owned(), in_s(60))]);
    for (id, revoked) in [("a", true), ("b", true), ("c", false)] {
        assert_eq!(db.ledger.token_revoked(id).await.unwrap(), revoked, "{id}");
    }
}

async fn the_sweep_takes_what_is_over_and_nothing_else(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let request = stored_payment_request(&db, &id).await;
    for (n, end) in [(1, in_s(10)), (2, in_s(20))] {
        assert_eq!(db.ledger.store_grant(&grant(&id, request, n, end), 5, now()).await.unwrap(), Ok(()));
        db.ledger.revoke_token(&n.to_string(), end).await.unwrap();
        assert_eq!(db.ledger.claim_once("a", &[n], end, now()).await.unwrap(), Claim::First);
    }
    assert!(db.ledger.sweep(in_s(15)).await.unwrap() >= 2);
    assert!(db.ledger.grant(&[1; 32]).await.unwrap().is_none());
    assert!(db.ledger.grant(&[2; 32]).await.unwrap().is_some());
    assert_eq!(db.ledger.revoked_tokens(now()).await.unwrap(), [("2".to_owned(), in_s(20))]);
    assert_eq!(db.ledger.claim_once("a", &[2], in_s(20), in_s(15)).await.unwrap(), Claim::Seen);
    assert_eq!(db.ledger.sweep(in_s(15)).await.unwrap(), 0);
}
