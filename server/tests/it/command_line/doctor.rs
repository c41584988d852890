//! `tollgate doctor` as a command; what it finds is tested in `doctor.rs` beside this folder.

use std::fs;

use serde_json::Value;

use super::super::binary::Dev;
use super::{record, run};

#[test]
fn says_nothing_found_with_0_findings_with_1_and_misuse_with_2() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    fs::write(&file, "sk_test_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz3HWtOc\n").unwrap();
    let file = file.to_str().unwrap();
    let good = run(&["doctor", "credential", "--mode", "test", file], "");
    assert_eq!((good.code, good.err.as_str()), (Some(0), ""));
    assert!(good.out.contains("nothing found") && !good.out.contains("zzzzzzzzzzzzz"), "{}", good.out);
    let other = run(&["doctor", "credential", "--mode", "live", file], "");
    assert_eq!(other.code, Some(1));
    assert!(other.out.contains("wrong_mode"), "{}", other.out);
    for (label, arguments, input) in [
        ("no such file", vec!["doctor", "credential", "/nowhere"], ""),
        ("no request", vec!["doctor", "request"], "it does not work"),
        ("no such time", vec!["doctor", "request", "--at", "noon"], "GET / HTTP/1.1\r\n\r\n"),
        ("no database", vec!["doctor", "credential", "--data", "/nowhere"], "x"),
    ] {
        assert_eq!(run(&arguments, input).code, Some(2), "{label}");
    }
}

#[test]
fn prints_one_line_of_json() {
    let capture = "GET /auth/whoami HTTP/1.1\r\nHost: x\r\nX-API-Key: \"abc\"\r\n\r\n";
    let ran = run(&["doctor", "request", "--listener", "test", "--at", "2026-01-01T00:00:00Z", "--json", "-"], capture);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(1), 1));
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let first = &report["findings"][0];
    assert_eq!(first["code"], "surrounding_quotes");
    assert_eq!(first["place"], serde_json::json!({"part": "header", "header": "X-API-Key", "line": 3}));
}

#[test]
fn looks_a_credential_up_where_no_server_runs() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let dev = Dev::start(&data);
    let key = dev.text("/caibo/api_key_test");
    let look = || run(&["doctor", "credential", "--data", data.to_str().unwrap()], &key);
    let busy = look();
    assert!(busy.code == Some(1) && busy.err.contains("is used by another tollgate"), "{}", busy.err);
    assert_eq!(dev.stop(), Some(0));
    assert_eq!(look().code, Some(0));
    record(&data, &["key", "revoke", &key[14..26]], "");
    let dead = look();
    assert!(dead.code == Some(1) && dead.out.contains("revoked"), "{}", dead.out);
}
