//! The socket in the data directory: whose it is, what it takes, and what is left of it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use super::super::binary::Dev;
use super::{record, records, refused, text};

const SOCKET: &str = "tollgate.sock";

/// Sends bytes, ends, and reads what comes back.
fn exchange(data: &Path, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(data.join(SOCKET)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // A server that has seen enough closes before everything is written.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

#[test]
fn the_socket_is_its_owners_alone_and_goes_with_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let found = fs::symlink_metadata(data.join(SOCKET)).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o700);
    assert_eq!(dev.stop(), Some(0));
    assert!(!data.join(SOCKET).exists());
}

#[test]
fn a_socket_that_a_dead_server_left_is_in_nobodys_way() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Dev::start(&data).kill();
    assert!(data.join(SOCKET).exists(), "the death left it behind");
    assert!(!records(&data, &["merchant", "list"], "").is_empty(), "the command opens the directory itself");
    let dev = Dev::start(&data);
    assert!(!records(&data, &["merchant", "list"], "").is_empty(), "the next server listens again");
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn something_else_of_this_name_is_left_alone_and_not_talked_to() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(Dev::start(&data).stop(), Some(0));
    fs::write(data.join(SOCKET), "mine").unwrap();
    let dev = Dev::start(&data);
    refused(&data, &["merchant", "list"], 1, "nothing was sent");
    assert_eq!(dev.stop(), Some(0), "the server serves without");
    assert_eq!(fs::read_to_string(data.join(SOCKET)).unwrap(), "mine");
}

#[test]
fn a_server_that_does_not_listen_is_not_worked_around() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    fs::remove_file(data.join(SOCKET)).unwrap();
    refused(&data, &["merchant", "list"], 1, "takes no commands");
    drop(dev);
}

#[test]
fn what_is_no_command_gets_no_answer_and_does_no_harm() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let long = format!("{{\"merchant\":{{\"inspect\":{{\"merchant\":\"{}\"}}}}}}\n", "x".repeat(70_000));
    for (label, bytes) in [
        ("nothing", String::new()),
        ("no JSON", "hello\n".to_owned()),
        ("another member", "{\"merchant\":{\"inspect\":{\"merchant\":\"x\",\"force\":true}}}\n".to_owned()),
        ("an unknown verb", "{\"merchant\":{\"destroy\":{}}}\n".to_owned()),
        ("no line end", "{\"audit\":{\"verify\":{\"against\":null}}}".to_owned()),
        ("too long", long),
    ] {
        assert_eq!(exchange(&data, bytes.as_bytes()), "", "{label}");
    }
    let listed = exchange(&data, b"{\"merchant\":{\"list\":{\"page\":{\"after\":null,\"limit\":1}}}}\n");
    assert!(listed.starts_with("{\"records\":") && listed.ends_with("\"end\"\n"), "{listed}");
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn an_answer_that_breaks_off_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    let listener = UnixListener::bind(data.join(SOCKET)).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut command = [0; 1024];
        let _ = stream.read(&mut command).unwrap();
        stream.write_all(b"{\"records\":[").unwrap();
    });
    refused(&data, &["merchant", "list"], 1, "no whole answer");
    server.join().unwrap();
}

#[test]
fn secrets_that_pass_are_in_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let (data, log) = (dir.path().join("data"), dir.path().join("log"));
    let dev = Dev::start_logging_to(&data, File::create(&log).unwrap());
    let merchant = dev.text("/merchant_id_live");
    let password = "marked-password-7f3a";
    record(&data, &["user", "create", &merchant, "eve@shop.example"], password);
    let key = record(&data, &["key", "issue", &merchant, "--dialect", "88pay", "--mode", "live"], "");
    let line = format!("{{\"user\":{{\"password\":{{\"user\":\"1\",\"password\":\"{password}\",\"x\":1}}}}}}\n");
    assert_eq!(exchange(&data, line.as_bytes()), "", "a command that does not read");
    assert_eq!(dev.stop(), Some(0));
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains("key.issued"), "the log says what was done");
    for secret in [password, &text(&key, "secret")[20..]] {
        assert!(!log.contains(secret), "{secret}");
    }
}
