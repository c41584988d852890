//! The real binary: start, restart, stop, and every way to start it wrongly.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

#[cfg(target_os = "linux")]
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::Value;

use super::interop::present;

/// A running `tollgate dev`; killed when dropped.
pub(crate) struct Dev {
    child: Child,
    pub(crate) printed: Value,
}

impl Dev {
    pub(crate) fn start(data: &Path) -> Self {
        Self::spawn(command(data).stderr(Stdio::null()))
    }

    /// Starts it with these variables in its environment.
    pub(crate) fn start_with<const N: usize>(data: &Path, variables: [(&str, &str); N]) -> Self {
        Self::spawn(command(data).envs(variables).stderr(Stdio::null()))
    }

    /// Starts without limits to speak of, with the sandbox at this address and its log in a file.
    pub(crate) fn start_for_load(data: &Path, sandbox: &str, log: File) -> Self {
        Self::spawn(command_at(data, sandbox).args(["--limits-scale", "1000000"]).stderr(log))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Starts with a log to be taken.
    pub(crate) fn start_with_log(data: &Path) -> Self {
        Self::spawn(command(data).stderr(Stdio::piped()))
    }

    /// Starts with a log that goes to a file.
    pub(crate) fn start_logging_to(data: &Path, log: File) -> Self {
        Self::spawn(command(data).stderr(log))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, printed: serde_json::from_str(&line).unwrap() }
    }

    /// Its log, one line an event.
    pub(crate) fn take_log(&mut self) -> ChildStderr {
        self.child.stderr.take().unwrap()
    }

    /// What it prints behind its first line.
    pub(crate) fn take_output(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    pub(crate) fn text(&self, pointer: &str) -> String {
        self.printed.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}")).to_owned()
    }

    /// What it printed, one JSON object.
    pub(crate) fn printed(&self) -> &Value {
        &self.printed
    }

    /// Sends raw bytes to the sandbox and reads until the connection closes.
    pub(crate) fn raw(&self, request: &[u8]) -> String {
        let address = self.text("/sandbox").replace("http://", "");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) fn who_am_i(&self, key: &str) -> String {
        self.raw(
            format!("GET /auth/whoami HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {key}\r\n\r\n").as_bytes(),
        )
    }

    /// Sets how many files it may have open at a time; `None` is as many as this process may.
    #[cfg(target_os = "linux")]
    pub(crate) fn limit_open_files(&self, files: Option<u64>) {
        let own = getrlimit(Resource::Nofile);
        let limit = Rlimit { current: files.or(own.current), ..own };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Nofile, limit).unwrap();
    }

    /// Dies as in a power failure.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, then the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command(data: &Path) -> Command {
    command_at(data, "127.0.0.1:0")
}

