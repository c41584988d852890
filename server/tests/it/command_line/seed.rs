//! `tollgate seed`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::binary::Dev;
use super::{record, refused, run, text};

#[test]
fn sample_merchants_have_credentials_of_every_dialect_that_work() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let arguments = ["seed", "--merchants", "3", "--keys", "7", "--data", data.to_str().unwrap()];
    let ran = run(&arguments, "");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let log: Value = serde_json::from_str(&ran.err).expect("one line, and no progress bar where nobody sees it");
    assert_eq!((text(&log, "target"), text(&log, "action")), ("tollgate::audit", "samples.added"));
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut counts = BTreeMap::new();
    for line in &lines {
        *counts.entry(text(line, "dialect").to_owned()).or_insert(0) += 1;
        let report = run(&["doctor", "credential", "--mode", "test"], text(line, "secret"));
        assert_eq!(report.code, Some(0), "{}", report.out);
    }
    let expected = [("88pay", 6), ("alternative", 3), ("caibo", 6), ("cardpluspay", 3), ("pledg", 3)];
    assert_eq!(counts, expected.map(|(name, n)| (name.to_owned(), n)).into());
    let log = record(&data, &["audit", "list"], "");
    assert_eq!((text(&log, "action"), text(&log, "detail")), ("samples.added", r#"{"credentials":21,"merchants":3}"#));

    let dev = Dev::start(&data);
    let caibo = lines.iter().find(|line| text(line, "dialect") == "caibo").unwrap();
    assert!(dev.who_am_i(text(caibo, "secret")).starts_with("HTTP/1.1 200"));
    refused(&data, &["seed", "--merchants", "1"], 1, "is used by another tollgate");
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn a_long_run_is_stored_in_several_transactions_and_the_log_holds() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let ran = run(&["seed", "--merchants", "1200", "--keys", "5", "--data", data.to_str().unwrap()], "");
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 6000), "{}", ran.err);
    assert_eq!(record(&data, &["audit", "verify"], "")["entries"], 2);
}
