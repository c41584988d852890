//! One suite for every backend: each verb, and what must hold when many call at once.
//!
//! SQLite is always there. PostgreSQL (`TOLLGATE_TEST_POSTGRES`) and Redis (`TOLLGATE_TEST_REDIS`) are used when they
//! answer on their usual local port or are named; a test without its server says so and passes, unless
//! `TOLLGATE_REQUIRE_SERVICES=1`.

mod account;
mod audit;
mod backend;
mod feed;
mod keys;
mod ledger;
mod merchants;
mod nodes;
mod opening;
mod panel;
mod payments;
mod quotas;
mod races;
mod samples;
mod secret_keys;
mod webhooks;
mod writer;

pub(crate) use backend::{Backend, Kind, Scratch, execute, on_backend, redis_options, schema};

/// Makes one test a backend of each function, in a module named after the backend.
macro_rules! on_each {
    ($($kind:ident in $module:ident),* => $tests:tt) => {$(
        mod $module {
            crate::storage::on_each!(@one $kind $tests);
        }
    )*};
    (@one $kind:ident { $($name:ident),* $(,)? }) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $name() {
            crate::storage::on_backend(crate::storage::Kind::$kind, super::$name).await;
        }
    )*};
}
pub(crate) use on_each;
