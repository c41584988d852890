//! The embedded database: one SQLite file with a write-ahead log, fully durable.

mod directory;
mod idempotency;
mod invoices;
mod ledger;
mod merchants;
mod open;
mod orders;
mod payments;
mod purchases;
mod row;
mod vault;

pub use open::{OpenError, Sqlite};
