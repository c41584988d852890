//! Durable writes a second, alone and by 64 callers at once: `cargo bench --bench writes`.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::io::Write;
use std::time::Instant;

use time::OffsetDateTime;
use tokio::task::JoinSet;
use tollgate::storage::sql::Database;
use tollgate::storage::{Claim, Ledger};

const WRITES: u32 = 2_048;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let dir = tempfile::tempdir_in(std::env::var("CARGO_TARGET_TMPDIR").unwrap_or(".".into())).unwrap();
        let database = Database::sqlite(&dir.path().join("tollgate.db")).await.unwrap();
        for callers in [1, 8, 64] {
            let per_second = measure(&database, callers).await;
            writeln!(std::io::stdout(), "{callers:>3} callers: {per_second:>8.0} writes/s").unwrap();
        }
        database.close().await;
    });
}

async fn measure(database: &Database, callers: u32) -> f64 {
    let now = OffsetDateTime::UNIX_EPOCH;
    let until = now + time::Duration::DAY;
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let database = database.clone();
        tasks.spawn(async move {
            for n in 0..WRITES / callers {
                let key = [callers.to_be_bytes(), caller.to_be_bytes(), n.to_be_bytes()].concat();
                assert_eq!(database.claim_once("writes", &key, until, now).await.unwrap(), Claim::First);
            }
        });
    }
    tasks.join_all().await;
    f64::from(WRITES) / start.elapsed().as_secs_f64()
}
