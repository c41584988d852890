//! Backups: made beside a running server, and as good as the directory they were made of.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use serde_json::Value;

use super::super::binary::{Dev, fails};
use super::{record, refused, run, text};

/// Puts a backup in the place of a new data directory, as the manual says.
fn restore(database: &Path, keys: &Path, data: &Path) {
    fs::create_dir(data).unwrap();
    fs::set_permissions(data, fs::Permissions::from_mode(0o700)).unwrap();
    fs::copy(database, data.join("tollgate.db")).unwrap();
    fs::copy(keys, data.join("keys.toml")).unwrap();
}

fn back_up(data: &Path, file: &Path) -> Value {
    record(data, &["backup", file.to_str().unwrap()], "")
}

#[test]
fn a_restored_backup_knows_every_credential_and_its_log_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let (data, restored) = (dir.path().join("data"), dir.path().join("restored"));
    let dev = Dev::start(&data);
    let merchant = dev.text("/merchant_id_live");
    record(&data, &["secret-key", "rotate", "--kind", "pepper"], "");
    record(&data, &["secret-key", "rotate", "--kind", "sealing"], "");
    let key = record(&data, &["key", "issue", &merchant, "--dialect", "caibo", "--mode", "test"], "");
    let secret = record(&data, &["webhook-secret", "issue", &merchant, "--mode", "live"], "");
    let file = dir.path().join("monday.db");
    let made = back_up(&data, &file);
    let keys = dir.path().join("monday.db.keys.toml");
    assert_eq!((text(&made, "database"), text(&made, "keys")), (file.to_str().unwrap(), keys.to_str().unwrap()));
    for path in [&file, &keys] {
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o600, "{}", path.display());
    }
    assert_eq!(made["bytes"], fs::metadata(&file).unwrap().len());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "no part is left");

    // What comes later is not in it, and does not disturb it.
    let later = record(&data, &["key", "issue", &merchant, "--dialect", "caibo", "--mode", "test"], "");
    let verified = record(&data, &["audit", "verify", "--against", text(&made, "audit_head")], "");
    assert!(verified["entries"].as_i64() > text(&made, "audit_head").split(':').next().unwrap().parse().ok());
    let printed = dev.printed().clone();
    assert_eq!(dev.stop(), Some(0));

    restore(&file, &keys, &restored);
    let copy = Dev::start(&restored);
    let who = |key: &str| copy.who_am_i(key)[9..12].to_owned();
    for key in [printed.pointer("/caibo/api_key_test").unwrap().as_str().unwrap(), text(&key, "secret")] {
        assert_eq!(who(key), "200");
    }
    assert_eq!(who(text(&later, "secret")), "401");
    for pointer in ["/pledg/signing_secret", "/webhook_secret", "/cardpluspay/item_id", "/merchant_id_live"] {
        assert_eq!(copy.printed().pointer(pointer), printed.pointer(pointer), "{pointer}");
    }
    let shown = record(&restored, &["webhook-secret", "reveal", text(&secret, "id")], "");
    assert_eq!(text(&shown, "secret"), text(&secret, "secret"));
    record(&restored, &["audit", "verify", "--against", text(&made, "audit_head")], "");
}

#[test]
fn a_backup_overwrites_nothing_and_leaves_nothing_when_it_fails() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(Dev::start(&data).stop(), Some(0));
    let file = dir.path().join("monday.db");
    let name = file.to_str().unwrap();
    let left = || fs::read_dir(dir.path()).unwrap().count();

    fs::write(&file, "precious").unwrap();
    refused(&data, &["backup", name], 1, "is there already");
    assert_eq!((fs::read_to_string(&file).unwrap().as_str(), left()), ("precious", 2));
    fs::remove_file(&file).unwrap();
    let keys = dir.path().join("monday.db.keys.toml");
    std::os::unix::fs::symlink("nowhere", &keys).unwrap();
    refused(&data, &["backup", name], 1, "is there already");
    assert_eq!(left(), 2, "neither the database alone nor a part of it");
    fs::remove_file(&keys).unwrap();
    refused(&data, &["backup", dir.path().join("no/such/place").to_str().unwrap()], 1, "cannot be written");
    refused(&dir.path().join("nothing"), &["backup", name], 1, "holds no database");

    let made = record(&data, &["backup", name, "--without-keys"], "");
    assert_eq!(made["keys"], Value::Null);
    assert_eq!(left(), 2, "the database only");
    // Without its keys, or with another's, it is no data directory.
    let (alone, other) = (dir.path().join("alone"), dir.path().join("other"));
    fs::create_dir(&alone).unwrap();
    fs::copy(&file, alone.join("tollgate.db")).unwrap();
    let list = |data: &Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(["merchant", "list", "--data"]).arg(data);
        command
    };
    fails(&mut list(&alone), "keys.toml is missing");
    assert_eq!(Dev::start(&other).stop(), Some(0));
    fs::copy(other.join("keys.toml"), alone.join("keys.toml")).unwrap();
    fails(&mut list(&alone), "is not the secret that this database was written with");

    // A name is looked for where the command runs, also when a server writes the file.
    let dev = Dev::start(&data);
    let mut relative = std::process::Command::new(env!("CARGO_BIN_EXE_tollgate"));
    let ran = relative.args(["backup", "tuesday.db", "--data"]).arg(&data).current_dir(dir.path()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(dir.path().join("tuesday.db").exists() && dir.path().join("tuesday.db.keys.toml").exists());
    let audit = run(&["audit", "list", "--limit", "1", "--data", data.to_str().unwrap()], "");
    assert!(audit.out.contains("backup.made"), "{}", audit.out);
    drop(dev);
}
