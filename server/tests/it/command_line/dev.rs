//! `tollgate dev`: what it refuses before it starts, and what it prints.

use std::io::Read;

use super::run;
use crate::binary::Dev;
use crate::mail::wire::ask_for_a_link;

#[test]
fn a_log_filter_that_cannot_be_read_starts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    for filter in ["tollgate=loud", "tollgate=info=debug", ""] {
        let ran = run(&["dev", "--data", data.to_str().unwrap(), "--log", filter], "");
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{filter:?}: {}", ran.err);
        assert!(ran.err.contains("--log") && ran.err.contains("tollgate=info"), "{filter:?}: {}", ran.err);
    }
    assert!(!data.exists());
}

#[test]
fn the_json_line_stays_the_only_line_of_standard_output() {
    let dir = tempfile::tempdir().unwrap();
    let mut dev = Dev::start_with_log(&dir.path().join("data"));
    ask_for_a_link(|request| dev.raw(request.as_bytes()), &dev.text("/panel/email"));
    let (mut output, mut log) = (dev.take_output(), dev.take_log());
    assert_eq!(dev.stop(), Some(0));
    let (mut printed, mut logged) = (String::new(), String::new());
    output.read_to_string(&mut printed).unwrap();
    log.read_to_string(&mut logged).unwrap();
    assert_eq!(printed, "");
    assert!(logged.contains("Mail to ") && logged.contains("/panel/reset/"), "{logged}");
}
