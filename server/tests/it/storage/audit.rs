//! The audit log on every database: one chain, also when many change things at once.

use tokio::task::JoinSet;
use tollgate::account::{AuditEntry, AuditHead};
use tollgate::storage::sql::Database;
use tollgate::storage::{AuditLink, AuditLog, ChangeRefusal, Credentials, Secrets, Users};
use tollgate_apikey::Overlap;

use super::races::at_once;
use super::samples::{MODE, credential, entry, in_s, key_id, merchant_id, now, secret, stored_merchant, user};
use super::{Backend, Kind, Scratch};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    a_refused_change_leaves_no_entry,
    entries_are_found_by_merchant_and_place,
    of_many_users_at_once_one_gets_the_address,
    parallel_changes_keep_a_limit,
    parallel_changes_make_one_chain,
    parallel_rotations_leave_one_usable_key,
});

/// Every entry, oldest first, after checking that each follows the one before and that the head is the last.
async fn chain(db: &dyn AuditLog) -> Vec<AuditEntry> {
    let mut head = AuditHead::EMPTY;
    let mut entries = Vec::new();
    for link in db.audit_links(0, 1_000).await.unwrap() {
        let AuditLink::Readable(entry) = link else { panic!("{link:?}") };
        assert_eq!((entry.seq, entry.previous), (head.seq + 1, head.hash), "it follows the one before");
        assert_eq!(entry.digest(), entry.hash, "it is as it was written");
        head = entry.as_head();
        entries.push(*entry);
    }
    assert_eq!(db.audit_head().await.unwrap(), head);
    entries
}

async fn parallel_changes_make_one_chain(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let outcomes = at_once(&db, |n| {
        let (directory, new) = (db.directory.clone(), credential(&id, n));
        async move {
            let mut entry = entry("key.issued");
            entry.subject = n.to_string();
            directory.issue_credential(&new, &entry).await
        }
    })
    .await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(Ok(())))), "{outcomes:?}");
    let mut told: Vec<u8> = chain(&*db.directory).await.iter().map(|entry| entry.subject.parse().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, (0..40).collect::<Vec<_>>(), "each is told once");
}

async fn parallel_changes_keep_a_limit(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let outcomes = at_once(&db, |n| {
        let (directory, new) = (db.directory.clone(), secret(&id, n));
        async move { directory.issue_secret(&new, 3, in_s(100), &entry("secret.issued")).await.unwrap() }
    })
    .await;
    let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let refused = outcomes.iter().filter(|outcome| **outcome == Err(ChangeRefusal::TooMany)).count();
    assert_eq!((made, refused), (3, 37));
    assert_eq!(db.vault.secrets(&id, MODE, secret(&id, 1).purpose).await.unwrap().len(), 3);
    assert_eq!(chain(&*db.directory).await.len(), 3);
}

async fn parallel_rotations_leave_one_usable_key(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let owner = db.vault.insert_user(&user(&id, "a@shop.example"), now()).await.unwrap();
    let outcomes = at_once(&db, |n| {
        let (directory, mut new) = (db.directory.clone(), credential(&id, n));
        new.user = Some(owner);
        async move {
            let entry = entry("key.rotated");
            directory.replace_credentials_of_user(&new, Overlap::NONE, in_s(1), &entry).await.unwrap().is_ok()
        }
    })
    .await;
    assert!(outcomes.into_iter().all(|made| made));
    let mut usable = 0;
    for n in 0..40 {
        let found = db.vault.credential(key_id(n)).await.unwrap().unwrap();
        usable += usize::from(found.lifecycle.check(in_s(2)).is_ok());
    }
    assert_eq!(usable, 1, "each saw the one before");
    assert_eq!(chain(&*db.directory).await.len(), 40);
}

async fn of_many_users_at_once_one_gets_the_address(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let outcomes = at_once(&db, |_| {
        let (directory, new) = (db.directory.clone(), user(&id, "a@shop.example"));
        async move { directory.create_user(&new, 9, now(), entry("user.created")).await.unwrap() }
    })
    .await;
    let refused = outcomes.iter().filter(|outcome| **outcome == Err(ChangeRefusal::Taken)).count();
    assert_eq!(refused, 39);
    assert_eq!(chain(&*db.directory).await.len(), 1);
}

async fn a_refused_change_leaves_no_entry(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    db.directory.append_audit(&entry("secret.revealed")).await.unwrap();
    let refused = db.directory.issue_credential(&credential(&merchant_id(9), 1), &entry("key.issued")).await.unwrap();
    assert_eq!(refused, Err(ChangeRefusal::NotFound));
    db.vault.insert_credential(&credential(&id, 1)).await.unwrap();
    let failed = db.directory.issue_credential(&credential(&id, 1), &entry("key.issued")).await;
    assert!(failed.is_err(), "an id is given once");
    db.directory.append_audit(&entry("secret.revealed")).await.unwrap();
    assert_eq!(chain(&*db.directory).await.len(), 2, "without a gap");
}

async fn entries_are_found_by_merchant_and_place(db: Backend) {
    for n in 1..=6 {
        let mut entry = entry("merchant.changed");
        entry.merchant = (n % 2 == 0).then(|| merchant_id(1));
        db.directory.append_audit(&entry).await.unwrap();
    }
    let found = |merchant: Option<u8>, before, limit| {
        let directory = db.directory.clone();
        async move {
            let merchant = merchant.map(merchant_id);
            let found = directory.audit_entries(merchant.as_ref(), before, limit).await.unwrap();
            found.into_iter().map(|entry| entry.seq).collect::<Vec<_>>()
        }
    };
    assert_eq!(found(None, None, 4).await, [6, 5, 4, 3]);
    assert_eq!(found(None, Some(3), 4).await, [2, 1]);
    assert_eq!(found(Some(1), None, 2).await, [6, 4]);
    assert_eq!(found(Some(1), Some(4), 9).await, [2]);
    assert!(found(Some(2), None, 9).await.is_empty());
    let links = db.directory.audit_links(4, 9).await.unwrap();
    assert_eq!(links.iter().map(AuditLink::seq).collect::<Vec<_>>(), [5, 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_write_one_chain() {
    let Some(scratch) = Scratch::open(Kind::Postgres).await else { return };
    let id = stored_merchant(&scratch.backend(), 1).await;
    let nodes = [scratch.database.clone(), Database::postgres(scratch.url().unwrap()).await.unwrap()];
    let mut tasks = JoinSet::new();
    for n in 0..120_u8 {
        let (node, id) = (nodes[usize::from(n % 2)].clone(), id.clone());
        tasks.spawn(async move {
            match n % 3 {
                0 => node.issue_credential(&credential(&id, n), &entry("key.issued")).await.unwrap().is_ok(),
                1 => node.issue_secret(&secret(&id, n), 200, in_s(200), &entry("secret.issued")).await.unwrap().is_ok(),
                _ => {
                    let new = user(&id, &format!("{n}@shop.example"));
                    node.create_user(&new, 200, now(), entry("user.created")).await.unwrap().is_ok()
                }
            }
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|made| made));
    assert_eq!(chain(&nodes[0]).await.len(), 120);
    nodes[1].close().await;
    scratch.remove().await;
}
