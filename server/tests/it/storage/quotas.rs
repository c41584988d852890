//! Quota windows in Redis: the same answers as in process, exact for callers of several nodes.

use std::sync::Arc;

use proptest::prelude::*;
use tokio::task::JoinSet;
use tollgate::limits::{Bucket, QuotaKey, QuotaWindows, Quotas, Window};
use tollgate::storage::redis::{RedisQuotas, RedisStore};

use super::backend::redis_options;

const TWO: Bucket = Bucket::new("two", &[Window::new(3, 10), Window::new(5, 60)]);
const TIE: Bucket = Bucket::new("tie", &[Window::new(4, 5), Window::new(4, 20)]);
const NONE: Bucket = Bucket::new("none", &[]);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Subject(u8);

impl QuotaKey for Subject {
    fn key(&self) -> String {
        format!("subject:{}", self.0)
    }
}

async fn shared() -> Option<RedisQuotas> {
    Some(RedisQuotas::new(RedisStore::open(&redis_options()?).await.unwrap()))
}

/// One call: which bucket and subject, how far the clock moves before it, and whether it only looks.
type Step = (u8, u8, i64, bool);

async fn compare(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let Some(there) = shared().await else { return Ok(()) };
    let here = QuotaWindows::new(1_000);
    let mut now = 1_767_225_600_000_i64;
    for (n, (bucket, subject, step, peek)) in steps.into_iter().enumerate() {
        now += step;
        let bucket = [TWO, TIE, NONE][usize::from(bucket)];
        let subject = Subject(subject);
        if peek {
            let expected = here.peek(&bucket, &subject, now);
            prop_assert_eq!(there.peek(&bucket, &subject, now).await.unwrap(), expected, "peek {}", n);
        } else {
            let expected = here.debit(&bucket, &subject, now);
            prop_assert_eq!(there.debit(&bucket, &subject, now).await.unwrap(), expected, "debit {}", n);
        }
    }
    Ok(())
}

#[test]
fn answers_as_the_windows_in_process_do() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let step = prop_oneof![8 => 0_i64..4_000, 1 => Just(60_000_i64), 1 => Just(-10_i64), 1 => Just(-86_400_000_i64)];
    let steps = proptest::collection::vec((0_u8..3, 0_u8..2, step, any::<bool>()), 1..60);
    proptest!(ProptestConfig::with_cases(40), |(steps in steps)| {
        runtime.block_on(compare(steps))?;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_parallel_debits_as_many_pass_as_the_tightest_window_allows() {
    let Some(options) = redis_options() else { return };
    // Two nodes, each with its own connection.
    let mut nodes = Vec::new();
    for _ in 0..2 {
        nodes.push(Arc::new(RedisQuotas::new(RedisStore::open(&options).await.unwrap())));
    }
    let mut tasks = JoinSet::new();
    for n in 0..200_i64 {
        let node = nodes[usize::from(n % 2 == 0)].clone();
        tasks.spawn(async move { node.debit(&TWO, &Subject(1), 1_767_225_600_000 + n % 7).await.unwrap().is_ok() });
    }
    let passed = tasks.join_all().await.into_iter().filter(|passed| *passed).count();
    assert_eq!(passed, 3);
}
