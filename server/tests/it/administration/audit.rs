//! The audit log: complete, chained, and quick to say where it was touched.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row};
use tollgate::account::{AuditEntry, AuditFault, AuditFaultKind, AuditHead};
use tollgate::administration::{AuditError, Page};
use tollgate_apikey::Mode;

use super::{actions, administration, operator, overlap};
use crate::world::{Call, World, world};

/// Somebody who can write to the database file.
async fn intruder(world: &World) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(world.database());
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    for copy in ["CREATE TABLE audit_copy AS SELECT * FROM audit", "CREATE TABLE head_copy AS SELECT * FROM audit_head"]
    {
        sqlx::query(copy).execute(&mut connection).await.unwrap();
    }
    connection
}

async fn restore(connection: &mut SqliteConnection) {
    for statement in [
        "DELETE FROM audit",
        "INSERT INTO audit SELECT * FROM audit_copy",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head SELECT * FROM head_copy",
    ] {
        sqlx::query(statement).execute(&mut *connection).await.unwrap();
    }
}

async fn fault(world: &World) -> Option<AuditFault> {
    match administration(world).verify_audit().await {
        Ok(_) => None,
        Err(AuditError::Broken(fault)) => Some(fault),
        Err(error) => panic!("{error}"),
    }
}

const fn at(at: i64, what: AuditFaultKind) -> AuditFault {
    AuditFault { at, what }
}

#[tokio::test]
async fn the_demo_merchants_making_is_in_the_log_and_the_log_is_whole() {
    let world = world().await;
    let report = administration(&world).verify_audit().await.unwrap();
    let actions = actions(&world).await;
    assert_eq!(report.entries, i64::try_from(actions.len()).unwrap());
    assert_eq!((report.head.seq, actions[0].as_str()), (report.entries, "merchant.created"));
    let newest = administration(&world).audit(None, Page::first(1)).await.unwrap();
    assert_eq!(newest[0].as_head(), report.head);
    let before = administration(&world).audit(None, Page::after(newest[0].seq.to_string(), 1)).await.unwrap();
    assert_eq!(before[0].hash, newest[0].previous);
}

#[tokio::test]
async fn a_route_that_changes_a_key_is_written_down_with_its_user_and_address() {
    let world = world().await;
    let login = world.log_in(tollgate::auth::ListenerMode::Test).await;
    let call = Call::put("/users/1/apikey?overlap=60").header("authorization", format!("Bearer {login}"));
    let answer = world.send(call.from([203, 0, 113, 7])).await;
    assert_eq!(answer.status, 200);
    let id = world.merchant_id();
    let entry = administration(&world).audit(Some(&id), Page::first(1)).await.unwrap().remove(0);
    assert_eq!((entry.action.as_str(), entry.actor.as_str()), ("key.replaced", "user:1"));
    assert_eq!(entry.address.as_deref(), Some("203.0.113.7"));
    assert_eq!(entry.merchant.as_deref(), Some(id.as_str()));
    assert_eq!(entry.at(), world.now());
    assert!(!entry.to_json().contains(answer.json().as_str().unwrap()), "no secret");
}

