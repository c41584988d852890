//! The verbs that change accounts: what the command line, the control panel and the dialects' own routes call.
//!
//! Every changing verb takes the [`Actor`] and writes its audit entry in the transaction that makes the change, then
//! forgets the caches; it reaches its end also when its caller goes away. A revocation is true when the call returns.
//! Lists run from the newest record to the oldest, merchants from the oldest.

mod actor;
mod allow_lists;
mod audit;
mod backup;
mod clients;
mod error;
mod keys;
mod merchants;
mod page;
mod password_links;
mod resealing;
mod rsa_keys;
mod samples;
mod second_factor;
mod secret_keys;
mod secrets;
mod users;
mod webhook_endpoints;

use std::future::Future;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Mutex, Notify};
use tollgate_apikey::KeyId;

use crate::account::{MerchantId, NewAuditEntry, Passwords, SecretText};
use crate::clock::Clock;
use crate::keys::{Sealer, SecretKeys};
use crate::rng::{Rng, RngError};
use crate::storage::{Change, Directory, Ledger, Records, complete};
use crate::webhooks::Webhooks;

pub use crate::account::Switch;
pub use actor::{Actor, ActorKind};
pub use allow_lists::{AllowListError, parse_allow_list};
pub use audit::{AuditError, AuditExport, AuditReport};
pub use backup::{Backup, BackupError, BackupKeys, NewBackup};
pub use clients::NewClient;
pub use error::Error;
pub use keys::NewKey;
pub use merchants::{NewMerchant, Setting, is_origin};
pub use page::Page;
pub use password_links::Invited;
pub use resealing::Resealing;
pub use samples::{NewSamples, Sample};
pub use secret_keys::{SecretKey, SecretKeyError, check_key_uses, check_secret_keys, confirm_secret_keys};
pub use users::NewUser;
pub use webhook_endpoints::LastAttempt;

/// Handles on all that a change touches.
#[derive(Clone)]
pub struct Administration {
    directory: Arc<dyn Directory>,
    records: Arc<Records>,
    secret_keys: Arc<SecretKeys>,
    sealer: Arc<Sealer>,
    ledger: Arc<dyn Ledger>,
    passwords: Passwords,
    webhooks: Webhooks,
    rng: Rng,
    clock: Clock,
    taking_over: Arc<Mutex<()>>,
    reseal_wake: Arc<Notify>,
}

/// What an [`Administration`] is made of.
pub struct AdministrationParts {
    /// The records that are changed.
    pub directory: Arc<dyn Directory>,
    /// The caches that must forget them.
    pub records: Arc<Records>,
    /// Under which digests and links are kept.
    pub secret_keys: Arc<SecretKeys>,
    /// Seals secrets that are needed in clear.
    pub sealer: Arc<Sealer>,
    /// Single uses.
    pub ledger: Arc<dyn Ledger>,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Says which targets are taken, and sends test events.
    pub webhooks: Webhooks,
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
    /// The longest name of a key or client, in characters.
    pub const MAX_NAME: usize = 64;

    /// Administration over these parts.
    #[must_use]
    pub fn new(parts: AdministrationParts) -> Self {
        let AdministrationParts { directory, records, secret_keys, sealer, ledger, passwords, webhooks, rng, clock } =
            parts;
        Self {
            directory,
            records,
            secret_keys,
            sealer,
            ledger,
            passwords,
            webhooks,
            rng,
            clock,
            taking_over: Arc::default(),
            reseal_wake: Arc::default(),
        }
    }

    /// Runs a change to its end, also when the caller goes away, forgets what the caches hold of it, and waits until it
    /// holds on every node.
    async fn change<T: Send + 'static>(
        &self,
        change: impl Future<Output = Change<T>> + Send + 'static,
        forget: impl FnOnce(&Records) + Send + 'static,
    ) -> Result<T, Error> {
        let records = self.records.clone();
        let changed = complete(async move {
            let changed = change.await;
            // Also after an error: a commit whose answer got lost may have made the change.
            forget(&records);
            // Whatever the database answered, also that there is nothing to change: who comes second must not be told so
            // before the first change holds. Without an answer nobody is told that anything is so.
            if changed.is_ok() {
                records.settle().await;
            }
            changed
        });
        Ok(changed.await??)
    }

    /// Runs a change of what no cache holds to its end.
    async fn change_uncached<T: Send + 'static>(
        &self,
        change: impl Future<Output = Change<T>> + Send + 'static,
    ) -> Result<T, Error> {
        Ok(complete(change).await??)
    }

    fn entry<const N: usize>(
        &self,
        actor: &Actor,
        merchant: &MerchantId,
        action: &'static str,
        subject: &str,
        detail: [(&str, Value); N],
    ) -> NewAuditEntry {
        NewAuditEntry {
            actor: actor.clone(),
            at: self.clock.now(),
            merchant: Some(merchant.clone()),
            action,
            subject: subject.to_owned(),
            detail: detail.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        }
    }

    fn new_id(&self) -> Result<KeyId, Error> {
        Ok(KeyId::mint(|bytes| self.rng.fill(bytes)).map_err(|_| RngError)?)
    }
}

/// A name that is shown in lists and logs.
fn check_name(name: &str) -> Result<(), Error> {
    let fits = name.chars().count() <= Administration::MAX_NAME && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Error::Invalid("name")) }
}
