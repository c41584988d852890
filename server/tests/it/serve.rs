//! The real binary under a configuration file: TLS, a terminator, metrics, a new certificate, and starts that must fail.

mod mail;
mod moving;
mod shared;
mod storage_tls;

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

use super::binary::{Dev, fails};
use super::certificate::write_certificate;
use super::interop::present;

/// What a test waits for anything at most.
const PATIENCE: Duration = Duration::from_mins(1);

/// A directory with demo data, a certificate, and the credentials of the demo merchant.
struct House {
    folder: TempDir,
    credentials: HashMap<&'static str, String>,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::start(&folder.path().join("data"));
        let credentials =
            ["/caibo/api_key_test", "/88pay/api_key_test", "/merchant_id_test", "/cardpluspay/api_key", "/panel/email"]
                .map(|pointer| (pointer, dev.text(pointer)));
        assert_eq!(dev.stop(), Some(0));
        write_certificate(folder.path());
        Self { folder, credentials: credentials.into() }
    }

    fn text(&self, pointer: &str) -> &str {
        &self.credentials[pointer]
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, configuration: &str) -> Serve {
        let file = self.path("tollgate.toml");
        fs::write(&file, configuration).unwrap();
        Serve::start(&file, configuration.matches("[[listener]]").count())
    }
}

/// A running `tollgate serve`; killed when dropped.
pub(crate) struct Serve {
    pub(crate) child: Child,
    log: Receiver<Value>,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) metrics: Option<SocketAddr>,
}

impl Serve {
    fn start(file: &Path, listeners: usize) -> Self {
        Self::spawn(&mut command(file), listeners)
    }

    pub(crate) fn spawn(command: &mut Command, listeners: usize) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, log) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        let mut serve = Self { child, log, addresses: Vec::new(), metrics: None };
        while serve.addresses.len() < listeners {
            let line = serve.log_line("listening");
            serve.addresses.push(line["address"].as_str().unwrap().parse().unwrap());
        }
        serve
    }

    /// Waits for a line with this message.
    pub(crate) fn log_line(&mut self, message: &str) -> Value {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{message:?} was not logged"));
            if line["message"] == "metrics" {
                self.metrics = line["address"].as_str().map(|address| address.parse().unwrap());
            }
            if line["message"] == message {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub(crate) fn stop(mut self) -> Option<i32> {
        self.signal("TERM");
        self.child.wait().unwrap().code()
    }

    /// Sends raw bytes to the first listener and reads until the connection closes.
    fn raw(&self, request: &str) -> String {
        raw(self.addresses[0], request)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.arg("serve").arg("--config").arg(file);
    command
}

fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).map_err(|error| error.kind());
    assert_ne!(end, Err(std::io::ErrorKind::WouldBlock), "the connection stays open");
    String::from_utf8_lossy(&answer).into_owned()
}

/// An answer without what differs between any two.
fn comparable(answer: &str) -> String {
    answer.lines().filter(|line| !line.starts_with("x-request-id:") && !line.starts_with("date:")).collect()
}

pub(crate) fn config(mode: &str, security: &str, more: &str) -> String {
    format!(
        "[storage]\ndata = \"data\"\n\
         [[listener]]\naddress = \"127.0.0.1:0\"\nmode = \"{mode}\"\nbase_url = \"https://localhost\"\n{security}\n\
         [dialects]\nenabled = [\"alternative\", \"caibo\", \"cardpluspay\", \"88pay\", \"pledg\"]\n{more}"
    )
}

const TLS: &str = "tls = { certificate = \"certificate.pem\", key = \"key.pem\" }";
pub(crate) const TERMINATOR: &str = "terminator = { trusted_proxies = [\"127.0.0.1\"] }";