#[tokio::test]
async fn every_field_of_every_entry_is_covered() {
    let world = world().await;
    let mut intruder = intruder(&world).await;
    let last = administration(&world).verify_audit().await.unwrap().entries;
    let touches = [
        "UPDATE audit SET at = at + 1 WHERE seq = $1",
        "UPDATE audit SET at = 'now' WHERE seq = $1",
        "UPDATE audit SET actor = 'user:99' WHERE seq = $1",
        "UPDATE audit SET address = '192.0.2.1' WHERE seq = $1",
        "UPDATE audit SET merchant_id = 'MCH-COL-XXXXX' WHERE seq = $1",
        "UPDATE audit SET merchant_id = NULL WHERE seq = $1",
        "UPDATE audit SET action = action || 'x' WHERE seq = $1",
        "UPDATE audit SET action = substr(action, 1, 3), subject = substr(action, 4) || subject WHERE seq = $1",
        "UPDATE audit SET subject = '' WHERE seq = $1",
        "UPDATE audit SET detail = detail || ' ' WHERE seq = $1",
        "UPDATE audit SET previous = x'ff' || substr(previous, 2) WHERE seq = $1",
        "UPDATE audit SET previous = x'00' WHERE seq = $1",
        "UPDATE audit SET hash = zeroblob(32) WHERE seq = $1",
        "UPDATE audit SET hash = substr(hash, 1, 31) WHERE seq = $1",
    ];
    for touch in touches {
        for seq in [1, 2, last / 2, last] {
            sqlx::query(touch).bind(seq).execute(&mut intruder).await.unwrap();
            assert_eq!(fault(&world).await, Some(at(seq, AuditFaultKind::Altered)), "{touch}: {seq}");
            restore(&mut intruder).await;
        }
    }
    assert_eq!(fault(&world).await, None);
}

#[tokio::test]
async fn removed_swapped_and_added_entries_are_named() {
    let world = world().await;
    let mut intruder = intruder(&world).await;
    let last = administration(&world).verify_audit().await.unwrap().entries;
    let table: [(&str, &[&str], AuditFault); 8] = [
        ("the first is gone", &["DELETE FROM audit WHERE seq = 1"], at(1, AuditFaultKind::Missing)),
        ("one is gone", &["DELETE FROM audit WHERE seq = 5"], at(5, AuditFaultKind::Missing)),
        ("several are gone", &["DELETE FROM audit WHERE seq BETWEEN 3 AND 6"], at(3, AuditFaultKind::Missing)),
        ("all are gone", &["DELETE FROM audit"], at(1, AuditFaultKind::Missing)),
        (
            "the last is cut off",
            &["DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)"],
            at(last, AuditFaultKind::Missing),
        ),
        (
            "two changed places",
            &[
                "UPDATE audit SET seq = -3 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 4",
                "UPDATE audit SET seq = 4 WHERE seq = -3",
            ],
            at(3, AuditFaultKind::Altered),
        ),
        (
            "one was put before the first",
            &["INSERT INTO audit SELECT 0, at, actor, address, merchant_id, action, subject, detail, previous, hash \
               FROM audit WHERE seq = 1"],
            at(0, AuditFaultKind::Unchained),
        ),
        (
            "one was put behind the last",
            &["INSERT INTO audit SELECT 1000000, at, actor, address, merchant_id, action, subject, detail, previous, \
               hash FROM audit WHERE seq = 1"],
            at(1_000_000, AuditFaultKind::BehindTheEnd),
        ),
    ];
    for (label, statements, expected) in table {
        for statement in statements {
            sqlx::query(*statement).execute(&mut intruder).await.unwrap();
        }
        assert_eq!(fault(&world).await, Some(expected), "{label}");
        restore(&mut intruder).await;
    }
    assert_eq!(fault(&world).await, None);
}

/// Rewrites the entry at `seq` with its hash, and with `whole` every entry after it and the head too.
async fn rewrite(intruder: &mut SqliteConnection, seq: i64, whole: bool) {
    let rows = sqlx::query("SELECT * FROM audit WHERE seq >= $1 ORDER BY seq").bind(seq);
    let rows = rows.fetch_all(&mut *intruder).await.unwrap();
    let mut previous: Option<[u8; 32]> = None;
    for row in rows.iter().take(if whole { usize::MAX } else { 1 }) {
        let stored: Vec<u8> = row.get("previous");
        let mut entry = AuditEntry {
            seq: row.get("seq"),
            at_ms: row.get("at"),
            actor: "operator".to_owned(),
            address: row.get("address"),
            merchant: row.get("merchant_id"),
            action: row.get("action"),
            subject: row.get("subject"),
            detail: row.get("detail"),
            previous: previous.unwrap_or_else(|| stored.try_into().unwrap()),
            hash: [0; 32],
        };
        entry.hash = entry.digest();
        previous = Some(entry.hash);
        sqlx::query("UPDATE audit SET actor = 'operator', previous = $2, hash = $3 WHERE seq = $1")
            .bind(entry.seq)
            .bind(&entry.previous[..])
            .bind(&entry.hash[..])
            .execute(&mut *intruder)
            .await
            .unwrap();
        if whole {
            let head = sqlx::query("UPDATE audit_head SET seq = $1, hash = $2");
            head.bind(entry.seq).bind(&entry.hash[..]).execute(&mut *intruder).await.unwrap();
        }
    }
}

