//! Why a credential or a captured request would be refused: found without a server, told without its secrets.
//!
//! Pure functions over the parsers of the crates. A [`Report`] is made of fixed texts, numbers, names of closed lists
//! and the public parts of credentials; no other piece of the input ever gets into one.

mod basic;
mod bearer;
mod capture;
mod challenge;
mod characters;
mod credential;
mod curl;
mod fault;
mod header;
mod native;
mod record;
mod report;
mod request;
mod route;
mod webhook;

use time::OffsetDateTime;

use crate::auth::ListenerMode;

pub use capture::CaptureError;
pub use credential::credential;
pub use fault::Fault;
pub use record::judge;
pub use report::{Finding, Part, Place, Report, Seen, SeenKind};
pub use request::request;
pub use route::{ROUTES, Route, Takes};

/// What the credential or request is judged against.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// The time at which it was sent.
    pub now: OffsetDateTime,
    /// The listener it was sent to.
    pub listener: ListenerMode,
}

/// The longest input, in bytes; a longer one is not looked at.
pub const MAX_INPUT: usize = 1024 * 1024;
