//! What every handler can reach: cheap handles on the services, and the listener the request came to.

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;
use tollgate_apikey::Mode;
use tollgate_client_address::TrustedProxies;

use crate::account::{PasswordError, Passwords, Switch};
use crate::administration::{
    Administration, AdministrationParts, Error, Resealing, SecretKeyError, confirm_secret_keys,
};
use crate::auth::{Gate, GateParts, ListenerMode, PanelSessions, QuotaSubject, VerifiedHeaders};
use crate::clock::Clock;
use crate::errands::Errands;
use crate::keys::{
    KeyFile, KeyFileError, RefreshError, Rings, RingsError, Sealer, SecretKeys, SigningKeys, TokenRings,
};
use crate::limits::Quotas;
use crate::mail::{Mailer, PostParts};
use crate::payments::InFlight;
use crate::rng::{Rng, RngError};
use crate::storage::redis::{RedisError, RedisLedger, RedisOptions, RedisQuotas, RedisStore};
use crate::storage::sql::{Database, OpenError};
use crate::storage::{Invoices, Ledger, Mails, Orders, Owner, Purchases, Records, StorageError, StorageUrl, Vault};
use crate::telemetry::Meter;
use crate::transport::Channel;
use crate::usage::Usage;
use crate::webhooks::{Dialler, Parts, TargetPolicy, TlsSetupError, Webhooks};

/// The state of a request: the services all listeners share, and this listener.
#[derive(Clone)]
pub struct App {
    /// Shared by all listeners.
    pub services: Arc<Services>,
    /// Where the request came in.
    pub listener: Arc<Listener>,
}

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
    database: Database,
    /// Held as long as the services live: two processes on one directory would not see each other's revocations.
    _lock: File,
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
    /// The data directory cannot be made or entered.
    #[error("{path} cannot be used as data directory: {1}", path = .0.display())]
    DataDirectory(PathBuf, std::io::Error),
    /// Another process uses the data directory.
    #[error("{path} is used by another tollgate: stop it, or choose another directory", path = .0.display())]
    InUse(PathBuf),
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
    /// How long a changed key file waits to be seen at most.
    const KEY_FILE_LOOK: Duration = Duration::from_secs(2);
    /// How often numbers of use are written down.
    const USAGE_EVERY: Duration = Duration::from_secs(5);
    /// How long sealing anew waits after a failure.
    const RESEAL_AGAIN: Duration = Duration::from_mins(1);
    /// After how many secrets sealed anew the log has another line.
    const RESEAL_TOLD: u64 = 10_000;
    /// Password checks that may wait for a permit.
    const PASSWORD_QUEUE: usize = 64;

    /// Opens a data directory, making what a new one lacks.
    ///
    /// # Errors
    ///
    /// [`StartError`] as its variants say.
    pub async fn open(data: &Path, options: Options) -> Result<Self, StartError> {
        let Options { clock, rng, limits_scale, storage, dialler } = options;
        let lock = lock_directory(data)?;
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
        let Keepers { ledger, quotas, owner } = Keepers::open(&storage, &database).await?;
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
            database,
            _lock: lock,
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

    /// Looks at the key file every few seconds, for as long as it is polled, and takes over the keys that changed.
    pub async fn follow_key_file(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(Self::KEY_FILE_LOOK);
        loop {
            ticks.tick().await;
            let (keys, now) = (self.signing_keys.clone(), self.clock.now());
            let looked = tokio::task::spawn_blocking(move || keys.refresh(now)).await;
            let mut told = None;
            match looked {
                Ok(Ok(false)) => {}
                Ok(Ok(true)) => tracing::info!("the key file changed: its signing keys are in use"),
                Ok(Err(error)) => {
                    report_refresh(&error);
                    told = Some(error.to_string());
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the key file was not looked at");
                }
            }
            match self.administration.take_over_secret_keys().await {
                Ok(false) => {}
                Ok(true) => tracing::info!("the key file changed: its secret keys are in use"),
                // One file, one fault, one line.
                Err(error) if told == Some(error.to_string()) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(
                        error,
                        "the changed key file cannot be used: the secret keys read before stay in use"
                    );
                }
            }
        }
    }

    /// Removes what expired a while ago.
    pub async fn sweep(&self) {
        let now = self.clock.now();
        self.gate.sweep(now);
        let day = time::Duration::DAY;
        let report = |swept: Result<u64, StorageError>| {
            if let Err(error) = swept {
                tracing::warn!(error = &error as &dyn std::error::Error, "what expired could not be removed");
            }
        };
        report(self.ledger.sweep(now - day).await);
        report(self.webhooks.sweep(now).await);
        report(self.panel_sessions.sweep(now).await);
        report(self.usage.sweep(now).await);
        report(self.administration.sweep_links(now - day).await);
        report(self.database.sweep_mails(now - day).await);
    }

    /// Writes down numbers of use every few seconds, until `stop` says so; [`close`](Self::close) writes the last.
    pub async fn keep_usage(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(Self::USAGE_EVERY);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                // A sender that is gone means stop, too.
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.flush_usage().await;
        }
    }

    async fn flush_usage(&self) {
        if let Err(error) = self.usage.flush().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "numbers of use were not written down yet");
        }
    }

    /// Seals anew what older keys sealed, at the start and whenever the keys changed, until `stop` says so.
    pub async fn follow_sealing_key(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let again = match self.seal_anew(&stop).await {
                Ok(()) => Duration::MAX,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "sealed secrets were not sealed anew: tried again in a minute");
                    Self::RESEAL_AGAIN
                }
            };
            tokio::select! {
                () = self.administration.keys_exchanged() => {}
                () = tokio::time::sleep(again) => {}
                // A sender that is gone means stop, too.
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn seal_anew(&self, stop: &watch::Receiver<bool>) -> Result<(), Error> {
        let left = self.administration.left_to_reseal().await?;
        if left == 0 {
            return Ok(());
        }
        tracing::info!(left, "sealed secrets are sealed anew under the newest key");
        let (mut walk, mut told) = (Resealing::default(), 0);
        while self.administration.reseal_part(&mut walk).await? {
            if *stop.borrow() {
                tracing::info!(resealed = walk.resealed, "stopped sealing anew: the next start goes on");
                return Ok(());
            }
            if walk.resealed >= told + Self::RESEAL_TOLD {
                told = walk.resealed;
                tracing::info!(resealed = walk.resealed, left = left.saturating_sub(walk.resealed), "sealing anew");
            }
        }
        tracing::info!(resealed = walk.resealed, unreadable = walk.unreadable, "sealed secrets were sealed anew");
        Ok(())
    }

    /// Closes the database after the last request and what requests had begun.
    pub async fn close(&self) {
        self.errands.finish().await;
        self.flush_usage().await;
        self.database.close().await;
    }
}

