//! Versions of the server's own secrets on every database.

use tollgate::keys::{KeyCheck, SecretKind};
use tollgate::storage::{KeyUse, Resealed, SealedRecord};

use super::Backend;
use super::samples::{
    MODE, credential, entry, grant, in_s, key_id, now, secret, stored_merchant, stored_payment_request,
};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    a_check_stays_as_it_was_kept_first,
    every_version_in_use_is_counted,
    grants_of_old_peppers_end_at_once,
    what_is_sealed_is_sealed_anew_where_it_is_still_the_old,
});

async fn a_check_stays_as_it_was_kept_first(db: Backend) {
    let check = |kind, version, value| KeyCheck { kind, version, value: [value; 32] };
    let first = [check(SecretKind::Sealing, 1, 1), check(SecretKind::Pepper, 2, 2), check(SecretKind::Pepper, 1, 3)];
    db.directory.keep_key_checks(&first, now()).await.unwrap();
    db.directory
        .keep_key_checks(&[check(SecretKind::Pepper, 2, 9), check(SecretKind::Pepper, 3, 4)], now())
        .await
        .unwrap();
    let kept: Vec<_> =
        db.directory.key_checks().await.unwrap().iter().map(|kept| (kept.kind, kept.version, kept.value[0])).collect();
    let pepper = SecretKind::Pepper;
    assert_eq!(kept, [(pepper, 1, 3), (pepper, 2, 2), (pepper, 3, 4), (SecretKind::Sealing, 1, 1)]);
}

async fn every_version_in_use_is_counted(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    for n in 1..=3 {
        db.vault.insert_credential(&credential(&id, n)).await.unwrap();
    }
    db.directory.end_credential(key_id(3), now(), &entry("key.revoked")).await.unwrap().unwrap();
    db.vault.insert_secret(&secret(&id, 1)).await.unwrap();
    let request = stored_payment_request(&db, &id).await;
    db.ledger.store_grant(&grant(&id, request, 1, in_s(60)), 5, now()).await.unwrap().unwrap();
    let uses = |kind, version, records| KeyUse { kind, version, records };
    let expected =
        [uses(SecretKind::Pepper, 1, 2), uses(SecretKind::TokenPepper, 2, 1), uses(SecretKind::Sealing, 3, 1)];
    assert_eq!(db.directory.key_uses(now()).await.unwrap(), expected);
    assert_eq!(db.directory.key_uses(in_s(60)).await.unwrap(), [expected[0], expected[2]], "the token is over");
}

async fn grants_of_old_peppers_end_at_once(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    let request = stored_payment_request(&db, &id).await;
    let mut new = grant(&id, request, 2, in_s(60));
    new.pepper_version = 3;
    for grant in [&grant(&id, request, 1, in_s(60)), &new] {
        db.ledger.store_grant(grant, 5, now()).await.unwrap().unwrap();
    }
    assert_eq!(db.directory.end_grants_before(3, in_s(9)).await.unwrap(), 1);
    assert_eq!(db.ledger.grant(&[1; 32]).await.unwrap().unwrap().revoked_at, Some(in_s(9)));
    let kept = db.ledger.grant(&[2; 32]).await.unwrap().unwrap();
    assert_eq!((kept.revoked_at, kept.pepper_version), (None, 3));
    assert_eq!(db.directory.end_grants_before(3, in_s(10)).await.unwrap(), 0);
}

async fn what_is_sealed_is_sealed_anew_where_it_is_still_the_old(db: Backend) {
    let id = stored_merchant(&db, 1).await;
    for n in 1..=3 {
        db.vault.insert_secret(&secret(&id, n)).await.unwrap();
    }
    let mut found: Vec<SealedRecord> = Vec::new();
    let mut table = 0;
    while let Some(part) = db.directory.sealed_before(4, table, 0, 9).await.unwrap() {
        found.extend(part);
        table += 1;
    }
    assert_eq!(found.iter().map(|record| record.sealed[2]).collect::<Vec<_>>(), [1, 2, 3]);
    let place = found[0].row.table;
    assert_eq!(db.directory.sealed_before(4, place, 2, 9).await.unwrap().unwrap().len(), 1);
    assert!(db.directory.sealed_before(3, place, 0, 9).await.unwrap().unwrap().is_empty());

    let anew = |record: &SealedRecord, old_version| Resealed {
        row: record.row.clone(),
        old_version,
        old: record.sealed.clone(),
        key_version: 4,
        sealed: vec![7],
    };
    let rewritten = Resealed { old: vec![9], ..anew(&found[2], 3) };
    let changed = [anew(&found[0], 3), anew(&found[1], 2), rewritten];
    assert_eq!(db.directory.reseal(&changed).await.unwrap(), 1, "the others were written by another meanwhile");
    let [first, second] = [1, 2].map(|n| db.directory.secret(key_id(n)));
    let (first, second) = (first.await.unwrap().unwrap(), second.await.unwrap().unwrap());
    assert_eq!((first.key_version, first.sealed), (4, vec![7]));
    assert_eq!((second.key_version, second.mode), (3, MODE));
}
