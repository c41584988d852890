//! Webhook delivery: what was written beside a change is signed and sent until the merchant has it.
//!
//! The dialects say what is told and in which words; here it is carried out: [`Webhooks`] is the handle,
//! [`TargetPolicy`] and [`Dialler`] decide where a delivery may go.

mod dialler;
mod error;
mod network;
mod public_address;
mod schedule;
mod service;
mod signing;
mod target;
mod test_event;
mod worker;

pub use dialler::{DialLimits, Dialler, TlsSetupError};
pub use error::WebhooksError;
pub use network::{Network, SystemNetwork};
pub use public_address::is_public;
pub use schedule::{ATTEMPTS, retry_delay};
pub use service::{Parts, Webhooks};
pub use target::{TargetPolicy, TargetUrl};