fn report_refresh(error: &RefreshError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "the changed key file cannot be used: the keys read before stay in use");
}

/// What the choice of storage decides beside the database.
struct Keepers {
    ledger: Arc<dyn Ledger>,
    quotas: Arc<dyn Quotas<QuotaSubject>>,
    owner: Owner,
}

impl Keepers {
    async fn open(storage: &Storage, database: &Database) -> Result<Self, StartError> {
        let database = Arc::new(database.clone());
        Ok(match storage {
            Storage::Sqlite => Self { ledger: database, quotas: Gate::quotas_in_process(), owner: Owner::This },
            Storage::Postgres { redis: None, .. } => {
                Self { ledger: database, quotas: Gate::quotas_in_process(), owner: Owner::Several }
            }
            Storage::Postgres { redis: Some(options), .. } => {
                let store = RedisStore::open(options).await?;
                let quotas = Arc::new(RedisQuotas::new(store.clone()));
                Self { ledger: Arc::new(RedisLedger::new(store, database)), quotas, owner: Owner::Several }
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

/// Makes the directory, and those above it that are missing, so that they outlast a power failure.
fn make_directory(path: &Path) -> std::io::Result<()> {
    let missing: Vec<_> = path.ancestors().take_while(|folder| !folder.is_dir()).collect();
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // A new entry is durable once the directory that holds it is.
    for holder in missing.into_iter().filter_map(Path::parent) {
        let holder = if holder.as_os_str().is_empty() { Path::new(".") } else { holder };
        File::open(holder)?.sync_all()?;
    }
    Ok(())
}

/// Makes the directory if there is none, and takes it for this process.
fn lock_directory(path: &Path) -> Result<File, StartError> {
    let unusable = |error| StartError::DataDirectory(path.into(), error);
    if !path.is_dir() {
        make_directory(path).map_err(unusable)?;
    }
    let directory = File::open(path).map_err(unusable)?;
    if directory.metadata().map_err(unusable)?.mode() & 0o022 != 0 {
        return Err(unusable(std::io::Error::other("others than its owner can write to it")));
    }
    match directory.try_lock() {
        Ok(()) => Ok(directory),
        Err(TryLockError::WouldBlock) => Err(StartError::InUse(path.into())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
