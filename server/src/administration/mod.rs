//! The verbs that change accounts: what the command line, the control panel and the dialects' own routes call.
//!
//! Every changing verb takes the [`Actor`] and writes its audit entry in the transaction that makes the change, then
//! forgets the caches; it reaches its end also when its caller goes away. A revocation is true when the call returns.
//! Lists run from the newest record to the oldest, merchants from the oldest.

mod actor;
mod allow_lists;
mod audit;
mod clients;
mod error;
mod keys;
mod merchants;
mod page;
mod rsa_keys;
mod secrets;
mod users;

use std::sync::Arc;

use tollgate_apikey::Peppers;

use crate::account::{Passwords, SecretText};
use crate::clock::Clock;
use crate::keys::Sealer;
use crate::rng::Rng;
use crate::storage::{Directory, Records};

pub use actor::{Actor, ActorKind};
pub use allow_lists::{AllowListError, parse_allow_list};
pub use audit::{AuditError, AuditExport, AuditFault, AuditFaultKind, AuditReport};
pub use clients::NewClient;
pub use error::Error;
pub use keys::NewKey;
pub use merchants::{NewMerchant, Setting, Switch};
pub use page::Page;
pub use users::NewUser;

/// Handles on all that a change touches.
#[derive(Clone)]
pub struct Administration {
    directory: Arc<dyn Directory>,
    records: Arc<Records>,
    peppers: Arc<Peppers>,
    sealer: Arc<Sealer>,
    passwords: Passwords,
    rng: Rng,
    clock: Clock,
}

/// What an [`Administration`] is made of.
pub struct AdministrationParts {
    /// The records that are changed.
    pub directory: Arc<dyn Directory>,
    /// The caches that must forget them.
    pub records: Arc<Records>,
    /// Under which digests are kept.
    pub peppers: Arc<Peppers>,
    /// Seals secrets that are needed in clear.
    pub sealer: Arc<Sealer>,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Randomness.
    pub rng: Rng,
    /// The time.
    pub clock: Clock,
}

/// A new record and the plain text that goes with it, which is shown here and kept nowhere.
#[derive(Debug)]
#[must_use]
pub struct Issued<R> {
    /// The record as it is stored.
    pub record: R,
    /// The plain text.
    pub text: SecretText,
}

impl Administration {
    /// Administration over these parts.
    #[must_use]
    pub fn new(parts: AdministrationParts) -> Self {
        let AdministrationParts { directory, records, peppers, sealer, passwords, rng, clock } = parts;
        Self { directory, records, peppers, sealer, passwords, rng, clock }
    }
}
