//! The command line, with the real binary: beside a running server, and on a directory that no server uses.

mod accounts;
mod backup;
mod dev;
mod doctor;
mod manual;
mod migrate;
mod moving;
mod secret_keys;
mod seed;
mod socket;
mod webhooks;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a command printed and how it ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs `tollgate` with these arguments and this standard input.
pub(crate) fn run(arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tollgate"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads no input may be gone before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    Ran { code: status.code(), out: String::from_utf8(stdout).unwrap(), err: String::from_utf8(stderr).unwrap() }
}

/// Runs an account command that must succeed, and reads the records it prints.
#[track_caller]
fn records(data: &Path, arguments: &[&str], input: &str) -> Vec<Value> {
    let ran = run(&[arguments, &["--json", "--data", data.to_str().unwrap()]].concat(), input);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The same for a command that prints one record.
#[track_caller]
pub(crate) fn record(data: &Path, arguments: &[&str], input: &str) -> Value {
    let mut all = records(data, arguments, input);
    assert_eq!(all.len(), 1, "{arguments:?}");
    all.remove(0)
}

/// Runs an account command that must fail: one sentence on standard error, nothing on standard output.
#[track_caller]
pub(crate) fn refused(data: &Path, arguments: &[&str], code: i32, sentence: &str) {
    let ran = run(&[arguments, &["--data", data.to_str().unwrap()]].concat(), "");
    assert_eq!((ran.code, ran.out.as_str()), (Some(code), ""), "{arguments:?}: {}", ran.err);
    assert_eq!(ran.err.trim_end().lines().count(), 1, "{}", ran.err);
    assert!(ran.err.starts_with("tollgate: ") && ran.err.contains(sentence), "{arguments:?}: {}", ran.err);
}

#[track_caller]
pub(crate) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_else(|| panic!("{member}: {value}"))
}
