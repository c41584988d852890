//! Servers of a test alone, to be stopped, frozen and killed.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;
use tollgate::storage::StorageUrl;
use tollgate::storage::redis::{Durability, RedisOptions};

use super::nodes::until;
use crate::interop::present;

/// A PostgreSQL that nobody else uses.
pub(super) struct Postgres {
    dir: TempDir,
    child: Child,
    port: u16,
}

/// A Redis that nobody else uses.
pub(super) struct Redis {
    dir: TempDir,
    child: Child,
}

fn required(name: &str, there: bool) -> Option<()> {
    let required = std::env::var("TOLLGATE_REQUIRE_SERVICES").is_ok_and(|value| value == "1");
    assert!(there || !required, "{name} is required");
    there.then_some(())
}

/// Where Debian and others keep what is not in the path.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin").join(name)).filter(|path| path.exists()).max();
    found.unwrap_or_else(|| name.into())
}

/// PostgreSQL does not run as root: there it runs as the user that its package makes.
fn as_its_user(command: &mut Command) {
    if geteuid().is_root() {
        let (user, group) = its_user();
        command.uid(user).gid(group);
    }
}

fn its_user() -> (u32, u32) {
    let id = |which: &str| {
        let printed = Command::new("id").args([which, "postgres"]).output().unwrap().stdout;
        String::from_utf8(printed).unwrap().trim().parse().unwrap()
    };
    (id("-u"), id("-g"))
}

impl Postgres {
    /// `None` when it is not installed; its lack is a failure where services are required.
    pub(super) fn start() -> Option<Self> {
        required("initdb", present("initdb", Command::new(program("initdb")).arg("--version")))?;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let data = dir.path().join("data");
        fs::create_dir(&data).unwrap();
        if geteuid().is_root() {
            let (user, group) = its_user();
            chown(&data, Some(user), Some(group)).unwrap();
        }
        let mut init = Command::new(program("initdb"));
        as_its_user(init.arg("-D").arg(&data).args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]));
        let made = init.current_dir(&data).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // Nobody holds it from here on, and nobody else asks for one by number.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Self::spawn(&data, port);
        let server = Self { dir, child, port };
        server.until_it_answers();
        Some(server)
    }

    fn spawn(data: &Path, port: u16) -> Child {
        let mut command = Command::new(program("postgres"));
        as_its_user(command.arg("-D").arg(data).args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""]));
        command.current_dir(data).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn until_it_answers(&self) {
        let mut ready = Command::new(program("pg_isready"));
        ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        let ready = std::cell::RefCell::new(ready);
        until("PostgreSQL answers", || ready.borrow_mut().status().unwrap().success());
    }

    /// Stops every process of it in its tracks.
    pub(super) fn freeze(&self) {
        let main = Pid::from_child(&self.child);
        kill_process(main, Signal::STOP).unwrap();
        self.signal_children(Signal::STOP);
    }

    pub(super) fn thaw(&self) {
        self.signal_children(Signal::CONT);
        kill_process(Pid::from_child(&self.child), Signal::CONT).unwrap();
    }

    fn signal_children(&self, signal: Signal) {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        for child in children.split_whitespace() {
            // One that has just ended needs no signal.
            let _ = kill_process(Pid::from_raw(child.parse().unwrap()).unwrap(), signal);
        }
    }

    /// As if the machine had lost its power, but for the disk.
    pub(super) fn crash(&mut self) {
        kill_process(Pid::from_child(&self.child), Signal::QUIT).unwrap();
        self.child.wait().unwrap();
        assert!(TcpStream::connect(("127.0.0.1", self.port)).is_err());
    }

    pub(super) fn restart(&mut self) {
        self.child = Self::spawn(&self.dir.path().join("data"), self.port);
        self.until_it_answers();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.signal_children(Signal::CONT);
        for signal in [Signal::CONT, Signal::QUIT] {
            let _ = kill_process(Pid::from_child(&self.child), signal);
        }
        let _ = self.child.wait();
    }
}

impl Redis {
    /// `None` when it is not installed; its lack is a failure where services are required.
    pub(super) fn start() -> Option<Self> {
        required("redis-server", present("redis-server", Command::new("redis-server").arg("--version")))?;
        let dir = tempfile::tempdir().unwrap();
        let child = Self::spawn(&dir);
        Some(Self { dir, child })
    }

    fn spawn(dir: &TempDir) -> Child {
        let socket = dir.path().join("redis.sock");
        let child = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        until("Redis answers", || UnixStream::connect(&socket).is_ok());
        child
    }

    pub(super) fn options(&self) -> RedisOptions {
        let url = StorageUrl::new(format!("redis+unix://{}", self.dir.path().join("redis.sock").display()));
        RedisOptions { url, namespace: "cluster".into(), durability: Durability::MayForget }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(super) fn crash(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        fs::remove_file(self.dir.path().join("redis.sock")).unwrap();
    }

    pub(super) fn restart(&mut self) {
        self.child = Self::spawn(&self.dir);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
