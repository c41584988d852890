//! The nodes and what is asked of them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::SemaphorePermit;
use tollgate::app::{Options, Services, Storage};
use tollgate::clock::Clock;
use tollgate::demo;
use tollgate::storage::redis::RedisOptions;
use tollgate::storage::{Bound, StorageUrl};

use crate::durability::load::{Shop, shown};
use crate::durability::wire::{Done, Sent, Wire};
use crate::serve::{Serve, TERMINATOR, command, config};
use crate::storage::{execute, schema};
use crate::world::options;

/// Three nodes with the demo merchant in their database.
pub(super) struct Cluster {
    pub(super) nodes: [Node; 3],
    pub(super) shop: Shop,
    /// The URL of the database.
    pub(super) database: String,
    /// A schema of the shared server, to be dropped at the end.
    schema: Option<(String, SemaphorePermit<'static>)>,
    runtime: Runtime,
}

/// One of them.
pub(super) struct Node {
    folder: TempDir,
    serve: Serve,
    pub(super) wire: Wire,
}

impl Cluster {
    /// How long a node trusts its memory, in milliseconds.
    pub(super) const BOUND_MS: u64 = 250;

    /// Nodes on the shared PostgreSQL; `None` when it is not there.
    pub(super) fn on_shared(redis: &RedisOptions) -> Option<Self> {
        let runtime = Runtime::new().unwrap();
        let (url, name, turn) = runtime.block_on(schema())?;
        Some(Self::start(runtime, url, Some((name, turn)), redis))
    }

    /// Nodes on a PostgreSQL of the test.
    pub(super) fn on(url: String, redis: &RedisOptions) -> Self {
        Self::start(Runtime::new().unwrap(), url, None, redis)
    }

    fn start(
        runtime: Runtime,
        database: String,
        schema: Option<(String, SemaphorePermit<'static>)>,
        redis: &RedisOptions,
    ) -> Self {
        let first = tempfile::tempdir().unwrap();
        let keys = first.path().join("keys");
        let printed = runtime.block_on(async {
            let storage = Storage::Postgres {
                url: StorageUrl::new(database.clone()),
                redis: Some(redis.clone()),
                bound: Bound::default(),
            };
            let services = Services::open(&keys, Options { storage, ..options(Clock::system()) }).await.unwrap();
            let printed = demo::credentials(&services, "https://localhost", "https://localhost").await.unwrap();
            services.close().await;
            printed.to_json().unwrap()
        });
        let printed: Value = serde_json::from_str(&printed).unwrap();
        let folders = [first, tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        for other in &folders[1..] {
            let other = other.path().join("keys");
            fs::create_dir(&other).unwrap();
            fs::set_permissions(&other, Permissions::from_mode(0o700)).unwrap();
            write_private(&other.join("keys.toml"), &fs::read_to_string(keys.join("keys.toml")).unwrap());
        }
        let nodes = folders.map(|folder| {
            configure(folder.path(), &database, redis);
            let (serve, wire) = serve(folder.path());
            Node { folder, serve, wire }
        });
        let cluster = Self { nodes, shop: Shop::of(&printed), database, schema, runtime };
        cluster.until_trusted();
        cluster
    }

    /// Waits until every node answers from memory.
    pub(super) fn until_trusted(&self) {
        for node in &self.nodes {
            until("memory is trusted", || node.metric("feed_trusted") == Some(1.0));
        }
    }

    /// Runs a statement as an operator would.
    pub(super) fn execute(&self, statement: &str) {
        self.runtime.block_on(execute(&self.database, statement.to_owned()));
    }

    /// Starts a node again in its folder; it must have stopped.
    pub(super) fn revive(&mut self, number: usize) -> Wire {
        let node = &mut self.nodes[number];
        (node.serve, node.wire) = serve(node.folder.path());
        node.wire.clone()
    }

    /// Stops every node in order.
    pub(super) fn stop(self) {
        for node in &self.nodes {
            node.signal(Signal::TERM);
        }
        for node in self.nodes {
            assert_eq!(node.serve.stop(), Some(0));
        }
        if let Some((name, _turn)) = &self.schema {
            self.runtime.block_on(execute(&self.database, format!("DROP SCHEMA {name} CASCADE")));
        }
    }
}

impl Node {
    /// Sends a signal to its process.
    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.serve.child), signal).unwrap();
    }

