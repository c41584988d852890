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
mod password_links;
mod payments;
mod purchases;
mod row;
mod rsa_keys;
mod samples;
mod second_factors;
mod secret_keys;
mod secrets;
mod sessions;
mod snapshot;
mod usage;
mod users;
mod vault;
mod webhook_endpoints;
mod webhooks;

pub use open::{OpenError, Sqlite};
