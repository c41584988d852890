//! A server in a process of its own, and the CPU time it takes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::load::{self, Load, Request, Round};

/// A server that runs until this is dropped.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
    runtime: Runtime,
    _files: TempDir,
}

impl Process {
    /// The bare handler.
    pub(crate) fn hello() -> Self {
        let (process, line) = Self::start(Command::new(std::env::current_exe().unwrap()).arg("hello"));
        process.at(&line)
    }

    /// `tollgate dev` on a new data directory, and the line it prints. It writes its log to a file.
    pub(crate) fn dev() -> (Self, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(["dev", "--print", "json", "--limits-scale", "1000000", "--data", "data"]);
        for listener in ["--sandbox", "--live", "--shop"] {
            command.args([listener, "127.0.0.1:0"]);
        }
        Self::start(&mut command)
    }

    fn start(command: &mut Command) -> (Self, String) {
        let files = tempfile::tempdir().unwrap();
        let log = fs::File::create(files.path().join("log")).unwrap();
        let mut child = command.current_dir(&files).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        (Self { child, address: ([127, 0, 0, 1], 0).into(), runtime, _files: files }, line)
    }

    /// The same, reached at this address or base URL.
    pub(crate) fn at(mut self, address: &str) -> Self {
        self.address = address.trim().trim_start_matches("http://").parse().unwrap();
        self
    }

    /// The body of the answer to one request.
    pub(crate) fn ask(&self, request: &Request) -> Vec<u8> {
        self.runtime.block_on(load::ask(self.address, request))
    }

    /// Microseconds of CPU that one request takes.
    pub(crate) fn cost(&self, load: &Load, round: Round) -> f64 {
        let before = self.cpu_us();
        let answers = self.runtime.block_on(load.run(self.address, round));
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let cost = (self.cpu_us() - before) as f64 / answers as f64;
        cost
    }

    /// CPU time of all its threads (`proc_pid_schedstat`: nanoseconds on a CPU).
    fn cpu_us(&self) -> u64 {
        let threads = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let of = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        threads
            .map(|thread| of(thread.unwrap()).split(' ').next().map_or(0, |text| text.parse().unwrap_or(0)))
            .sum::<u64>()
            / 1_000
    }

    /// Its resident memory.
    pub(crate) fn resident_kb(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
