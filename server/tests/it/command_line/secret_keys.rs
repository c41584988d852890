//! The server's own secrets from the command line, beside a running server and without one.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::super::binary::{Dev, fails};
use super::{record, records, refused, text};

#[test]
fn a_running_server_takes_a_rotation_over_before_the_command_returns() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let key = dev.text("/caibo/api_key_test");
    for kind in ["pepper", "token-pepper", "sealing", "challenge"] {
        let added = record(&data, &["secret-key", "rotate", "--kind", kind], "");
        assert_eq!((text(&added, "kind"), text(&added, "state"), &added["version"]), (kind, "current", &json!(2)));
        assert!(dev.who_am_i(&key).starts_with("HTTP/1.1 200"), "{kind}");
    }
    let issued =
        record(&data, &["key", "issue", &dev.text("/merchant_id_live"), "--dialect", "caibo", "--mode", "test"], "");
    assert!(dev.who_am_i(text(&issued, "secret")).starts_with("HTTP/1.1 200"));
    let anew = record(&data, &["secret-key", "reseal"], "");
    assert_eq!((&anew["unreadable"], &anew["left"]), (&json!(0), &json!(0)));

    let stays = records(&data, &["secret-key", "prune", "--kind", "pepper"], "");
    assert_eq!((&stays[0]["version"], &stays[0]["pruned"]), (&json!(1), &json!(false)));
    assert!(text(&stays[0], "stays_because").ends_with("records need it"), "{stays:?}");
    let listed = records(&data, &["secret-key", "list"], "");
    assert_eq!(listed.len(), 8, "{listed:?}");
    refused(&data, &["secret-key", "rotate", "--kind", "sealing", "--compromised"], 1, "cannot be given up");
    refused(&data, &["secret-key", "rotate", "--kind", "challenge"], 1, "still live");
    refused(&data, &["secret-key", "rotate", "--kind", "pepper", "--secret-env", "TOLLGATE_NONE"], 1, "is not set");
    assert_eq!(dev.stop(), Some(0));

    // The same without a server, and a start with what they left.
    assert_eq!(records(&data, &["secret-key", "list"], ""), listed);
    record(&data, &["secret-key", "rotate", "--kind", "pepper"], "");
    let dev = Dev::start(&data);
    for key in [key.as_str(), text(&issued, "secret")] {
        assert!(dev.who_am_i(key).starts_with("HTTP/1.1 200"));
    }
}

#[test]
fn a_secret_can_come_from_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(Dev::start(&data).stop(), Some(0));
    let tollgate = |arguments: &[&str], secret: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(arguments).arg("--data").arg(&data).env_remove("TOLLGATE_SEALING");
        if let Some(secret) = secret {
            command.env("TOLLGATE_SEALING", secret);
        }
        command
    };
    let (good, other) =
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let rotate = ["secret-key", "rotate", "--kind", "sealing", "--secret-env", "TOLLGATE_SEALING"];
    let ran = tollgate(&rotate, Some(good)).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let file = fs::read_to_string(data.join("keys.toml")).unwrap();
    assert!(file.contains("secret_env = \"TOLLGATE_SEALING\"") && !file.contains(good));

    let list = ["secret-key", "list", "--kind", "sealing"];
    fails(&mut tollgate(&list, None), "the secret of sealing 2 is not in the environment");
    fails(&mut tollgate(&list, Some("QUJD")), "the secret of sealing 2 is not base64 of as many bytes");
    fails(&mut tollgate(&list, Some(other)), "sealing 2 of the key file is not the secret");
    let ran = tollgate(&list, Some(good)).output().unwrap();
    let out = String::from_utf8(ran.stdout).unwrap();
    assert!(out.contains("$TOLLGATE_SEALING") && !out.contains(good), "{out}");
}