fn command_at(data: &Path, sandbox: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command
        .args([
            "dev",
            "--print",
            "json",
            "--sandbox",
            sandbox,
            "--live",
            "127.0.0.1:0",
            "--shop",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(data);
    command
}

/// Runs a start that must fail: one sentence on standard error, nothing on standard output.
#[track_caller]
pub(crate) fn fails(command: &mut Command, expected: &str) {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (pid, (sender, end)) = (child.id().to_string(), mpsc::channel());
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(end) = end.recv_timeout(Duration::from_mins(1)) else {
        Command::new("kill").arg(pid).status().unwrap();
        panic!("it started, where {expected:?} was expected");
    };
    let Output { status, stdout, stderr } = end.unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert_eq!(String::from_utf8(stdout).unwrap(), "");
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("tollgate: ") && stderr.contains(expected), "{stderr}");
}

#[test]
fn starts_serves_and_stops_and_keeps_its_data() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let key = dev.text("/caibo/api_key_test");
    assert!(dev.who_am_i(&key).starts_with("HTTP/1.1 200"));
    for pointer in [
        "/sandbox",
        "/live",
        "/shop",
        "/merchant_id_test",
        "/merchant_id_live",
        "/panel/email",
        "/panel/password",
        "/panel/user_id",
        "/caibo/api_key_test",
        "/caibo/api_key_live",
        "/caibo/webhook_secret",
        "/caibo/origin",
        "/88pay/api_key_test",
        "/88pay/api_key_live",
        "/pledg/key",
        "/pledg/secret",
        "/pledg/signing_secret",
        "/pledg/notification_secret",
        "/pledg/merchant_uid",
        "/pledg/purchase_uid",
        "/alternative/client_id",
        "/alternative/client_secret",
        "/alternative/customer_id",
        "/alternative/invoice_id",
        "/cardpluspay/api_key",
        "/cardpluspay/signed_api_key",
        "/cardpluspay/private_key_pem",
    ] {
        assert!(!dev.text(pointer).is_empty(), "{pointer}");
    }
    assert!(dev.printed["caibo"]["payment_request_id"].is_i64() && dev.printed["cardpluspay"]["item_id"].is_i64());
    assert_eq!(fs::metadata(data.join("keys.toml")).unwrap().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(data.join("tollgate.db")).unwrap().mode() & 0o077, 0);
    let webhook_secret = dev.text("/caibo/webhook_secret");
    assert_eq!(dev.stop(), Some(0));

    let again = Dev::start(&data);
    assert!(again.who_am_i(&key).starts_with("HTTP/1.1 200"), "the key of the first start still works");
    assert_eq!(again.text("/caibo/webhook_secret"), webhook_secret);
    assert!(again.printed["caibo"]["api_key_test"].is_null(), "what is kept as a digest cannot be shown again");
    assert_eq!(again.stop(), Some(0));
}

#[test]
fn survives_garbage_on_the_wire() {
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(&dir.path().join("data"));
    let long = "x".repeat(200_000);
    let many = (0..500).map(|n| format!("x-{n}: 1\r\n")).collect::<Vec<_>>().concat();
    let cases = [
        ("not HTTP", "\x16\x03\x01\x02\x00garbage\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        ("long header", format!("GET / HTTP/1.1\r\nhost: x\r\nx-api-key: {long}\r\n\r\n"), "HTTP/1.1 431"),
        ("many headers", format!("GET / HTTP/1.1\r\nhost: x\r\n{many}\r\n"), "HTTP/1.1 431"),
        (
            "announced too long",
            "POST /auth/login HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 99999999\r\n\r\n".to_owned(),
            "HTTP/1.1 413",
        ),
        (
            "two lengths",
            "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}".to_owned(),
            "HTTP/1.1 400",
        ),
        (
            "non-ASCII key",
            "GET /auth/whoami HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: \u{fc}\r\n\r\n".to_owned(),
            "HTTP/1.1 401",
        ),
    ];
    for (label, request, expected) in cases {
        let answer = dev.raw(request.as_bytes());
        assert!(answer.starts_with(expected), "{label}: {answer:.200}");
    }
    assert!(dev.who_am_i(&dev.text("/caibo/api_key_test")).starts_with("HTTP/1.1 200"), "it still serves");
}

#[test]
fn a_port_in_use_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut start = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    start.args(["dev", "--sandbox", &address, "--live", "127.0.0.1:0", "--shop", "127.0.0.1:0", "--data"]).arg(&data);
    fails(&mut start, "already in use");
    assert!(!data.exists());
}

#[test]
fn an_address_of_the_network_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let local = "127.0.0.1:0";
    for (sandbox, live, shop) in [("0.0.0.0:0", local, local), (local, "0.0.0.0:0", local), (local, local, "0.0.0.0:0")]
    {
        let mut start = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        start
            .args(["dev", "--sandbox", sandbox, "--live", live, "--shop", shop, "--data"])
            .arg(dir.path().join("data"));
        fails(&mut start, "not a loopback address");
    }
}