/// Runs curl against the first listener; answers the protocol, the status and the body.
fn curl(house: &House, serve: &Serve, options: &[&str], path: &str) -> Result<(String, String, String), String> {
    let port = serve.addresses[0].port();
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "30", "--noproxy", "*", "-w", "\n%{http_version} %{http_code}", "--cacert"])
        .arg(house.path("certificate.pem"))
        .args(options)
        .arg(format!("https://localhost:{port}{path}"))
        .args(["--resolve", &format!("localhost:{port}:127.0.0.1")])
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let out = String::from_utf8(output.stdout).unwrap();
    let (body, end) = out.rsplit_once('\n').unwrap();
    let (version, status) = end.split_once(' ').unwrap();
    Ok((version.to_owned(), status.to_owned(), body.to_owned()))
}

fn no_curl() -> bool {
    !present("curl", Command::new("curl").arg("--version"))
}

#[test]
fn whole_flows_run_over_tls_in_both_protocols() {
    if no_curl() {
        return;
    }
    let house = House::new();
    let serve = house.start(&config("test", TLS, ""));
    let key = format!("x-api-key: {}", house.text("/caibo/api_key_test"));
    let pay = format!("x-api-key: {}", house.text("/88pay/api_key_test"));
    let merchant = format!("x-merchant-id: {}", house.text("/merchant_id_test"));
    let versions = [("--http1.1", "1.1"), ("--http2", "2")];
    for (option, version) in versions {
        let expect = |options: &[&str], path: &str, status: &str| {
            let options = [&[option], options].concat();
            let (spoken, got, body) = curl(&house, &serve, &options, path).unwrap();
            assert_eq!((spoken.as_str(), got.as_str()), (version, status), "{path}: {body}");
            body
        };
        assert!(expect(&["-H", &key], "/auth/whoami", "200").contains("merchantId"));
        assert!(expect(&["-H", "x-api-key: wrong"], "/auth/whoami", "401").contains("invalid_credentials"));
        assert!(expect(&[], "/nothing", "404").contains("not_found"));
        let answer = expect(&["-X", "POST", "-H", &pay, "-H", &merchant], "/api/auth/token", "200");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let found = |name: &str| find(&answer, name).unwrap_or_else(|| panic!("{name} in {answer}"));
        let bearer = format!("authorization: Bearer {}", found("access_token"));
        let session = format!("x-session-id: {}", found("session_id"));
        expect(&["-H", &bearer, "-H", &session], "/api/balance", "200");
        let metadata = expect(&[], "/.well-known/oauth-authorization-server", "200");
        assert!(metadata.contains("\"issuer\":\"https://localhost\""), "{metadata}");
        if version == "2" {
            let long = format!("x-long: {}", "x".repeat(40_000));
            expect(&["-H", &long], "/auth/whoami", "431");
        }
        // Bodies that are refused unread do not cost the answer.
        let too_long = format!("{{\"email\":\"{}\"}}", "x".repeat(70_000));
        expect(&["-H", "content-type: application/json", "-d", &too_long], "/auth/login", "413");
        for length in [26, 60_000] {
            let body = format!("{{\"amount\":\"{}\"}}", "1".repeat(length));
            for _ in 0..5 {
                expect(&["-H", "x-api-key: wrong", "-d", &body], "/payment-requests", "401");
            }
        }
    }
    for (options, fits) in [
        (&["--tlsv1.2", "--tls-max", "1.2"][..], true),
        (&["--tlsv1.3"], true),
        (&["--tlsv1.2", "--tls-max", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-SHA"], false),
        (&["--tlsv1.2", "--tls-max", "1.2", "--ciphers", "AES128-GCM-SHA256"], false),
    ] {
        assert_eq!(curl(&house, &serve, options, "/.well-known/jwks.json").is_ok(), fits, "{options:?}");
    }
    let clear = serve.raw("GET /auth/whoami HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(!clear.contains("HTTP"), "nothing is answered in clear: {clear}");
    assert_eq!(serve.stop(), Some(0));
}

/// A member, however deep.
fn find(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Object(members) => members
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| members.values().find_map(|inner| find(inner, name))),
        _ => None,
    }
}

#[test]
fn t1_plain_http_to_a_terminators_listener_is_refused_and_closed() {
    let house = House::new();
    let serve = house.start(&config("test", TERMINATOR, ""));
    let key = house.text("/cardpluspay/api_key");
    let ask =
        |path: &str, headers: &str| serve.raw(&format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n"));
    let problem = json!({
        "type": "about:blank", "title": "Forbidden", "status": 403, "code": "https_required",
        "detail": "HTTPS is required.",
    });
    let oauth = json!({ "error": "https_required", "error_description": "HTTPS is required." });
    for (path, body) in [
        ("/auth/whoami", problem.clone()),
        ("/api/balance", json!({ "status": "Error", "code": 403, "message": "HTTPS required" })),
        ("/api/a_secured_endpoint", oauth.clone()),
        ("/oauth/token", oauth),
        (
            "/checkout/v1/invoice",
            json!({ "code": "https_required", "message": "https required", "validation_errors": {} }),
        ),
        ("/v1/balance", json!({ "success": false, "message": "HTTPS required", "data": { "code": "https_required" } })),
        ("/nothing", problem),
    ] {
        let good = ask(path, &format!("x-api-key: {key}\r\n"));
        let (_, answered) = good.split_once("\r\n\r\n").unwrap();
        assert_eq!(serde_json::from_str::<Value>(answered).unwrap(), body, "{path}");
        assert!(good.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{path}: {good}");
        assert!(good.contains("\r\nconnection: close\r\n") && !good.contains("location:"), "{path}: {good}");
        for headers in ["", "x-api-key: wrong\r\n", "forwarded: proto=https\r\n", "x-forwarded-proto: http\r\n"] {
            assert_eq!(comparable(&ask(path, headers)), comparable(&good), "{path}: {headers}");
        }
    }
    // A body that was announced and never comes is not waited for.
    let announced = serve.raw("POST /auth/login HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\n");
    assert!(announced.starts_with("HTTP/1.1 403"), "{announced}");
    let secure = format!("x-forwarded-proto: https\r\nconnection: close\r\nx-api-key: {key}\r\n");
    assert!(ask("/v1/balance", &secure).starts_with("HTTP/1.1 200"));
    assert_eq!(serve.stop(), Some(0));
}

#[test]
fn t2_a_peer_that_is_no_proxy_is_not_believed() {
    let house = House::new();
    let serve = house.start(&config("test", "terminator = { trusted_proxies = [\"10.0.0.0/8\"] }", ""));
    let key = house.text("/caibo/api_key_test");
    let answer = serve.raw(&format!(
        "GET /auth/whoami HTTP/1.1\r\nhost: localhost\r\nx-forwarded-proto: https\r\nforwarded: proto=https\r\n\
         x-forwarded-for: 10.0.0.1\r\nx-api-key: {key}\r\n\r\n"
    ));
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("https_required"), "{answer}");
}

#[test]
fn metrics_have_a_listener_of_their_own() {
    let house = House::new();
    let more = "[metrics]\naddress = \"127.0.0.1:0\"\n[limits]\nmax_connections = 7\n";
    let mut serve = house.start(&config("test", TERMINATOR, more));
    serve.log_line("metrics");
    let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert!(serve.raw(request).starts_with("HTTP/1.1 403"), "they are not on the other one");
    let answer = raw(serve.metrics.unwrap(), request);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let listener = serve.addresses[0];
    let line = format!(
        "tollgate_requests_total{{listener=\"{listener}\",mode=\"test\",dialect=\"-\",method=\"GET\",route=\"-\",\
         status=\"403\",reason=\"https_required\"}} 1"
    );
    assert!(answer.contains(&line), "{answer}");
    assert!(answer.contains(&format!("tollgate_connections{{listener=\"{listener}\"}}")), "{answer}");
    assert_eq!(serve.stop(), Some(0));
}

#[test]
fn webhooks_are_delivered_and_counted() {
    let house = House::new();
    // Without a secret an attempt ends before the network is asked for anything.
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let options = SqliteConnectOptions::new().filename(house.path("data").join("tollgate.db"));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let revoke = "UPDATE sealed_secrets SET revoked_at = 0 WHERE purpose = 'webhook'";
        sqlx::query(revoke).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    let mut serve = house.start(&config("test", TERMINATOR, "[metrics]\naddress = \"127.0.0.1:0\"\n"));
    let address = serve.addresses[0];
    let post = |path: &str, body: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-forwarded-proto: https");
        let key = house.text("/caibo/api_key_test");
        let length = body.len();
        let more = format!("x-api-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {length}");
        raw(address, &format!("{head}\r\n{more}\r\n\r\n{body}"))
    };
    let loopback = post("/payment-requests", r#"{"amount":1,"unit":"EUR","notifyUrl":"http://127.0.0.1:9000/"}"#);
    assert!(loopback.starts_with("HTTP/1.1 400"), "public targets only: {loopback}");
    let made = post("/payment-requests", r#"{"amount":1,"unit":"EUR","notifyUrl":"https://shop.example/hook"}"#);
    assert!(made.starts_with("HTTP/1.1 201"), "{made}");
    let id = made.split("\"id\":").nth(1).unwrap().split(',').next().unwrap();
    let paid = post(&format!("/payment-requests/{id}/payments"), r#"{"method":"card","paymentToken":"tok_test_visa"}"#);
    assert!(paid.starts_with("HTTP/1.1 200"), "{paid}");
    let attempt = serve.log_line("webhook attempt");
    assert_eq!((&attempt["error"], &attempt["next"]), (&json!("no_secret"), &json!("retry")), "{attempt}");
    let request = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answer = raw(serve.metrics.unwrap(), request);
    let line = "tollgate_webhook_attempts_total{dialect=\"caibo\",outcome=\"no_secret\"} 1\n";
    assert!(answer.contains(line), "{answer}");
    assert_eq!(serve.stop(), Some(0));
}

#[test]
fn a_new_certificate_is_taken_at_sighup_and_a_bad_one_is_not() {
    if no_curl() {
        return;
    }
    let house = House::new();
    let mut serve = house.start(&config("test", TLS, ""));
    let ask = |serve: &Serve| curl(&house, serve, &[], "/.well-known/jwks.json").map(|(_, status, _)| status);
    assert_eq!(ask(&serve).as_deref(), Ok("200"));

    write_certificate(house.folder.path());
    assert!(ask(&serve).is_err(), "the one before is served still, and the client no longer trusts it");
    serve.signal("HUP");
    serve.log_line("certificate reloaded");
    assert_eq!(ask(&serve).as_deref(), Ok("200"));

    fs::write(house.path("key.pem"), "nonsense").unwrap();
    serve.signal("HUP");
    let line = serve.log_line("certificate not reloaded: the one before stays");
    assert!(line["error"].as_str().unwrap().contains("key.pem holds no unencrypted private key"), "{line}");
    assert_eq!(ask(&serve).as_deref(), Ok("200"));
    assert_eq!(serve.stop(), Some(0));
}

/// The command, started with these limits of open files, in the words of `ulimit`.
fn with_open_files(limits: &str, file: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limits}; exec \"$0\" serve --config \"$1\""));
    command.arg(env!("CARGO_BIN_EXE_tollgate")).arg(file);
    command
}

#[test]
fn more_connections_than_open_files_do_not_start() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    let file = folder.path().join("tollgate.toml");
    fs::write(&file, config("test", TLS, "[limits]\nmax_connections = 50")).unwrap();
    fails(&mut with_open_files("ulimit -n 149", &file), "may need 150 open files and this process may have 149");
    assert!(!folder.path().join("data").exists(), "nothing was made");
    assert_eq!(Serve::spawn(&mut with_open_files("ulimit -n 150", &file), 1).stop(), Some(0));
}

