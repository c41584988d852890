//! Durable changes a second, by one caller and by many at once: `cargo bench --bench writes`.
//!
//! On SQLite in the current directory, and on PostgreSQL when `TOLLGATE_TEST_POSTGRES` names an empty schema
//! (`postgres://…/test?options[search_path]=bench`).
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement prints, and one that fails has failed")]

use std::sync::Arc;
use std::time::Instant;

use time::OffsetDateTime;
use tokio::task::JoinSet;
use tollgate::account::{Merchant, MerchantId, MerchantStatus};
use tollgate::payments::{Amount, Currency, NewCharge};
use tollgate::storage::sql::Database;
use tollgate::storage::{Answered, Claim, Idempotency, Ledger, Vault};
use tollgate_apikey::Mode;
use tollgate_client_address::IpList;

const CHANGES: u32 = 2_048;
const MERCHANTS: u32 = 64;

/// What is measured.
#[derive(Debug, Clone, Copy)]
enum Change {
    /// One statement: the first use of a key.
    Claim,
    /// A transaction that reads before it writes: a charge with an idempotency key, each caller its own merchant.
    Charge,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dir = tempfile::tempdir_in(".").unwrap();
        measure_all("SQLite", Database::sqlite(&dir.path().join("tollgate.db")).await.unwrap()).await;
        if let Ok(url) = std::env::var("TOLLGATE_TEST_POSTGRES") {
            measure_all("PostgreSQL", Database::postgres(&url).await.unwrap()).await;
        }
    });
}

async fn measure_all(name: &str, database: Database) {
    for n in 0..MERCHANTS {
        database.insert_merchant(&merchant(n), "0.00").await.unwrap();
    }
    for change in [Change::Claim, Change::Charge] {
        for callers in [1, 8, 64] {
            let per_second = measure(&database, change, callers).await;
            println!("{name} {change:?}, {callers:>2} callers: {per_second:>6.0} a second");
        }
    }
    database.close().await;
}

async fn measure(database: &Database, change: Change, callers: u32) -> f64 {
    let database = Arc::new(database.clone());
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let database = database.clone();
        tasks.spawn(async move {
            for n in 0..CHANGES / callers {
                make(&database, change, caller, &format!("{callers}-{caller}-{n}")).await;
            }
        });
    }
    tasks.join_all().await;
    f64::from(CHANGES) / start.elapsed().as_secs_f64()
}

async fn make(database: &Database, change: Change, caller: u32, key: &str) {
    let now = OffsetDateTime::UNIX_EPOCH + time::Duration::DAY;
    match change {
        Change::Claim => {
            let claim = database.claim_once("writes", key.as_bytes(), now + time::Duration::DAY, now).await;
            assert_eq!(claim.unwrap(), Claim::First);
        }
        Change::Charge => {
            let new = NewCharge {
                merchant: merchant(caller % MERCHANTS).id,
                mode: Mode::Test,
                method_code: "CARD".into(),
                amount: Amount::from_stored("1.00".into()),
                currency: Currency::parse("COP").unwrap(),
                country: "COL".into(),
                customer_id: None,
                description: None,
                checkout: key.into(),
                created_at: now,
            };
            let key = Idempotency { route: "POST /bench", key: key.into(), body_digest: [0; 32] };
            let render = |_: &_| Answered { status: 201, body: "{}".into() };
            database.create_charge(new, Some(key), &render, &|_| None).await.unwrap();
        }
    }
}

fn merchant(n: u32) -> Merchant {
    Merchant {
        id: MerchantId::new("COL", &format!("B{n:04}")).unwrap(),
        name: "Bench".into(),
        status: MerchantStatus::Active,
        ip_list: IpList::unrestricted(),
        domains: Vec::new(),
        methods: Vec::new(),
        currency: "COP".into(),
        created_at: OffsetDateTime::UNIX_EPOCH,
    }
}
