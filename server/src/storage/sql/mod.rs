//! Storage in a relational database: one SQLite file, or PostgreSQL.
//!
//! Every statement is written once, in what both engines understand: `$1` parameters, `RETURNING`, `ON CONFLICT`, and
//! columns of three types only (`BIGINT`, `TEXT`, `BLOB`, which PostgreSQL calls `BYTEA`). What differs is in
//! `sqlite.rs` and `postgres.rs` (opening, running) and in the two folders of `server/migrations/`.
//!
//! A file of verbs is written so:
//!
//! - It imports `super::{Database, Row, Transaction, query, query_scalar, row}` and nothing of sqlx.
//! - `query(text).bind(…)` runs by `execute`, `fetch_one`, `fetch_optional` or `fetch_all` on `&self.read`,
//!   `&self.write` or `&mut tx`.
//! - A change of one statement runs on `&self.write`. It is right beside any other because it guards itself: by its
//!   `WHERE`, or by `ON CONFLICT`.
//! - What reads before it writes is a transaction: `self.transaction(|mut tx| async move { …; tx.commit().await?;
//!   Ok(outcome) })`. The body may run more than once, so it borrows what it needs and has no effect but its statements;
//!   leaving it without a commit undoes it.
//! - A change that administration makes is `self.change(|mut change| async move { …; change.commit(entry).await?; … })`: a
//!   transaction that ends with an audit entry and takes its turn, so that none of two at once is refused.
//! - A part that several transactions share takes `&mut Transaction`; one that also runs alone takes `impl Executor`.
//! - Many rows go in one statement by `query_rows`.
//! - First uses go by `self.write.claim`: SQLite's writer makes one statement, of its own, of those that wait together.
//! - A migration is one line in `migrations.rs` and a file in both folders. Where an order must not depend on the
//!   collation, the PostgreSQL column says `COLLATE "C"`.

mod audit;
mod clients;
mod column;
mod credentials;
mod database;
mod first_use;
mod group;
mod idempotency;
mod invoices;
mod ledger;
mod line;
mod mails;
mod merchants;
mod migrations;
mod orders;
mod outbox;
mod password_links;
mod payments;
mod postgres;
mod purchases;
mod query;
mod row;
mod rsa_keys;
mod samples;
mod schema;
mod second_factors;
mod secret_keys;
mod secrets;
mod sent_forms;
mod sessions;
mod snapshot;
mod sqlite;
mod transfer;
mod usage;
mod users;
mod vault;
mod webhook_endpoints;
mod webhook_upkeep;
mod webhooks;

pub use database::{Database, OpenError};
pub use schema::{SchemaStep, StepState};
pub use transfer::{ExportError, ExportFile, Exported, ImportError, Importing, Source};

pub(in crate::storage) use line::{Ear, KnownNode, Line};

use column::Row;
use database::Transaction;
use query::{Executor, query, query_rows, query_scalar};