#[test]
fn a_damaged_database_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(Dev::start(&data).stop(), Some(0));
    let path = data.join("tollgate.db");
    let mut bytes = fs::read(&path).unwrap();
    for byte in &mut bytes[..4096] {
        *byte ^= 0x55;
    }
    fs::write(&path, &bytes).unwrap();
    fails(&mut command(&data), "damaged");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_key_file_that_cannot_be_trusted_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(Dev::start(&data).stop(), Some(0));
    let path = data.join("keys.toml");
    let good = fs::read(&path).unwrap();

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fails(&mut command(&data), "chmod 600");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();

    fs::write(&path, &good[..good.len() / 2]).unwrap();
    fails(&mut command(&data), "damaged");
    assert_eq!(fs::read(&path).unwrap(), good[..good.len() / 2]);

    fs::remove_file(&path).unwrap();
    fails(&mut command(&data), "missing beside an existing database");
    assert!(!path.exists(), "no new keys are made under an old database");

    fs::create_dir(&path).unwrap();
    fails(&mut command(&data), "cannot be read");
    fs::remove_dir(&path).unwrap();

    fs::write(&path, &good).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(Dev::start(&data).stop(), Some(0), "with its file back it starts");
}

#[test]
fn a_data_directory_that_is_a_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::write(&data, "mine").unwrap();
    fails(&mut command(&data), "cannot be used as data directory");
    assert_eq!(fs::read_to_string(&data).unwrap(), "mine");
}

#[test]
fn a_second_process_on_the_same_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let first = Dev::start(&data);
    fails(&mut command(&data), "is used by another tollgate");
    assert!(first.who_am_i(&first.text("/caibo/api_key_test")).starts_with("HTTP/1.1 200"));
}

#[test]
fn a_data_directory_that_others_can_write_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    fails(&mut command(&data), "others than its owner can write");
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(&dir.path().join("data"));
    let address = dev.text("/sandbox").replace("http://", "");
    let waits = [&b""[..], b"GET /auth/wh", b"GET / HTTP/1.1\r\nhost: x\r\n", b"PRI * HTTP/2.0\r\n"].map(|begun| {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(begun).unwrap();
        std::thread::spawn(move || stream.read_to_end(&mut Vec::new()).map_err(|error| error.kind()))
    });
    for (n, wait) in waits.into_iter().enumerate() {
        let end = wait.join().unwrap();
        assert_ne!(end, Err(std::io::ErrorKind::WouldBlock), "connection {n} is still open after 30 s");
    }
}

#[test]
fn the_printed_curl_lines_run_as_they_stand() {
    for tool in ["curl", "openssl"] {
        if !present(tool, Command::new("bash").args(["-c", &format!("command -v {tool}")])) {
            return;
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let mut start = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    start
        .args(["dev", "--sandbox", "127.0.0.1:0", "--live", "127.0.0.1:0", "--shop", "127.0.0.1:0", "--data"])
        .arg(dir.path().join("data"));
    let mut child = start.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut guide = String::new();
    for line in BufReader::new(child.stdout.as_mut().unwrap()).lines().map_while(Result::ok) {
        guide.push_str(&line);
        guide.push('\n');
        if line.contains("Ctrl-C") {
            break;
        }
    }
    // What a person pastes: the lines that are indented by four blanks.
    let script = guide
        .lines()
        .filter_map(|line| line.strip_prefix("    ").filter(|line| !line.starts_with(' ')))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("curl -sS", "curl -sS --fail-with-body");
    let calls = script.matches("curl -sS").count();
    let run = Command::new("bash").args(["-euc", &script]).output().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let (out, error) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success(), "{out}\n{error}");
    assert!(calls >= 18 && out.lines().count() >= calls, "{calls} calls: {out}");
    for expected in [
        "\"merchantId\"",
        "\"ttlSeconds\":900",
        "\"accessToken\"",
        "Balance retrieved",
        "Method processed",
        "\"expires_in\":600",
        "\"merchants\":[\"mer_",
        "\"status\":\"released\"",
        "\"expires_in\":3600",
        "\"invoice_number\":\"2026-0007\"",
        "\"order_no\":\"ORD-",
        "cpp-challenge-v1.",
        "\"currency\":\"USD\"",
        "\"keys\":[",
        "\"token_endpoint\"",
        "\"integrity\":\"sha384-",
    ] {
        assert!(out.contains(expected), "{expected} is missing in {out}");
    }
}
