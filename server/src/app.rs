//! What every handler can reach: cheap handles on the services, and the listener the request came to.

mod state;
mod upkeep;

use std::path::Path;
use std::sync::Arc;

use time::OffsetDateTime;
use tollgate_apikey::Mode;
use tollgate_client_address::TrustedProxies;

use crate::account::{PasswordError, Passwords, Switch};
use crate::administration::{Administration, AdministrationParts, SecretKeyError, confirm_secret_keys};
use crate::auth::{Gate, GateParts, ListenerMode, PanelSessions, QuotaSubject, VerifiedHeaders};
use crate::clock::Clock;
use crate::data_directory::{DataDirectory, DataDirectoryError};
use crate::errands::Errands;
use crate::keys::{KeyFile, KeyFileError, Rings, RingsError, Sealer, SecretKeys, SigningKeys, TokenRings};
use crate::limits::Quotas;
use crate::mail::{Mailer, PostParts};
use crate::payments::InFlight;
use crate::rng::{Rng, RngError};
use crate::storage::redis::{RedisError, RedisLedger, RedisOptions, RedisQuotas, RedisStore};
use crate::storage::sql::{Database, OpenError};
use crate::storage::{
    Bound, Feed, Invoices, Ledger, Orders, Owner, Purchases, Records, StorageError, StorageUrl, Vault,
};
use crate::telemetry::Meter;
use crate::transport::Channel;
use crate::usage::Usage;
use crate::webhooks::{Dialler, Parts, TargetPolicy, TlsSetupError, Webhooks};

pub use state::{App, Handles};

/// Everything the listeners share.
pub struct Services {
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub rng: Rng,
    /// Durable records.
    pub vault: Arc<dyn Vault>,
    /// Sample invoices.
    pub invoices: Arc<dyn Invoices>,
    /// Sample purchases.
    pub purchases: Arc<dyn Purchases>,
    /// Sample items and orders.
    pub orders: Arc<dyn Orders>,
    /// Short grants.
    pub ledger: Arc<dyn Ledger>,
    /// The cache before both.
    pub records: Arc<Records>,
    /// Who may pass.
    pub gate: Gate,
    /// Changes accounts.
    pub administration: Administration,
    /// Checks and hashes passwords.
    pub passwords: Passwords,
    /// Seals secrets that are needed in clear.
    pub sealer: Arc<Sealer>,
    /// Writes to users.
    pub mailer: Mailer,
    /// Work that goes on when the request that began it is over.
    pub errands: Errands,
    /// How much credentials are used.
    pub usage: Arc<Usage>,
    /// Browsers that are signed in to the control panel.
    pub panel_sessions: PanelSessions,
    /// Delivers what merchants are to be told; it starts with [`Webhooks::run`].
    pub webhooks: Webhooks,
    /// Creating calls that are still running.
    pub in_flight: InFlight,
    /// The token keys, as they stand in the key file now.
    pub signing_keys: Arc<SigningKeys>,
    /// The line to other processes on the same database; with SQLite there are none.
    pub feed: Option<Arc<Feed>>,
    database: Database,
    _directory: DataDirectory,
}

/// One address the server listens on.
pub struct Listener {
    /// Which credentials it serves.
    pub mode: ListenerMode,
    /// Its external base URL, without a slash at the end; `iss` of its tokens.
    pub base_url: String,
    /// Its token keys over time.
    rings: Arc<TokenRings>,
    /// Proxies whose forwarding headers count.
    pub trusted_proxies: TrustedProxies,
    /// How requests come to it.
    pub channel: Channel,
    /// Where its numbers go, if anywhere.
    pub meter: Option<Meter>,
    /// Whether the control panel is served here.
    pub panel: Switch,
}

impl Listener {
    /// Its token keys at a moment.
    #[must_use]
    pub fn rings(&self, now: OffsetDateTime) -> Arc<Rings> {
        self.rings.at(now)
    }

    /// The one mode of the tokens it issues and takes.
    #[must_use]
    pub fn token_mode(&self) -> Mode {
        self.mode.default_mode()
    }
}

