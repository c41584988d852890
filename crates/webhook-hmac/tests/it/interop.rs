//! The Python package `standardwebhooks` and this crate verify what the other signed.
//!
//! Runs with `TOLLGATE_PYTHON` or else `python3`; where the package is missing the tests say so and pass, unless
//! `TOLLGATE_REQUIRE_INTEROP` is `1`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tollgate_webhook_hmac::{Tolerance, standard};

use crate::support::{T0, at, secret};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/standard_webhooks.py");
const BODY: &str = r#"{"type":"payment.paid","data":{"id":5012,"note":"Grüße"}}"#;

fn python() -> String {
    std::env::var("TOLLGATE_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Whether the package can be imported; a run that must have it fails here.
fn is_available() -> bool {
    let import = Command::new(python()).args(["-c", "import standardwebhooks"]).stderr(Stdio::null()).status();
    let is_available = import.is_ok_and(|status| status.success());
    let is_required = std::env::var("TOLLGATE_REQUIRE_INTEROP").is_ok_and(|value| value == "1");
    assert!(is_available || !is_required, "{} cannot import standardwebhooks", python());
    if !is_available {
        eprintln!("SKIPPED: {} cannot import standardwebhooks (pip install standardwebhooks)", python());
    }
    is_available
}

/// Hands one job to the script and gives the line it prints.
#[track_caller]
fn run(job: &Value) -> String {
    let mut child =
        Command::new(python()).arg(SCRIPT).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(job.to_string().as_bytes()).expect("the script reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "the script failed");
    String::from_utf8(output.stdout).expect("text").trim_end().to_owned()
}

#[test]
fn verifies_what_the_package_signed() {
    if !is_available() {
        return;
    }
    let secret = secret(0);
    let signature =
        run(&json!({"do": "sign", "secret": secret.expose_secret(), "id": "msg_1", "timestamp": T0, "body": BODY}));
    let timestamp = T0.to_string();
    let headers = standard::Headers::parse("msg_1", &timestamp, &signature).unwrap();
    let verifier = standard::Verifier::new([&secret], Tolerance::default()).unwrap();
    assert_eq!(verifier.verify(&headers, BODY.as_bytes(), at(T0)).unwrap().body(), BODY.as_bytes());
    assert!(verifier.verify(&headers, &BODY.as_bytes()[1..], at(T0)).is_err());
}

#[test]
fn the_package_verifies_what_was_signed_here() {
    if !is_available() {
        return;
    }
    let (old, new) = (secret(0), secret(1));
    let signer = standard::Signer::new([&new, &old]).unwrap();
    let sent = signer.sign(standard::MessageId::parse("msg_1").unwrap(), BODY.as_bytes(), at(T0));
    let job = |secret: &str, body: &str| {
        json!({
            "do": "verify", "secret": secret, "id": sent.id(), "timestamp": T0, "signature": sent.signature(),
            "body": body,
        })
    };
    assert_eq!(run(&job(old.expose_secret(), BODY)), "accept");
    assert_eq!(run(&job(new.expose_secret(), BODY)), "accept");
    assert_eq!(run(&job(secret(2).expose_secret(), BODY)), "refuse");
    assert_eq!(run(&job(new.expose_secret(), &BODY[1..])), "refuse");
}
