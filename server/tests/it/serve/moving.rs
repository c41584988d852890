//! From SQLite to PostgreSQL and back, with every credential as it was.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::Connection;
use tempfile::TempDir;

use super::{Dev, Serve, TERMINATOR, config};
use crate::command_line::{record, run, text};
use crate::storage::{execute, schema};

fn private(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// Runs a command that must succeed and prints one record.
#[track_caller]
fn told(arguments: &[&str]) -> Value {
    let ran = run(&[arguments, &["--json"]].concat(), "");
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
    serde_json::from_str(ran.out.trim_end()).unwrap()
}

/// A folder with a configuration whose records are in this schema, and a key directory that is not made yet.
struct Node {
    folder: TempDir,
}

impl Node {
    fn new(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        private(&folder.path().join("postgres.url"), url.as_bytes());
        let storage = "[storage]\nkeys = \"keys\"\nvault = { url_file = \"postgres.url\" }\n";
        let text = config("test", TERMINATOR, "").replace("[storage]\ndata = \"data\"\n", storage);
        fs::write(folder.path().join("tollgate.toml"), text).unwrap();
        Self { folder }
    }

    fn file(&self) -> String {
        self.folder.path().join("tollgate.toml").to_str().unwrap().to_owned()
    }

    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    fn take_keys(&self, from: &Path) {
        fs::create_dir(self.keys()).unwrap();
        fs::set_permissions(self.keys(), Permissions::from_mode(0o700)).unwrap();
        private(&self.keys().join("keys.toml"), &fs::read(from.join("keys.toml")).unwrap());
    }
}

fn ask(serve: &Serve, method: &str, path: &str, headers: &str, body: &str) -> String {
    let (length, secure) = (body.len(), "x-forwarded-proto: https\r\nconnection: close");
    serve.raw(&format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{secure}\r\n{headers}content-length: {length}\r\n\r\n{body}"
    ))
}

