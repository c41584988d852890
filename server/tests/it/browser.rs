//! A real Chromium against the real binary, driven by the scripts in `tests/browser/`. What is not installed is skipped
//! and named, unless `TOLLGATE_REQUIRE_INTEROP=1`.
//!
//! Pictures for the documentation are taken when `TOLLGATE_SCREENSHOTS` names a folder.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::binary::Dev;
use super::interop::{node_modules, present};

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