    /// Stops it in order.
    pub(super) fn stop(&mut self) {
        self.signal(Signal::TERM);
        assert!(self.serve.child.wait().unwrap().success());
    }

    /// After it was killed.
    pub(super) fn reap(&mut self) {
        self.serve.child.wait().unwrap();
    }

    /// The value of a metric without labels.
    pub(super) fn metric(&self, name: &str) -> Option<f64> {
        let reply = Wire::forwarded(self.serve.metrics.unwrap(), self.folder.path()).ask("GET /metrics", &[], "")?;
        let name = format!("tollgate_{name} ");
        reply.body.lines().find_map(|line| line.strip_prefix(&name)).map(|value| value.parse().unwrap())
    }
}

fn configure(folder: &Path, database: &str, redis: &RedisOptions) {
    write_private(&folder.join("postgres.url"), database);
    write_private(&folder.join("redis.url"), redis.url.expose_secret());
    let storage = format!(
        "[storage]\nkeys = \"keys\"\nvault = {{ url_file = \"postgres.url\" }}\nmax_staleness_ms = {}\n\
         ledger = {{ url_file = \"redis.url\", namespace = \"{}\", durability = \"may_forget\" }}\n",
        Cluster::BOUND_MS,
        redis.namespace
    );
    let text = config("test", TERMINATOR, "[metrics]\naddress = \"127.0.0.1:0\"\n");
    fs::write(folder.join("tollgate.toml"), text.replace("[storage]\ndata = \"data\"\n", &storage)).unwrap();
}

fn serve(folder: &Path) -> (Serve, Wire) {
    let mut serve = Serve::spawn(&mut command(&folder.join("tollgate.toml")), 1);
    serve.log_line("metrics");
    let wire = Wire::forwarded(serve.addresses[0], &folder.join("keys"));
    (serve, wire)
}

fn write_private(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// Waits for what must come by itself.
#[track_caller]
pub(super) fn until(what: &str, holds: impl Fn() -> bool) {
    let clock = Clock::system().stopwatch();
    while !holds() {
        assert!(clock.elapsed().as_secs() < 60, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A client address that failed nowhere yet: the limits on failures are not what is tested.
pub(super) fn client() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let [_, a, b, c] = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("10.{a}.{b}.{c}")
}

/// Makes a Caibo key; answers its public id and its text. `None` when storage does not answer.
pub(super) fn issue(shop: &Shop, wire: &Wire) -> Option<(String, String)> {
    let (scopes, allow): ([&str; 0], [&str; 0]) = ([], []);
    let command = json!({ "key": { "issue": {
        "merchant": shop.merchant, "dialect": "caibo", "mode": "test", "scopes": scopes, "name": "",
        "expires_at": null, "allow": allow, "user": null,
    } } });
    match wire.command(&command)? {
        Done::Refused(sentence) => {
            assert!(sentence.contains("not available"), "{sentence}");
            None
        }
        done => Some(shown(done)),
    }
}

/// What a key is told.
pub(super) fn whoami(wire: &Wire, key: &str) -> u16 {
    let reply = wire.ask("GET /auth/whoami", &[("x-api-key", key), ("x-forwarded-for", &client())], "");
    reply.expect("an answer").status
}

/// Asks with a key, and leaves the answer for later.
pub(super) fn dead(wire: &Wire, key: &str) -> Sent {
    wire.send("GET /auth/whoami", &[("x-api-key", key), ("x-forwarded-for", &client())], "").unwrap()
}
