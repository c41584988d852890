//! `tollgate dev`: what it refuses before it starts.

use super::run;

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