/// The services could not be started; nothing was overwritten.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error(transparent)]
    DataDirectory(#[from] DataDirectoryError),
    /// The database.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The store beside the database.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// The key file.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// Passwords cannot be hashed on this machine.
    #[error(transparent)]
    Passwords(#[from] PasswordError),
    /// There are no random bytes.
    #[error(transparent)]
    Randomness(#[from] RngError),
    /// The key file lacks a key.
    #[error(transparent)]
    Rings(#[from] RingsError),
    /// The key file is not the database's.
    #[error(transparent)]
    SecretKeys(#[from] SecretKeyError),
    /// The database does not read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// How to start the services.
#[derive(Debug, Clone)]
pub struct Options {
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub rng: Rng,
    /// Multiplies every rate limit; 1 but in load tests.
    pub limits_scale: u32,
    /// Where records are kept.
    pub storage: Storage,
    /// Sends webhooks.
    pub dialler: Dialler,
}

impl Options {
    /// The time, randomness and network of this machine, limits as they are, and records in the data directory.
    ///
    /// # Errors
    ///
    /// [`TlsSetupError`].
    pub fn system(targets: TargetPolicy) -> Result<Self, TlsSetupError> {
        let dialler = Dialler::system(targets)?;
        Ok(Self { clock: Clock::system(), rng: Rng::system(), limits_scale: 1, storage: Storage::Sqlite, dialler })
    }
}

/// Where records are kept; the key file is always in the data directory.
#[derive(Debug, Clone, Default)]
pub enum Storage {
    /// A PostgreSQL database that several nodes may share, and the Redis they share single uses and quota windows by.
    Postgres {
        /// `postgres://…`.
        url: StorageUrl,
        /// Without it single uses are in the database, and quota windows are each node's own.
        redis: Option<RedisOptions>,
        /// How long a node trusts its memory without a word of the others.
        bound: Bound,
    },
    /// A SQLite file in the data directory.
    #[default]
    Sqlite,
}

impl Services {
    /// The database file inside the data directory.
    pub const DATABASE: &str = "tollgate.db";
    /// The key file inside the data directory.
    pub const KEYS: &str = "keys.toml";
    /// Password checks that may wait for a permit.
    const PASSWORD_QUEUE: usize = 64;

    /// Opens a data directory, making what a new one lacks.
    ///
    /// # Errors
    ///
    /// [`StartError`] as its variants say.
    pub async fn open(data: &Path, options: Options) -> Result<Self, StartError> {
        let Options { clock, rng, limits_scale, storage, dialler } = options;
        let directory = DataDirectory::take(data)?;
        let key_path = data.join(Self::KEYS);
        let database_path = data.join(Self::DATABASE);
        let shared = match &storage {
            Storage::Postgres { url, .. } => Some(Database::postgres(url.expose_secret()).await?),
            Storage::Sqlite => None,
        };
        let has_records = match &shared {
            Some(database) => !database.is_empty().await?,
            None => database_path.exists(),
        };
        make_keys(&key_path, has_records, clock.now(), &rng)?;
        let signing_keys = Arc::new(SigningKeys::open(&key_path, rng.clone())?);
        let (secret_keys, checks) = SecretKeys::open(&key_path)?;
        let secret_keys = Arc::new(secret_keys);
        let database = match shared {
            Some(database) => database,
            None => Database::sqlite(&database_path).await?,
        };
        confirm_secret_keys(&database, &checks, clock.now()).await?;
        let Keepers { ledger, quotas, bound } = Keepers::open(&storage, &database).await?;
        let feed = Feed::of(&database, bound, clock.clone(), &rng)?.map(Arc::new);
        let owner = feed.clone().map_or(Owner::This, Owner::Several);
        let vault: Arc<dyn Vault> = Arc::new(database.clone());
        let records = Arc::new(Records::new(vault.clone(), ledger.clone(), owner));
        records.load(clock.now()).await?;
        let permits = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let passwords = Passwords::new(permits, Self::PASSWORD_QUEUE, &rng)?;
        let usage = Arc::new(Usage::new(Arc::new(database.clone())));
        let sealer = secret_keys.sealer();
        let webhooks = Webhooks::new(
            Parts {
                store: Arc::new(database.clone()),
                vault: vault.clone(),
                sealer: sealer.clone(),
                clock: clock.clone(),
                rng: rng.clone(),
            },
            dialler,
        );
        Ok(Self {
            gate: Gate::new(
                GateParts {
                    clock: clock.clone(),
                    rng: rng.clone(),
                    vault: vault.clone(),
                    ledger: ledger.clone(),
                    second_factors: Arc::new(database.clone()),
                    usage: usage.clone(),
                    records: records.clone(),
                    secret_keys: secret_keys.clone(),
                    passwords: passwords.clone(),
                    sealer: sealer.clone(),
                    verified_headers: VerifiedHeaders::new(&rng)?,
                    quotas,
                },
                limits_scale,
            ),
            administration: Administration::new(AdministrationParts {
                directory: Arc::new(database.clone()),
                records: records.clone(),
                secret_keys: secret_keys.clone(),
                sealer: sealer.clone(),
                ledger: ledger.clone(),
                passwords: passwords.clone(),
                webhooks: webhooks.clone(),
                rng: rng.clone(),
                clock: clock.clone(),
            }),
            mailer: Mailer::none(),
            errands: Errands::default(),
            panel_sessions: PanelSessions::new(
                Arc::new(database.clone()),
                Arc::new(database.clone()),
                records.clone(),
                secret_keys.clone(),
                rng.clone(),
            ),
            usage,
            sealer,
            webhooks,
            in_flight: InFlight::default(),
            clock,
            rng,
            vault,
            invoices: Arc::new(database.clone()),
            purchases: Arc::new(database.clone()),
            orders: Arc::new(database.clone()),
            ledger,
            records,
            passwords,
            signing_keys,
            feed,
            database,
            _directory: directory,
        })
    }

    /// A listener of this mode under this external base URL.
    ///
    /// # Errors
    ///
    /// [`RingsError`] when the key file lacks a key.
    pub fn listener(
        &self,
        mode: ListenerMode,
        base_url: &str,
        trusted_proxies: TrustedProxies,
        channel: Channel,
    ) -> Result<Listener, RingsError> {
        let rings = self.signing_keys.rings(base_url, mode.default_mode(), self.clock.now())?;
        Ok(Listener {
            mode,
            base_url: base_url.to_owned(),
            rings,
            trusted_proxies,
            channel,
            meter: None,
            panel: Switch::Off,
        })
    }

    /// What mail is kept with until a server took it.
    #[must_use]
    pub fn post_parts(&self) -> PostParts {
        PostParts {
            mails: Arc::new(self.database.clone()),
            sealer: self.sealer.clone(),
            clock: self.clock.clone(),
            rng: self.rng.clone(),
        }
    }
}

/// What the choice of storage decides beside the database.
struct Keepers {
    ledger: Arc<dyn Ledger>,
    quotas: Arc<dyn Quotas<QuotaSubject>>,
    bound: Bound,
}

impl Keepers {
    async fn open(storage: &Storage, database: &Database) -> Result<Self, StartError> {
        let database = Arc::new(database.clone());
        Ok(match storage {
            Storage::Sqlite => Self { ledger: database, quotas: Gate::quotas_in_process(), bound: Bound::default() },
            Storage::Postgres { redis: None, bound, .. } => {
                Self { ledger: database, quotas: Gate::quotas_in_process(), bound: *bound }
            }
            Storage::Postgres { redis: Some(options), bound, .. } => {
                let store = RedisStore::open(options).await?;
                let quotas = Arc::new(RedisQuotas::new(store.clone()));
                Self { ledger: Arc::new(RedisLedger::new(store, database)), quotas, bound: *bound }
            }
        })
    }
}

/// Makes a key file for a new database, and for no other.
fn make_keys(key_path: &Path, has_records: bool, now: OffsetDateTime, rng: &Rng) -> Result<(), KeyFileError> {
    match (key_path.exists(), has_records) {
        (true, _) => Ok(()),
        (false, false) => KeyFile::create(key_path, now, rng).map(drop),
        (false, true) => Err(KeyFileError::Missing(key_path.into())),
    }
}
