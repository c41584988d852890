//! Two servers on one PostgreSQL and one Redis, as their configuration says.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tollgate::storage::StorageUrl;

use super::{Serve, TERMINATOR, command};
use crate::command_line::{record, refused, text};
use crate::storage::{execute, redis_options, schema};

const ENV: &str = "TOLLGATE_TEST_LEDGER_URL";

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

fn write_private(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// A node in a folder of its own.
fn start(folder: &Path, database: &str, redis: (&StorageUrl, &str)) -> Serve {
    write_private(&folder.join("postgres.url"), &format!("{database}\n"));
    let file = folder.join("tollgate.toml");
    let storage = format!(
        "[storage]\nkeys = \"keys\"\nvault = {{ url_file = \"postgres.url\" }}\n\
         ledger = {{ url_env = \"{ENV}\", namespace = \"{}\", durability = \"may_forget\" }}\n",
        redis.1
    );
    let configuration = super::config("test", TERMINATOR, "").replace("[storage]\ndata = \"data\"\n", &storage);
    fs::write(&file, configuration).unwrap();
    let mut command = command(&file);
    command.env(ENV, redis.0.expose_secret());
    Serve::spawn(&mut command, 1)
}

fn token(serve: &Serve, key: &str, merchant: &str) -> String {
    let answer = serve.raw(&format!(
        "POST /api/auth/token HTTP/1.1\r\nhost: localhost\r\nx-forwarded-proto: https\r\nx-api-key: {key}\r\n\
         x-merchant-id: {merchant}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    ));
    status(&answer).to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_records_windows_and_revocations() {
    let Some(redis) = redis_options() else { return };
    let Some((database, name, _turn)) = schema().await else { return };
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let keys = folders.each_ref().map(|folder| folder.path().join("keys"));
    let redis = (&redis.url, redis.namespace.as_str());

    let first = start(folders[0].path(), &database, redis);
    let create = ["merchant", "create", "Shop", "--country", "COL", "--currency", "COP", "--status", "active"];
    let merchant = record(&keys[0], &create, "");
    let merchant = text(&merchant, "id");
    let key = record(&keys[0], &["key", "issue", merchant, "--dialect", "88pay", "--mode", "test"], "");
    let (id, secret) = (text(&key, "id"), text(&key, "secret"));
    assert!(!keys[0].join("tollgate.db").exists(), "no record is in the directory");

    fs::create_dir(&keys[1]).unwrap();
    fs::set_permissions(&keys[1], Permissions::from_mode(0o700)).unwrap();
    write_private(&keys[1].join("keys.toml"), &fs::read_to_string(keys[0].join("keys.toml")).unwrap());
    let second = start(folders[1].path(), &database, redis);
    let nodes = [&first, &second];
    let test_id = merchant.replacen("-COL-", "-COL-TEST-", 1);
    let statuses: Vec<_> = (0..12).map(|n| token(nodes[n % 2], secret, &test_id)).collect();
    let (given, refused_ones) = statuses.split_at(10);
    assert!(given.iter().all(|status| status == "200"), "{statuses:?}");
    assert!(refused_ones.iter().all(|status| status == "429"), "the windows are those of both: {statuses:?}");

    let other = record(&keys[1], &["key", "issue", merchant, "--dialect", "caibo", "--mode", "test"], "");
    let who = |node: &Serve| {
        let key = text(&other, "secret");
        let answer = node.raw(&format!(
            "GET /auth/whoami HTTP/1.1\r\nhost: localhost\r\nx-forwarded-proto: https\r\nx-api-key: {key}\r\n\
             connection: close\r\n\r\n"
        ));
        status(&answer).to_owned()
    };
    assert_eq!(nodes.map(who), ["200", "200"], "a key of one node is known to the other");
    assert_eq!(record(&keys[0], &["key", "revoke", text(&other, "id")], "")["changed"], true);
    assert_eq!(nodes.map(who), ["401", "401"], "and dead on both when the command returns");
    let audit = record(&keys[1], &["audit", "verify"], "");
    assert_eq!(audit["entries"], 4, "one log for both: {audit}");

    assert_eq!((first.stop(), second.stop()), (Some(0), Some(0)));
    // Without a server nothing is made in the directory of the keys.
    refused(&keys[0], &["key", "inspect", id], 1, "holds no database");
    refused(&keys[0], &create, 1, "holds keys and no database");
    assert!(!keys[0].join("tollgate.db").exists());
    let base = database.split("options[search_path]").next().unwrap().trim_end_matches(['?', '&']);
    execute(base, format!("DROP SCHEMA {name} CASCADE")).await;
}

#[test]
fn a_url_is_in_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "hunter2";
    for (label, url, sentence) in [
        ("no such server", format!("postgres://u:{secret}@127.0.0.1:1/d"), "cannot be used"),
        ("another machine without proof", format!("postgres://u:{secret}@db.example/d"), "sslmode=verify-full"),
        ("no URL", format!("postgres://u:{secret}@[::1/d"), "does not read"),
    ] {
        write_private(&folder.path().join("postgres.url"), &url);
        let storage = "[storage]\nkeys = \"keys\"\nvault = { url_file = \"postgres.url\" }\n";
        let configuration = super::config("test", TERMINATOR, "").replace("[storage]\ndata = \"data\"\n", storage);
        let file = folder.path().join("tollgate.toml");
        fs::write(&file, configuration).unwrap();
        let said = command(&file).output().unwrap();
        let error = String::from_utf8(said.stderr).unwrap();
        assert_eq!(said.status.code(), Some(1), "{label}: {error}");
        assert!(error.contains(sentence) && !error.contains(secret), "{label}: {error}");
        assert!(!folder.path().join("keys/keys.toml").exists(), "{label}: no keys for a database that was not reached");
    }
}