#[track_caller]
fn answered(answer: &str, status: &str) -> Value {
    assert_eq!(answer.get(9..12), Some(status), "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or(Value::Null)
}

fn number(value: &Value, member: &str) -> i64 {
    value[member].as_i64().unwrap_or_else(|| panic!("{member}: {value}"))
}

/// Makes a payment request and answers its id, which the database counted.
fn payment_request(dev: &Dev, key: &str) -> i64 {
    let made = dev.raw(
        format!(
            "POST /payment-requests HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: 25\r\n\r\n{{\"amount\":1,\"unit\":\"EUR\"}}"
        )
        .as_bytes(),
    );
    number(&answered(&made, "201"), "id")
}

/// The id of a user, which the database counted.
fn id(user: &Value) -> i64 {
    text(user, "id").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_moves_to_postgres_and_back_and_no_credential_is_issued_again() {
    let Some((url, name, _turn)) = schema().await else { return };
    let house = tempfile::tempdir().unwrap();
    let (data, path) = (house.path().join("data"), |name: &str| house.path().join(name).to_str().unwrap().to_owned());
    let dev = Dev::start(&data);
    let merchant = dev.text("/merchant_id_live");
    let caibo = dev.text("/caibo/api_key_test");
    let before = payment_request(&dev, &caibo);
    let key = record(&data, &["key", "issue", &merchant, "--dialect", "caibo", "--mode", "test"], "");
    let endpoint = record(
        &data,
        &[
            "webhook-endpoint",
            "register",
            &merchant,
            "--mode",
            "test",
            "--dialect",
            "alternative",
            "https://shop.example/hook",
            "--draw-secret",
        ],
        "",
    );
    let user = record(&data, &["user", "create", &merchant, "ana@shop.example"], "a long enough password\n");
    record(&data, &["key", "revoke", text(&key, "id")], "");
    let secret = record(&data, &["webhook-secret", "issue", &merchant, "--mode", "live"], "");
    let printed = dev.printed().clone();
    let from_demo = |pointer: &str| printed.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
    assert_eq!(dev.stop(), Some(0));

    let exported = told(&["export", "--data", data.to_str().unwrap(), "--to", &path("export.jsonl")]);
    let node = Node::new(&url);
    node.take_keys(&data);
    let (file, keys) = (node.file(), node.keys());
    let imported = told(&["import", "--config", &file, "--from", &path("export.jsonl")]);
    assert_eq!((&imported["rows"], &imported["audit_head"]), (&exported["rows"], &exported["audit_head"]));
    let again = told(&["export", "--config", &file, "--to", &path("again.jsonl")]);
    assert_eq!(again["sha256"], exported["sha256"]);
    assert_eq!(fs::read(path("again.jsonl")).unwrap(), fs::read(path("export.jsonl")).unwrap());
    let refused = run(&["import", "--config", &file, "--from", &path("export.jsonl")], "");
    assert!(refused.code == Some(1) && refused.err.contains("holds records already"), "{}", refused.err);

    // Without a server the account commands open the database themselves.
    let noted = told(&["audit", "verify", "--config", &file, "--against", text(&exported, "audit_head")]);
    assert_eq!(told(&["user", "inspect", "1", "--config", &file])["merchant"], merchant.as_str());
    assert_eq!(
        told(&["webhook-secret", "reveal", text(&secret, "id"), "--config", &file])["secret"],
        secret["secret"],
        "what is sealed opens"
    );
    let signing = told(&["request-secret", "list", &merchant, "--mode", "test", "--config", &file]);
    let signing = told(&["request-secret", "reveal", text(&signing, "id"), "--config", &file]);
    assert_eq!(text(&signing, "secret"), from_demo("/pledg/signing_secret"));
    let doctor = run(&["doctor", "credential", "--mode", "test", "--config", &file], text(&key, "secret"));
    assert!(doctor.code == Some(1) && doctor.out.contains("revoked"), "{} {}", doctor.out, doctor.err);
    assert!(run(&["signing-key", "list", "--config", &file], "").out.contains("current"));

    let serve = Serve::start(Path::new(&file), 1);
    let with = |key: &str| format!("x-api-key: {key}\r\n");
    answered(&ask(&serve, "GET", "/auth/whoami", &with(&caibo), ""), "200");
    answered(&ask(&serve, "GET", "/auth/whoami", &with(text(&key, "secret")), ""), "401");
    let pair = format!("{}:{}", from_demo("/alternative/client_id"), from_demo("/alternative/client_secret"));
    let pair = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair);
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let headers = format!("authorization: Basic {pair}\r\n{form}");
    let token = ask(&serve, "POST", "/oauth/token", &headers, "grant_type=client_credentials");
    assert!(text(&answered(&token, "200"), "access_token").len() > 100);
    let log_in = serde_json::json!({ "email": from_demo("/panel/email"), "password": from_demo("/panel/password") });
    let json = "content-type: application/json\r\n";
    answered(&ask(&serve, "POST", "/auth/login", json, &log_in.to_string()), "200");

    // Numbers go on behind those that were moved.
    let headers = format!("{}{json}", with(&caibo));
    let made = ask(&serve, "POST", "/payment-requests", &headers, r#"{"amount":1,"unit":"EUR"}"#);
    assert!(number(&answered(&made, "201"), "id") > before);
    let other = record(&keys, &["user", "create", &merchant, "eva@shop.example"], "a long enough password\n");
    assert_eq!(id(&other), id(&user) + 1);
    let endpoints = record(&keys, &["webhook-endpoint", "list", &merchant, "--mode", "test"], "");
    assert_eq!(endpoints["id"], endpoint["id"]);
    assert_eq!(endpoints["static_secret"], true);
    let verified = record(&keys, &["audit", "verify"], "");
    let since = number(&verified, "entries") - number(&noted, "entries");
    assert_eq!(since, 3, "two secrets were shown and a user was made, on the log that was moved");
    assert_eq!(serve.stop(), Some(0));

    // And back: with what was made meanwhile.
    let moved = told(&["export", "--config", &file, "--to", &path("moved.jsonl")]);
    let back = house.path().join("back");
    fs::create_dir(&back).unwrap();
    fs::set_permissions(&back, Permissions::from_mode(0o700)).unwrap();
    private(&back.join("keys.toml"), &fs::read(keys.join("keys.toml")).unwrap());
    told(&["import", "--data", back.to_str().unwrap(), "--from", &path("moved.jsonl")]);
    let returned = told(&["export", "--data", back.to_str().unwrap(), "--to", &path("returned.jsonl")]);
    assert_eq!(returned["sha256"], moved["sha256"]);
    let dev = Dev::start(&back);
    assert!(dev.who_am_i(&caibo).starts_with("HTTP/1.1 200"));
    let third = record(&back, &["user", "create", &merchant, "lea@shop.example"], "a long enough password\n");
    assert_eq!(id(&third), id(&other) + 1);
    assert_eq!(dev.stop(), Some(0));
    execute(&url, format!("DROP SCHEMA {name} CASCADE")).await;
}

/// Tables and columns of PostgreSQL alone that stay where they are, each with the reason.
const NOT_MOVED: [(&str, &str, &str); 3] = [
    ("_sqlx_migrations", "", "tells of this database's own schema"),
    ("nodes", "", "tells of the processes that run now"),
    ("payment_methods", "rowid", "the order of insertion, which the order of the lines keeps"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_and_column_of_postgres_is_moved_or_has_a_reason_not_to_be() {
    let Some((url, name, _turn)) = schema().await else { return };
    let node = Node::new(&url);
    assert_eq!(run(&["migrate", "--config", &node.file()], "").code, Some(0));
    let exported = run(&["export", "--config", &node.file()], "").out;
    let header: Value = serde_json::from_str(exported.lines().next().unwrap()).unwrap();
    let mut moved = Vec::new();
    for table in header["tables"].as_array().unwrap() {
        let columns = table["columns"].as_array().unwrap();
        moved.extend(columns.iter().map(|column| (text(table, "name"), column.as_str().unwrap())));
    }
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    let found: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = $1",
    )
    .bind(&name)
    .fetch_all(&mut connection)
    .await
    .unwrap();
    connection.close().await.unwrap();
    assert!(found.len() > 200);
    let stays = |table: &str, column: &str| {
        NOT_MOVED.iter().any(|(name, of, _)| *name == table && (of.is_empty() || *of == column))
    };
    for (table, column) in &found {
        let is_moved = moved.contains(&(table.as_str(), column.as_str()));
        assert_ne!(is_moved, stays(table, column), "{table}.{column}");
    }
    assert!(moved.iter().all(|(table, column)| found.contains(&((*table).to_owned(), (*column).to_owned()))));
    execute(&url, format!("DROP SCHEMA {name} CASCADE")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_imports_at_once_one_is_stored() {
    let Some((url, name, _turn)) = schema().await else { return };
    let house = tempfile::tempdir().unwrap();
    let data = house.path().join("data");
    assert_eq!(Dev::start(&data).stop(), Some(0));
    let file = house.path().join("export.jsonl").to_str().unwrap().to_owned();
    told(&["export", "--data", data.to_str().unwrap(), "--to", &file]);
    let nodes = [Node::new(&url), Node::new(&url)];
    let runs = nodes.each_ref().map(|node| {
        node.take_keys(&data);
        let (config, file) = (node.file(), file.clone());
        std::thread::spawn(move || run(&["import", "--config", &config, "--from", &file], ""))
    });
    let runs = runs.map(|run| run.join().unwrap());
    let stored = runs.iter().filter(|run| run.code == Some(0)).count();
    assert_eq!(stored, 1, "{} {}", runs[0].err, runs[1].err);
    let lost = runs.iter().find(|run| run.code == Some(1)).unwrap();
    assert!(lost.err.contains("holds records already") || lost.err.contains("meanwhile"), "{}", lost.err);
    told(&["audit", "verify", "--config", &nodes[0].file()]);
    execute(&url, format!("DROP SCHEMA {name} CASCADE")).await;
}