#[tokio::test]
async fn an_entry_rewritten_with_its_hash_breaks_the_chain_after_it() {
    let world = world().await;
    let mut intruder = intruder(&world).await;
    let last = administration(&world).verify_audit().await.unwrap().entries;
    rewrite(&mut intruder, 4, false).await;
    assert_eq!(fault(&world).await, Some(at(5, AuditFaultKind::Unchained)));
    restore(&mut intruder).await;
    rewrite(&mut intruder, last, false).await;
    assert_eq!(fault(&world).await, Some(at(last, AuditFaultKind::NotAsNoted)), "the head still knows it");
}

#[tokio::test]
async fn a_log_rewritten_or_cut_as_a_whole_is_noticed_by_a_head_that_was_noted_elsewhere() {
    let world = world().await;
    let mut intruder = intruder(&world).await;
    let noted = administration(&world).verify_audit().await.unwrap().head;
    let against = async || match administration(&world).verify_audit_against(&noted).await {
        Ok(_) => None,
        Err(AuditError::Broken(fault)) => Some(fault),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(against().await, None);
    rewrite(&mut intruder, 4, true).await;
    assert_eq!(fault(&world).await, None, "the chain alone cannot tell");
    assert_eq!(against().await, Some(at(noted.seq, AuditFaultKind::NotAsNoted)));
    restore(&mut intruder).await;
    for cut in [
        "DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)",
        "UPDATE audit_head SET seq = seq - 1, hash = (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1)",
    ] {
        sqlx::query(cut).execute(&mut intruder).await.unwrap();
    }
    assert_eq!(fault(&world).await, None, "the chain alone cannot tell");
    assert_eq!(against().await, Some(at(noted.seq, AuditFaultKind::Missing)));
}

#[tokio::test]
async fn a_head_that_can_never_have_been_noted_is_not_found_in_order() {
    let world = world().await;
    let administration = administration(&world);
    let whole = administration.verify_audit_against(&AuditHead::EMPTY).await.unwrap();
    let other = whole.head.hash;
    for noted in
        [AuditHead { seq: 0, hash: other }, AuditHead { seq: -3, hash: other }, AuditHead { seq: -3, hash: [0; 32] }]
    {
        match administration.verify_audit_against(&noted).await {
            Err(AuditError::Broken(fault)) => assert_eq!(fault, at(noted.seq, AuditFaultKind::NotAsNoted)),
            otherwise => panic!("{noted:?}: {otherwise:?}"),
        }
    }
}

#[tokio::test]
async fn a_change_without_its_entry_is_not_made() {
    let world = world().await;
    let mut intruder = intruder(&world).await;
    let merchant = world.merchant_id();
    let keys = async || administration(&world).keys(&merchant, Mode::Test, Page::first(100)).await.unwrap();
    let before = keys().await;
    sqlx::query("UPDATE audit_head SET seq = seq - 1").execute(&mut intruder).await.unwrap();
    let id = before[0].id;
    assert!(administration(&world).rotate_key(&operator(), id, overlap(0)).await.is_err());
    assert!(administration(&world).revoke_key(&operator(), id).await.is_err());
    let after = keys().await;
    assert_eq!(after.len(), before.len());
    assert!(after.iter().all(|key| key.lifecycle.revoked_at().is_none()));
}
