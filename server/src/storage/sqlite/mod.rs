//! The embedded database: one SQLite file with a write-ahead log, fully durable.

mod audit;
mod clients;
mod credentials;
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
mod rsa_keys;
mod samples;
mod second_factors;
mod secrets;
mod sessions;
mod users;
mod vault;
mod webhook_endpoints;
mod webhooks;

pub use open::{OpenError, Sqlite};
