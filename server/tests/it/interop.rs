//! Other people's clients against the real binary. A client that is not installed is skipped and named, unless
//! `TOLLGATE_REQUIRE_INTEROP=1`.

mod flows;
mod oauth_clients;
mod rotation;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::binary::Dev;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name)
}

/// Whether curl and openssl are there.
fn shell_tools() -> bool {
    ["curl", "openssl"]
        .iter()
        .all(|tool| present(tool, Command::new("bash").args(["-c", &format!("command -v {tool}")])))
}

/// Whether Python has these modules.
fn python_has(modules: &str) -> bool {
    present(modules, Command::new(python()).args(["-c", &format!("import {modules}")]))
}

/// Whether Node.js finds this package.
fn node_has(package: &str) -> bool {
    let resolve = format!("require('module').createRequire('{}/').resolve('{package}')", node_modules());
    present(package, Command::new("node").args(["-e", &resolve]))
}

pub(crate) fn python() -> String {
    std::env::var("TOLLGATE_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

pub(crate) fn node_modules() -> String {
    std::env::var("TOLLGATE_NODE_MODULES").unwrap_or_else(|_| "node_modules".to_owned())
}

/// Whether the client is there; a missing one is a failure where clients are required.
#[track_caller]
pub(crate) fn present(name: &str, probe: &mut Command) -> bool {
    let found = probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    let required = std::env::var("TOLLGATE_REQUIRE_INTEROP").is_ok_and(|value| value == "1");
    assert!(found || !required, "{name} is required and not installed");
    if !found {
        eprintln!("skipped: {name} is not installed");
    }
    found
}

#[track_caller]
fn run(command: &mut Command, input: &str) -> Result<Value, String> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A token from the real server, and the same token with one bit of its signature changed.
fn tokens(dev: &Dev) -> (String, String) {
    let answer = dev.raw(
        format!(
            "POST /api/auth/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: {}\r\nx-merchant-id: {}\r\n\r\n",
            dev.text("/88pay/api_key_test"),
            dev.text("/merchant_id_test")
        )
        .as_bytes(),
    );
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let token = body["data"]["access_token"].as_str().unwrap().to_owned();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{signed}.{first}{}", &signature[1..]);
    (token, forged)
}

#[test]
fn pyjwt_verifies_our_tokens_from_the_live_jwks() {
    if !python_has("jwt, cryptography") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(&dir.path().join("data"));
    let (token, forged) = tokens(&dev);
    let verify = |token: &str| {
        run(Command::new(python()).arg(script("verify_jwks.py")).args([&dev.text("/sandbox"), "88pay"]), token)
    };
    let claims = verify(&token).unwrap();
    assert_eq!(claims["merchant_id"].as_str().unwrap(), dev.text("/merchant_id_test"));
    assert!(verify(&forged).unwrap_err().contains("InvalidSignatureError"));
}

#[test]
fn jose_verifies_our_tokens_from_the_live_jwks() {
    if !node_has("jose") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dev = Dev::start(&dir.path().join("data"));
    let (token, forged) = tokens(&dev);
    let verify = |token: &str| {
        let arguments = [node_modules(), dev.text("/sandbox"), "88pay".to_owned()];
        run(Command::new("node").arg(script("verify_jwks.mjs")).args(arguments), token)
    };
    let claims = verify(&token).unwrap();
    assert_eq!(claims["merchant_id"].as_str().unwrap(), dev.text("/merchant_id_test"));
    assert!(verify(&forged).unwrap_err().contains("ERR_JWS_SIGNATURE_VERIFICATION_FAILED"));
}
