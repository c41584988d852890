//! PostgreSQL and Redis over TLS: a server that proves its name is used, any other is refused at the start.

use std::fs::{self, Permissions};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::{Serve, TERMINATOR, command, config};
use crate::binary::fails;
use crate::command_line::{record, text};
use crate::interop::present;
use crate::storage::{execute, redis_options, schema};

/// An authority, and what it signs for a server.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn write(&self, file: &Path) {
        fs::write(file, self.issuer.pem()).unwrap();
    }

    /// Writes `server.pem` and `server.key` for this name.
    fn certify(&self, name: &str, folder: &Path) {
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        fs::write(folder.join("server.pem"), signed.pem()).unwrap();
        private(&folder.join("server.key"), &key.serialize_pem());
    }
}

/// A process of this test alone; killed when dropped.
struct Server {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn private(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// A port that nobody listens on at this moment.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_for(child: &mut Child, port: u16) {
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended at once");
        std::thread::yield_now();
    }
}

fn required(program: &str) -> bool {
    let required = std::env::var("TOLLGATE_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
    assert!(!required, "{program} is required");
    false
}

/// A Redis that speaks TLS alone.
fn redis(authority: &Authority, name: &str) -> Option<Server> {
    let is_there = present("redis-server", Command::new("redis-server").arg("--version")) || required("redis-server");
    if !is_there {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    authority.certify(name, folder.path());
    authority.write(&folder.path().join("ca.pem"));
    let port = free_port();
    let mut child = Command::new("redis-server")
        .args(["--port", "0", "--bind", "127.0.0.1", "--tls-port", &port.to_string(), "--tls-auth-clients", "no"])
        .args(["--tls-cert-file", "server.pem", "--tls-key-file", "server.key", "--tls-ca-cert-file", "ca.pem"])
        .args(["--save", "", "--appendonly", "no"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for(&mut child, port);
    Some(Server { child, port, _folder: folder })
}

/// The programs of the newest PostgreSQL of this machine, which are not on the path.
fn postgres_programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<_> = versions.map_while(Result::ok).map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.pop().filter(|folder| folder.join("initdb").exists())
}

/// A PostgreSQL that takes TLS connections alone. It refuses to run as root, so then it runs as its usual user.
fn postgres(authority: &Authority, name: &str) -> Option<Server> {
    let Some(programs) = postgres_programs() else {
        eprintln!("skipped: PostgreSQL is not installed");
        required("PostgreSQL");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    authority.certify(name, folder.path());
    let is_root = rustix::process::getuid().is_root();
    let run = |program: &str| {
        let mut command = Command::new("setpriv");
        if is_root {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]);
        }
        command.arg(programs.join(program)).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    if is_root {
        let given = Command::new("chown").args(["-R", "postgres"]).arg(folder.path()).status().unwrap();
        assert!(given.success());
    }
    let made = run("initdb").args(["-A", "trust", "-U", "root", "--no-sync", "-D"]).arg(&data).status().unwrap();
    assert!(made.success());
    private(&data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n");
    if is_root {
        assert!(Command::new("chown").arg("postgres").arg(data.join("pg_hba.conf")).status().unwrap().success());
    }
    let port = free_port();
    let settings = [
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", folder.path().join("server.pem").display()),
        format!("ssl_key_file={}", folder.path().join("server.key").display()),
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", folder.path().display()),
        "fsync=off".to_owned(),
    ];
    let mut command = run("postgres");
    command.arg("-D").arg(&data);
    for setting in &settings {
        command.arg("-c").arg(setting);
    }
    let mut child = command.spawn().unwrap();
    wait_for(&mut child, port);
    Some(Server { child, port, _folder: folder })
}

/// Writes a configuration with these lines in `[storage]`, and the URLs that they name.
fn configure(folder: &Path, storage: &str, urls: &[(&str, &str)]) -> PathBuf {
    for (name, url) in urls {
        private(&folder.join(name), url);
    }
    let file = folder.join("tollgate.toml");
    let storage = format!("[storage]\nkeys = \"keys\"\n{storage}\n");
    fs::write(&file, config("test", TERMINATOR, "").replace("[storage]\ndata = \"data\"\n", &storage)).unwrap();
    file
}

const VAULT: &str = "vault = { url_file = \"postgres.url\" }";

#[test]
fn a_postgres_that_proves_its_name_is_used_and_another_is_not() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let Some(server) = postgres(&ours, "localhost") else { return };
    let folder = tempfile::tempdir().unwrap();
    ours.write(&folder.path().join("ca.pem"));
    theirs.write(&folder.path().join("other.pem"));
    let with = |host: &str, rest: &str| {
        let url = format!("postgres://root@{host}:{}/postgres?{rest}", server.port);
        configure(folder.path(), VAULT, &[("postgres.url", &url)])
    };
    let root = |name: &str| format!("sslmode=verify-full&sslrootcert={}", folder.path().join(name).display());
    for (label, host, rest, sentence) in [
        ("another authority", "localhost", root("other.pem"), "UnknownIssuer"),
        ("none of ours", "localhost", "sslmode=verify-full".to_owned(), "UnknownIssuer"),
        ("another name", "127.0.0.1", root("ca.pem"), "not valid for"),
        ("in clear", "localhost", "sslmode=disable".to_owned(), "cannot be used"),
        ("no such file", "localhost", root("absent.pem"), "cannot be used"),
    ] {
        let mut start = command(&with(host, &rest));
        eprintln!("{label}");
        fails(&mut start, sentence);
    }
    assert!(!folder.path().join("keys/keys.toml").exists(), "a start that fails makes no key");
    let serve = Serve::start(&with("localhost", &root("ca.pem")), 1);
    let keys = folder.path().join("keys");
    let merchant = record(&keys, &["merchant", "create", "Shop", "--country", "COL", "--currency", "COP"], "");
    assert_eq!(text(&merchant, "name"), "Shop");
    assert_eq!(serve.stop(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_proves_its_name_is_used_and_another_is_not() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    // Where there is no Redis at all the suite says so, here as elsewhere.
    let (Some(_), Some(server)) = (redis_options(), redis(&ours, "localhost")) else { return };
    let Some((database, name, _turn)) = schema().await else { return };
    let folder = tempfile::tempdir().unwrap();
    ours.write(&folder.path().join("ca.pem"));
    theirs.write(&folder.path().join("other.pem"));
    fs::write(folder.path().join("empty.pem"), "").unwrap();
    let with = |scheme: &str, host: &str, ca: &str| {
        let ledger = format!("ledger = {{ url_file = \"redis.url\", durability = \"may_forget\"{ca} }}");
        let redis = format!("{scheme}://{host}:{}", server.port);
        let urls = [("postgres.url", database.as_str()), ("redis.url", redis.as_str())];
        configure(folder.path(), &format!("{VAULT}\n{ledger}"), &urls)
    };
    for (label, scheme, host, ca, sentence) in [
        ("another authority", "rediss", "localhost", ", ca = \"other.pem\"", "UnknownIssuer"),
        ("none of ours", "rediss", "localhost", "", "UnknownIssuer"),
        ("another name", "rediss", "127.0.0.1", ", ca = \"ca.pem\"", "not valid for"),
        ("in clear", "redis", "localhost", ", ca = \"ca.pem\"", "goes with a rediss:// URL"),
        ("no certificate", "rediss", "localhost", ", ca = \"empty.pem\"", "holds no certificate"),
    ] {
        let mut start = command(&with(scheme, host, ca));
        eprintln!("{label}");
        fails(&mut start, sentence);
    }
    assert_eq!(Serve::start(&with("rediss", "localhost", ", ca = \"ca.pem\""), 1).stop(), Some(0));
    execute(&database, format!("DROP SCHEMA {name} CASCADE")).await;
}
