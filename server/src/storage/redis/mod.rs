//! What several nodes share beside their database: single uses and quota windows, in Redis.
//!
//! Every key starts with the namespace and ends by itself. Nothing is kept that must not be lost: checkout grants and
//! revoked token ids stay in the database, where a grant is stored and revoked in one transaction with the payment
//! request it opens. Without an answer from Redis nothing passes.

mod ledger;
mod quotas;
mod store;

pub use ledger::RedisLedger;
pub use quotas::RedisQuotas;
pub use store::{Durability, RedisError, RedisOptions, RedisStore};
