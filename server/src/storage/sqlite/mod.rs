//! The embedded database: one SQLite file with a write-ahead log, fully durable.

mod idempotency;
mod invoices;
mod ledger;
mod merchants;
mod open;
mod orders;
mod outbox;
mod payments;
mod purchases;
mod row;
mod vault;
mod webhooks;

pub use open::{OpenError, Sqlite};
