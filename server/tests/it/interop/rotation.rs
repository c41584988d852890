//! J5 as other people's verifiers live it: a key is published, takes over, and the one before it stays for its tokens.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tollgate_jwt_session::danger;

use super::{node_has, node_modules, python, python_has, script};
use crate::binary::Dev;

const DAY: i64 = 86_400;

#[test]
fn pyjwt_follows_a_rotation() {
    if python_has("jwt, cryptography") {
        follow(|base| {
            let mut command = Command::new(python());
            command.arg(script("follow_jwks.py")).args([base, "alternative"]);
            command
        });
    }
}

#[test]
fn jose_follows_a_rotation() {
    if node_has("jose") {
        follow(|base| {
            let mut command = Command::new("node");
            command.arg(script("follow_jwks.mjs")).args([&node_modules(), base, "alternative"]);
            command
        });
    }
}

fn follow(verifier: impl Fn(&str) -> Command) {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(&dir.path().join("data"));
    let base = server.dev.text("/sandbox");
    let before = server.token();

    let published = server.rotate();
    let during = server.token();
    assert_eq!(kid(&during), kid(&before), "a key that was just published does not sign");
    // It reads the key set now and, as far as it is concerned, never again.
    let mut verifier = Verifier::start(verifier(&base));
    for (label, token) in [("token before the rotation", &before), ("token after the publication", &during)] {
        assert_eq!(verifier.ask(token)["iss"], base.as_str(), "{label}");
    }

    server.let_a_day_pass();
    let after = server.token();
    assert_eq!(kid(&after), published, "a day after its publication the key signs");
    for (label, token) in [("token of the new key", &after), ("token of the old key", &before)] {
        assert_eq!(verifier.ask(token)["iss"], base.as_str(), "{label}");
    }
    let (signed, signature) = after.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = verifier.ask(&format!("{signed}.{first}{}", &signature[1..]));
    assert!(forged["error"].as_str().unwrap().to_lowercase().contains("signature"), "{forged}");

    server.let_a_day_pass();
    let gone = server.dev.raw(b"GET /.well-known/jwks.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert!(gone.contains(&published) && !gone.contains(&kid(&before)), "the old key outlived its tokens: {gone}");
}

fn kid(token: &str) -> String {
    danger::unverified_kid(token).unwrap().as_str().to_owned()
}

/// The real binary and its log.
struct Server {
    dev: Dev,
    log: Lines<BufReader<ChildStderr>>,
    data: PathBuf,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut dev = Dev::start_with_log(data);
        let log = BufReader::new(dev.take_log()).lines();
        Self { dev, log, data: data.to_owned() }
    }

    /// An Alternative access token, which lives for an hour.
    fn token(&self) -> String {
        let pair =
            format!("{}:{}", self.dev.text("/alternative/client_id"), self.dev.text("/alternative/client_secret"));
        let answer = self.dev.raw(
            format!(
                "POST /oauth/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Basic {}\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: 29\r\n\r\ngrant_type=client_credentials",
                STANDARD.encode(pair)
            )
            .as_bytes(),
        );
        let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        body["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Rotates by the command, and answers the name of the key that is to come.
    fn rotate(&mut self) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        let output =
            command.args(["signing-key", "rotate", "--kind", "alternative", "--data"]).arg(&self.data).output();
        let printed = String::from_utf8(output.unwrap().stdout).unwrap();
        self.taken_over();
        printed.lines().nth(1).unwrap().split_whitespace().nth(1).unwrap().to_owned()
    }

    /// Moves every date of the key file a day back, which is what a day does to them.
    fn let_a_day_pass(&mut self) {
        let path = self.data.join("keys.toml");
        let mut keys: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        for entry in keys["signing"].as_array_mut().unwrap() {
            for member in ["created_at", "use_from"] {
                let date = entry[member].as_integer().unwrap();
                entry.as_table_mut().unwrap().insert(member.to_owned(), (date - DAY).into());
            }
        }
        let beside = self.data.join("keys.toml.older");
        fs::copy(&path, &beside).unwrap();
        fs::write(&beside, keys.to_string()).unwrap();
        fs::rename(&beside, &path).unwrap();
        self.taken_over();
    }

    /// Reads the log until the running server has the new signing keys.
    fn taken_over(&mut self) {
        let mut lines = self.log.by_ref().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("the key file changed: its signing keys")));
    }
}

/// A process that verifies tokens one by one; killed when dropped.
struct Verifier {
    child: Child,
    tokens: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Verifier {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (tokens, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        Self { child, tokens, answers }
    }

    fn ask(&mut self, token: &str) -> Value {
        writeln!(self.tokens, "{token}").unwrap();
        serde_json::from_str(&self.answers.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
