//! SQLite's one writer: what fails in a shared commit fails alone, and nothing is answered before it is on disk.

use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tokio::task::JoinSet;
use tollgate::payments::InvoiceStatus;
use tollgate::storage::sql::Database;
use tollgate::storage::{Claim, Created, Credentials, Invoices, Ledger, StorageErrorKind, Vault};
use tollgate_apikey::Mode;

use super::samples::{
    MODE, answered, card, charge, credential, entry, in_s, invoice, invoice_payment, key_id, merchant, merchant_id,
    now, payment_request, untold,
};

struct File {
    dir: tempfile::TempDir,
    database: Database,
}

impl File {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&dir.path().join("tollgate.db")).await.unwrap();
        database.insert_merchant(&merchant(1), "1.00").await.unwrap();
        Self { dir, database }
    }

    /// A connection of another process.
    async fn beside(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.dir.path().join("tollgate.db"));
        SqliteConnection::connect_with(&options).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_saw_of_another_is_answered_when_it_holds() {
    let file = File::new().await;
    let id = merchant_id(1);
    for n in 0..5 {
        file.database.insert_credential(&credential(&id, n)).await.unwrap();
    }
    // While somebody else holds the file, all of these gather before the writer and then share a commit.
    let mut beside = file.beside().await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut beside).await.unwrap();
    let mut tasks = JoinSet::new();
    for n in 0..60_u8 {
        let database = file.database.clone();
        tasks.spawn(async move {
            let key = key_id(n % 5);
            let ended = database.end_credential(key, now(), &entry("key.revoked")).await.unwrap().unwrap();
            let found = database.credential(key).await.unwrap().unwrap();
            assert_eq!(found.lifecycle.revoked_at(), Some(now()), "whoever is told that it is revoked finds it so");
            usize::from(ended)
        });
    }
    sqlx::raw_sql("COMMIT").execute(&mut beside).await.unwrap();
    assert_eq!(tasks.join_all().await.into_iter().sum::<usize>(), 5, "each is ended by one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_fails_in_a_group_fails_alone() {
    let file = File::new().await;
    let id = merchant_id(1);
    file.database.insert_payment_method(&card(&id, "pm_1")).await.unwrap();
    for n in (3..64_u8).step_by(4) {
        file.database.insert_invoice(&invoice(&id, &format!("inv_{n}"))).await.unwrap();
    }
    let first = invoice_payment(&invoice(&id, "inv_63"), "taken");
    file.database.pay_invoice(first, None, &|made| answered(&made.id), &untold).await.unwrap();
    // While somebody else holds the file, all of these gather before the writer and then share its commits.
    let mut beside = file.beside().await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut beside).await.unwrap();
    let mut tasks = JoinSet::new();
    for n in 0..60_u8 {
        let (database, id) = (file.database.clone(), id.clone());
        tasks.spawn(async move {
            match n % 4 {
                // A statement that passes, and one that breaks a rule of its table.
                0 => database.claim_once("a", &[n], in_s(60), now()).await.unwrap() == Claim::First,
                1 => database.insert_alias(&merchant_id(9), MODE, "mer", "x").await.is_err(),
                // A transaction that passes, and one that fails after its first change was made.
                2 => {
                    let checkout = format!("c-{n}");
                    let key = super::samples::idempotency(&checkout, 1);
                    let made =
                        database.create_charge(charge(&id, &checkout), Some(key), &|made| answered(made.id), &untold);
                    matches!(made.await.unwrap(), Created::New(_))
                }
                // It makes the invoice paid, and then the number of the payment is taken.
                _ => {
                    let payment = invoice_payment(&invoice(&id, &format!("inv_{n}")), "taken");
                    database.pay_invoice(payment, None, &|made| answered(&made.id), &untold).await.is_err()
                }
            }
        });
    }
    sqlx::raw_sql("COMMIT").execute(&mut beside).await.unwrap();
    assert!(tasks.join_all().await.into_iter().all(|as_expected| as_expected));
    for n in (0..60_u8).step_by(4) {
        assert_eq!(file.database.claim_once("a", &[n], in_s(60), now()).await.unwrap(), Claim::Seen, "{n}");
        let invoice = file.database.invoice(&id, MODE, &format!("inv_{}", n + 3)).await.unwrap().unwrap();
        assert_eq!(invoice.status, InvoiceStatus::Open, "{n}: what the failed transaction changed is undone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_first_uses_that_share_a_statement_each_is_told_its_own() {
    let file = File::new().await;
    // Before them, while the writer is free and so alone in their statements.
    for taken in 0..10_u8 {
        assert_eq!(file.database.claim_once("a", &[taken], in_s(60), now()).await.unwrap(), Claim::First);
    }
    for round in [0..10_u8, 5..40, 40..60] {
        let mut beside = file.beside().await;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut beside).await.unwrap();
        let mut tasks = JoinSet::new();
        for key in round.clone().chain(round.clone()) {
            let database = file.database.clone();
            tasks.spawn(async move { (key, database.claim_once("a", &[key], in_s(60), now()).await.unwrap()) });
        }
        sqlx::raw_sql("COMMIT").execute(&mut beside).await.unwrap();
        let told = tasks.join_all().await;
        for key in round.clone() {
            let first = told.iter().filter(|told| **told == (key, Claim::First)).count();
            assert_eq!(first, usize::from(key >= 10), "{key} of {round:?}");
        }
    }
    let kinds: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT typeof(namespace) || typeof(key) || typeof(expires_at) || length(key) FROM used_once",
    )
    .fetch_all(&mut file.beside().await)
    .await
    .unwrap();
    assert_eq!(kinds, ["textblobinteger1"], "the same values, whichever statement stored them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_that_was_answered_is_on_disk_for_another_process() {
    let file = File::new().await;
    let mut tasks = JoinSet::new();
    for n in 0..100_u8 {
        let (database, options) =
            (file.database.clone(), SqliteConnectOptions::new().filename(file.dir.path().join("tollgate.db")));
        tasks.spawn(async move {
            database.revoke_token(&n.to_string(), in_s(60)).await.unwrap();
            let mut beside = SqliteConnection::connect_with(&options).await.unwrap();
            let found: Option<i64> = sqlx::query_scalar("SELECT expires_at FROM revoked_tokens WHERE id = $1")
                .bind(n.to_string())
                .fetch_optional(&mut beside)
                .await
                .unwrap();
            found.is_some()
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|found| found));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_whose_commit_fails_is_refused_as_a_whole() {
    let file = File::new().await;
    // Foreign keys that are checked at the commit: a change that no statement refuses and the commit does.
    let mut beside = file.beside().await;
    let poison = "CREATE TABLE parent (id TEXT PRIMARY KEY); \
                  CREATE TABLE child (id TEXT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED); \
                  CREATE TRIGGER poison AFTER INSERT ON used_once WHEN NEW.namespace = 'poison' \
                  BEGIN INSERT INTO child VALUES ('nobody'); END";
    sqlx::raw_sql(poison).execute(&mut beside).await.unwrap();
    let failed = file.database.claim_once("poison", b"k", in_s(60), now()).await;
    assert_eq!(failed.unwrap_err().kind(), StorageErrorKind::Unavailable);
    assert_eq!(file.database.claim_once("poison2", b"k", in_s(60), now()).await.unwrap(), Claim::First, "and goes on");
    let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM used_once WHERE namespace = 'poison'")
        .fetch_one(&mut beside)
        .await
        .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn neighbours_of_a_full_disk_are_never_told_that_all_is_well() {
    let file = File::new().await;
    let mut beside = file.beside().await;
    // SQLite gives the whole transaction up where a trigger says so, as it does on a full disk.
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON used_once WHEN NEW.namespace = 'poison' \
                  BEGIN SELECT RAISE(ROLLBACK, 'full'); END";
    sqlx::raw_sql(poison).execute(&mut beside).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut beside).await.unwrap();
    let mut tasks = JoinSet::new();
    for n in 0..40_u8 {
        let database = file.database.clone();
        tasks.spawn(async move {
            let namespace = if n == 20 { "poison" } else { "good" };
            (n, database.claim_once(namespace, &[n], in_s(60), now()).await)
        });
    }
    sqlx::raw_sql("COMMIT").execute(&mut beside).await.unwrap();
    for (n, claimed) in tasks.join_all().await {
        let kept: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM used_once WHERE key = $1")
            .bind(&[n][..])
            .fetch_one(&mut beside)
            .await
            .unwrap();
        assert_eq!(kept == 1, matches!(claimed, Ok(Claim::First)), "{n}: {claimed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_that_goes_away_leaves_nothing_half_done() {
    let file = File::new().await;
    let id = merchant_id(1);
    for round in 0..50_u32 {
        let (database, new) = (file.database.clone(), payment_request(&id));
        let key = super::samples::idempotency(&round.to_string(), 1);
        let call = tokio::spawn(async move {
            database.create_payment_request(new, Some(key), &|made| answered(made.id)).await.unwrap();
        });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        call.abort();
        let _: Result<(), _> = call.await;
        let key = super::samples::idempotency(&round.to_string(), 1);
        let kept = file.database.answered(&id, MODE, &key, now()).await.unwrap();
        let made = file.database.payment_request_ids(&id, Mode::Test, 1_000).await.unwrap();
        let answer = kept.map(|kept| match kept {
            Created::Replayed(answer) => answer.body.parse::<i64>().unwrap(),
            other => panic!("{other:?}"),
        });
        if let Some(number) = answer {
            assert_eq!(made.last(), Some(&number), "round {round}: the answer and the object are kept together");
        }
        assert_eq!(file.database.claim_once("a", &round.to_be_bytes(), in_s(60), now()).await.unwrap(), Claim::First);
    }
    file.database.close().await;
}