#[test]
#[cfg(target_os = "linux")]
fn the_limit_of_open_files_is_raised_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path());
    let file = folder.path().join("tollgate.toml");
    fs::write(&file, config("test", TLS, "[limits]\nmax_connections = 50")).unwrap();
    let serve = Serve::spawn(&mut with_open_files("ulimit -Sn 100; ulimit -Hn 160", &file), 1);
    let limits = fs::read_to_string(format!("/proc/{}/limits", serve.child.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(line.split_whitespace().skip(3).take(2).collect::<Vec<_>>(), ["160", "160"], "{line}");
    assert_eq!(serve.stop(), Some(0));
}

#[test]
fn settings_that_would_be_insecure_do_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_certificate(folder.path());
    let start = |text: &str| {
        fs::write(path("tollgate.toml"), text).unwrap();
        command(&path("tollgate.toml"))
    };
    let allow = |name: &str, mode: u32| fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();

    fails(&mut start(&config("test", "", "")), "tollgate.toml: listener 1: tls is missing");
    fails(&mut start(&config("any", TLS, "")), "tollgate.toml: listener 1: mode \"any\" does not fit alternative");
    fails(
        &mut start(&config("test", TLS, "").replace("https:", "http:")),
        "tollgate.toml: listener 1: base_url must be",
    );
    fails(&mut start(&config("test", TLS, "[listeners]\n")), "unknown field `listeners`");
    fails(&mut command(&path("absent.toml")), "absent.toml cannot be read");

    for mode in [0o604, 0o644, 0o620, 0o601] {
        allow("key.pem", mode);
        fails(&mut start(&config("test", TLS, "")), "key.pem is open to others than its owner: run chmod 600");
    }
    allow("key.pem", 0o600);
    let key = fs::read_to_string(path("key.pem")).unwrap();
    let other = tempfile::tempdir().unwrap();
    fs::copy(write_certificate(other.path()).key, path("key.pem")).unwrap();
    fails(&mut start(&config("test", TLS, "")), "key.pem does not go with");
    fs::write(path("key.pem"), "").unwrap();
    fails(&mut start(&config("test", TLS, "")), "key.pem holds no unencrypted private key");
    fs::remove_file(path("key.pem")).unwrap();
    fails(&mut start(&config("test", TLS, "")), "key.pem cannot be read");
    fs::write(path("key.pem"), &key).unwrap();
    allow("key.pem", 0o640);
    let certificate = fs::read_to_string(path("certificate.pem")).unwrap();
    for damaged in ["", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", &key] {
        fs::write(path("certificate.pem"), damaged).unwrap();
        fails(&mut start(&config("test", TLS, "")), "certificate.pem holds no certificate");
    }
    fs::write(path("certificate.pem"), certificate).unwrap();

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(&mut start(&config("test", TLS, "").replace("127.0.0.1:0", &address)), "is already in use");
    fails(&mut start(&config("test", TLS, &format!("[metrics]\naddress = \"{address}\""))), "is already in use");
    assert!(!path("data").exists(), "a start that fails leaves nothing behind");

    // With the settings in order it starts, and then it is the key file of the server that must be closed.
    fs::write(path("tollgate.toml"), config("test", TLS, "")).unwrap();
    assert_eq!(Serve::start(&path("tollgate.toml"), 1).stop(), Some(0));
    allow("data/keys.toml", 0o644);
    fails(&mut command(&path("tollgate.toml")), "keys.toml can be read by others than its owner");
}

#[test]
fn a_disabled_dialect_is_not_there() {
    let house = House::new();
    let text = config("test", TERMINATOR, "").replace("\"88pay\", ", "");
    let serve = house.start(&text);
    let answer = serve.raw(
        "POST /api/auth/token HTTP/1.1\r\nhost: localhost\r\nx-forwarded-proto: https\r\nconnection: close\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("application/problem+json"), "{answer}");
}
