//! `tollgate migrate`, and databases whose schema is not that of this release.

use std::borrow::Cow;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqlSafeStr};
use tempfile::TempDir;

use super::super::binary::{Dev, command, fails};
use super::{refused, run};
use crate::storage::{execute, schema};

/// The first steps of the schema, as an older release had them.
fn older(engine: &str, steps: usize) -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let migration = |file: &PathBuf| {
        let (version, name) = file.file_stem().unwrap().to_str().unwrap().split_once('_').unwrap();
        let text = AssertSqlSafe(fs::read_to_string(file).unwrap()).into_sql_str();
        let name = Cow::Owned(name.to_owned());
        Migration::new(version.parse().unwrap(), name, MigrationType::Simple, text, false)
    };
    Migrator::with_migrations(files.iter().take(steps).map(migration).collect())
}

/// A data directory of an older release.
async fn older_directory(steps: usize) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Dev::start(&dir.path().join("data")).stop(), Some(0));
    let database = dir.path().join("data/tollgate.db");
    fs::remove_file(&database).unwrap();
    let options = SqliteConnectOptions::new().filename(&database).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    older("sqlite", steps).run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    dir
}

async fn change(data: &Path, statement: &'static str) {
    let options = SqliteConnectOptions::new().filename(data.join("tollgate.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A configuration whose records are in this database, in a folder of its own.
fn configured(url: &str) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("postgres.url");
    fs::write(&secret, url).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let file = folder.path().join("tollgate.toml");
    fs::write(
        &file,
        "[storage]\nkeys = \"keys\"\nvault = { url_file = \"postgres.url\" }\n[[listener]]\naddress = \"127.0.0.1:0\"\n\
         mode = \"test\"\nbase_url = \"https://localhost\"\nterminator = { trusted_proxies = [\"127.0.0.1\"] }\n\
         [dialects]\nenabled = [\"caibo\"]\n",
    )
    .unwrap();
    let name = file.to_str().unwrap().to_owned();
    (folder, name)
}

/// The states of the steps that it printed.
#[track_caller]
fn states(arguments: &[&str], code: i32) -> Vec<String> {
    let ran = run(&[&["migrate", "--json"], arguments].concat(), "");
    assert_eq!(ran.code, Some(code), "{}", ran.err);
    let steps: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(steps.is_sorted_by_key(|step| step["step"].as_i64().unwrap()), "{steps:?}");
    steps.iter().map(|step| step["state"].as_str().unwrap().to_owned()).collect()
}

fn count(states: &[String], state: &str) -> usize {
    states.iter().filter(|other| *other == state).count()
}

#[tokio::test]
async fn a_file_of_an_older_release_is_brought_up_to_date_once() {
    let dir = older_directory(3).await;
    let data = dir.path().join("data");
    let place = ["--data", data.to_str().unwrap()];
    let check = [&place[..], &["--check"]].concat();
    for _ in 0..2 {
        let seen = states(&check, 1);
        assert_eq!((count(&seen, "present"), count(&seen, "missing")), (3, seen.len() - 3), "{seen:?}");
    }
    let ran = run(&[&["export"], &place[..]].concat(), "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("run tollgate migrate"), "{}", ran.err);
    let made = states(&place, 0);
    assert_eq!((count(&made, "present"), count(&made, "applied")), (3, made.len() - 3), "{made:?}");
    let again = states(&place, 0);
    assert_eq!(count(&again, "present"), again.len());
    assert_eq!(states(&check, 0), again);
    let table = run(&[&["migrate"], &place[..]].concat(), "").out;
    assert!(table.starts_with("step  name") && table.contains("foundation"), "{table}");
    assert_eq!(Dev::start(&data).stop(), Some(0), "the server takes it");
}

#[tokio::test]
async fn a_running_server_is_not_migrated_under_its_feet_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    refused(&data, &["migrate"], 1, "holds no database");
    assert!(!data.exists());
    let dev = Dev::start(&data);
    refused(&data, &["migrate"], 1, "is used by another tollgate: stop it");
    assert!(states(&["--check", "--data", data.to_str().unwrap()], 0).len() >= 5, "looking disturbs nobody");
    assert_eq!(dev.stop(), Some(0));
}

#[tokio::test]
async fn a_database_of_another_release_is_refused_and_says_which() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(Dev::start(&data).stop(), Some(0));
    change(&data, "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2").await;
    fails(&mut command(&data), "step 2 of the schema of");
    refused(&data, &["migrate"], 1, "is not the one of this release");
    change(
        &data,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'later', TRUE, x'00', 0)",
    )
    .await;
    fails(&mut command(&data), "written by a newer release of tollgate: use that release, or restore a backup");
    refused(&data, &["migrate", "--check"], 1, "newer release");
    refused(&data, &["export"], 1, "newer release");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_migrations_at_once_apply_each_step_once() {
    let Some((url, name, _turn)) = schema().await else { return };
    let mut connection = PgConnection::connect(&url).await.unwrap();
    older("postgres", 2).run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (_folder, file) = configured(&url);
    let check = ["--config", &file, "--check"];
    let seen = states(&check, 1);
    assert_eq!(count(&seen, "present"), 2);

    let start = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(["migrate", "--json", "--config", &file]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let both = [start(), start()].map(|child| {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    });
    let applied = both.iter().map(|out| out.matches("\"applied\"").count()).sum::<usize>();
    assert_eq!(applied, seen.len() - 2, "{both:?}");
    assert_eq!(count(&states(&check, 0), "present"), seen.len());
    execute(&url, format!("DROP SCHEMA {name} CASCADE")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_that_may_change_no_tables_serves_a_schema_that_is_current() {
    let Some((url, name, _turn)) = schema().await else { return };
    let role = format!("{name}_guest");
    execute(&url, format!("CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {name} TO {role}")).await;
    let guest = url.replacen("//root@", &format!("//{role}@"), 1);
    if guest == url {
        execute(&url, format!("DROP OWNED BY {role}; DROP ROLE {role}; DROP SCHEMA {name} CASCADE")).await;
        return;
    }
    let mut connection = PgConnection::connect(&url).await.unwrap();
    older("postgres", 3).run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let grants = format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO {role}; \
         GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {name} TO {role}"
    );
    execute(&url, grants.clone()).await;
    let (_owner, owners) = configured(&url);
    let (_guest, guests) = configured(&guest);

    let list = |file: &str| run(&["merchant", "list", "--config", file], "");
    let early = list(&guests);
    assert_eq!(early.code, Some(1));
    assert!(early.err.contains("run tollgate migrate as a user that may change its tables"), "{}", early.err);
    assert_eq!(count(&states(&["--config", &owners], 0), "missing"), 0);
    execute(&url, grants).await;
    assert_eq!(count(&states(&["--config", &guests], 0), "applied"), 0);
    let made = run(&["merchant", "create", "Shop", "--country", "COL", "--currency", "COP", "--config", &guests], "");
    assert_eq!(made.code, Some(0), "{}", made.err);
    let listed = list(&guests);
    assert!(listed.code == Some(0) && listed.out.contains("Shop"), "{} {}", listed.out, listed.err);
    let mut serve = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    serve.args(["serve", "--config", &guests]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut serve = serve.spawn().unwrap();
    let mut log = BufReader::new(serve.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(log.any(|line| line.contains("\"listening\"")), "the server starts");
    serve.kill().unwrap();
    serve.wait().unwrap();
    execute(&url, format!("DROP OWNED BY {role}; DROP ROLE {role}; DROP SCHEMA {name} CASCADE")).await;
}
