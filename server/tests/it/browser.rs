//! A real Chromium against the real binary, driven by the scripts in `tests/browser/`. What is not installed is skipped
//! and named, unless `TOLLGATE_REQUIRE_INTEROP=1`.
//!
//! Pictures for the documentation are taken when `TOLLGATE_SCREENSHOTS` names a folder.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::binary::Dev;
use super::interop::{node_modules, present, python};

/// Whether node, the driver, the accessibility checker and the browser are there.
#[track_caller]
pub(crate) fn installed() -> bool {
    let resolve = format!(
        "const r = require('module').createRequire('{}/'); r.resolve('playwright-core'); r.resolve('axe-core')",
        node_modules()
    );
    present("playwright-core with axe-core", Command::new("node").args(["-e", &resolve]))
        && present("Chromium", Command::new(chromium()).arg("--version"))
}

/// Runs `tests/browser/<script>`, which must pass this many checks; `config` is what it reads beside the usual.
#[track_caller]
pub(crate) fn run(script: &str, mut config: Value, checks: usize) {
    config["modules"] = json!(node_modules());
    config["chromium"] = json!(chromium());
    config["screenshots"] = json!(std::env::var("TOLLGATE_SCREENSHOTS").ok());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser").join(script);
    let mut command = Command::new("node");
    command.arg(path).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(config.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{error}");
    let passed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(passed["passed"].as_array().map(Vec::len), Some(checks), "{out}");
}

fn chromium() -> String {
    std::env::var("TOLLGATE_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned())
}

/// Runs a script against a server of its own, with the demo shop.
#[track_caller]
fn with_shop(script: &str, checks: usize) {
    if !installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(&dir.path().join("data"));
    let config = json!({
        "sandbox": dev.text("/sandbox"),
        "shop": dev.text("/shop"),
        "key": dev.text("/caibo/api_key_test"),
    });
    run(script, config, checks);
}

/// Runs a script against a server of its own, with people at its panel, a terminal and a mailbox; `prepare` is given the
/// data directory before the server starts, and answers what the script is to know beside the usual.
#[track_caller]
fn with_panel(script: &str, checks: usize, prepare: impl FnOnce(&Path) -> Value) {
    let tools = || {
        let sqlite = present("Python with sqlite3", Command::new(python()).args(["-c", "import sqlite3"]));
        let shell = ["curl", "openssl"].map(|tool| present(tool, Command::new("which").arg(tool)));
        sqlite && shell == [true, true]
    };
    if !installed() || !tools() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (data, mail) = (dir.path().join("data"), dir.path().join("mail"));
    let mut config = prepare(&data);
    let dev = Dev::start_logging_to(&data, File::create(&mail).unwrap());
    config["sandbox"] = json!(dev.text("/sandbox"));
    config["merchant"] = json!(dev.text("/merchant_id_test"));
    config["owner"] = json!({ "email": dev.text("/panel/email"), "password": dev.text("/panel/password") });
    let administrator =
        json!({ "email": dev.text("/panel/admin_email"), "password": dev.text("/panel/admin_password") });
    config["administrator"] = administrator;
    config["webhookSecret"] = json!(dev.text("/caibo/webhook_secret"));
    config["tollgate"] = json!(env!("CARGO_BIN_EXE_tollgate"));
    config["python"] = json!(python());
    config["data"] = json!(data);
    config["mail"] = json!(mail);
    run(script, config, checks);
}

#[test]
fn a_shopper_pays_in_the_page_in_a_dialog_and_by_invoice() {
    with_shop("payment.mjs", 11);
}

#[test]
fn only_the_registered_shop_embeds_the_page_and_hears_of_it() {
    with_shop("frames.mjs", 12);
}

#[test]
fn a_token_turns_up_nowhere_that_outlives_the_page() {
    with_shop("token.mjs", 6);
}

#[test]
fn the_pages_are_accessible_and_fit_light_dark_and_narrow() {
    with_shop("looks.mjs", 11);
}

#[test]
fn an_engineer_makes_uses_rotates_and_revokes_keys() {
    with_panel("panel_keys.mjs", 11, |_| json!({}));
}

#[test]
fn people_log_in_and_out_and_see_what_they_may() {
    with_panel("panel_people.mjs", 11, |_| json!({}));
}

#[test]
fn clients_webhooks_signing_and_address_lists_are_set_up_in_the_panel() {
    with_panel("panel_settings.mjs", 6, |_| json!({}));
}

#[test]
fn ten_thousand_keys_are_paged() {
    let keys = 17_000;
    with_panel("panel_many.mjs", 1, |data| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
        command.args(["seed", "--merchants", "1", "--keys", &keys.to_string(), "--data"]).arg(data);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed = String::from_utf8(output.stdout).unwrap();
        let samples: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // The other dialects have clients.
        let has_key =
            |sample: &&Value| ["88pay", "caibo", "cardpluspay"].contains(&sample["dialect"].as_str().unwrap());
        let expected = samples.iter().filter(has_key).count();
        assert!(expected >= 10_000, "{expected}");
        json!({ "many": { "merchant": samples[0]["merchant"], "keys": expected } })
    });
}

#[test]
fn every_page_of_the_panel_is_accessible_and_fits_light_dark_and_narrow() {
    let routes = tollgate::panel::routes();
    let pages: Vec<&str> = routes.names().filter(|(method, _)| *method == "GET").map(|(_, path)| path).collect();
    with_panel("panel_looks.mjs", 6, |_| json!({ "pages": pages }));
}
