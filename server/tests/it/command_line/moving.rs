//! `tollgate export` and `tollgate import`: what is written, and every file that is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tempfile::TempDir;
use tollgate::storage::sql::ExportFile;

use super::super::binary::Dev;
use super::{record, refused, run, text};

/// A data directory with demo records, and an export of it.
struct Source {
    dir: TempDir,
    printed: Value,
}

impl Source {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let dev = Dev::start(&data);
        let printed = dev.printed().clone();
        assert_eq!(dev.stop(), Some(0));
        let source = Self { dir, printed };
        source.export(&source.data(), "export.jsonl");
        source
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    #[track_caller]
    fn export(&self, data: &Path, name: &str) -> Value {
        record(data, &["export", "--to", self.path(name).to_str().unwrap()], "")
    }

    /// A directory that holds a key file and nothing else.
    fn target(&self, name: &str) -> PathBuf {
        let target = self.path(name);
        fs::create_dir(&target).unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o700)).unwrap();
        fs::copy(self.data().join("keys.toml"), target.join("keys.toml")).unwrap();
        target
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(self.path("export.jsonl")).unwrap().lines().map(str::to_owned).collect()
    }
}

/// A file whose last line fits what stands before it.
fn closed(lines: &[String]) -> String {
    let body = format!("{}\n", lines.join("\n"));
    let digest = digest(&SHA256, body.as_bytes());
    let hex = digest.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    format!("{body}{}\n", json!({ "rows": lines.len() - 1, "sha256": hex }))
}

#[test]
fn what_was_exported_is_imported_and_exported_again_byte_for_byte() {
    let source = Source::new();
    let file = source.path("export.jsonl");
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
    let target = source.target("target");
    let made = record(&target, &["import", "--from", file.to_str().unwrap()], "");
    let told = source.export(&target, "again.jsonl");
    assert_eq!((&made["rows"], &made["audit_head"]), (&told["rows"], &told["audit_head"]));
    assert_eq!(fs::read(&file).unwrap(), fs::read(source.path("again.jsonl")).unwrap());
    let streamed = run(&["export", "--data", target.to_str().unwrap()], "");
    assert_eq!((streamed.code, streamed.out.into_bytes()), (Some(0), fs::read(&file).unwrap()));

    record(&target, &["audit", "verify", "--against", text(&made, "audit_head")], "");
    let copy = Dev::start(&target);
    for pointer in ["/caibo/api_key_test", "/caibo/api_key_live"] {
        let key = source.printed.pointer(pointer).unwrap().as_str().unwrap();
        let expected = if pointer.ends_with("test") { "HTTP/1.1 200" } else { "HTTP/1.1 401" };
        assert!(copy.who_am_i(key).starts_with(expected), "{pointer}: the sandbox takes test keys");
    }
    assert_eq!(copy.printed().pointer("/pledg/signing_secret"), source.printed.pointer("/pledg/signing_secret"));
    assert_eq!(copy.stop(), Some(0));
}

#[test]
fn an_export_beside_a_running_server_is_whole_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    refused(&data, &["export"], 1, "holds no database");
    assert!(!data.exists());
    let dev = Dev::start(&data);
    let file = dir.path().join("export.jsonl");
    let name = file.to_str().unwrap();
    let made = record(&data, &["export", "--to", name], "");
    assert_eq!(text(&made, "key_file"), data.join("keys.toml").to_str().unwrap());
    let lines = fs::read_to_string(&file).unwrap();
    assert_eq!(lines.lines().count() as u64, made["rows"].as_u64().unwrap() + 2);
    refused(&data, &["export", "--to", name], 1, "is there already");
    assert_eq!(fs::read_to_string(&file).unwrap(), lines);
    refused(&data, &["export", "--to", dir.path().join("no/place").to_str().unwrap()], 1, "cannot be written");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "no part is left");
    refused(&data, &["import", "--from", name], 1, "is used by another tollgate");
    assert_eq!(dev.stop(), Some(0));
}

#[test]
fn a_file_that_is_not_as_it_was_written_is_refused_and_its_line_is_named() {
    let source = Source::new();
    let lines = source.lines();
    let (header, rows) = (&lines[0], &lines[1..lines.len() - 1]);
    let changed = |at: usize, line: &str| {
        let mut lines = lines[..lines.len() - 1].to_vec();
        line.clone_into(&mut lines[at]);
        closed(&lines)
    };
    let with = |from: &str, to: &str| {
        let at = rows.iter().position(|row| row.contains(from)).unwrap() + 1;
        (at + 1, changed(at, &lines[at].replacen(from, to, 1)))
    };
    let whole = format!("{}\n", lines.join("\n"));
    let header_with = |from: &str, to: &str| {
        assert!(header.contains(from), "{header}");
        changed(0, &header.replacen(from, to, 1))
    };
    let (audit_line, audit) = with("\"merchant.created\"", "\"merchant.removed\"");
    assert!(audit_line > 1);
    let merchants = rows.iter().filter(|row| row.starts_with("[\"merchants\"")).count() + 2;
    let table: Vec<(&str, String, String)> = vec![
        ("empty", String::new(), "is no export of tollgate".to_owned()),
        ("another file", "{}\n".to_owned(), "is no export of tollgate".to_owned()),
        ("no JSON", "SQLite format 3\n".to_owned(), "is no export of tollgate".to_owned()),
        ("another format", header_with("tollgate-export", "other-export"), "is no export of tollgate".to_owned()),
        ("a newer format", header_with("\"version\":1", "\"version\":2"), "newer release".to_owned()),
        ("a newer schema", header_with("\"schema\":", "\"schema\":9"), "newer release".to_owned()),
        ("an older format", header_with("\"version\":1", "\"version\":0"), "older release".to_owned()),
        ("another column", header_with("\"ip_list\"", "\"list\""), "line 1 of the file is not the header".to_owned()),
        ("cut before the last line", format!("{}\n", lines[..lines.len() - 1].join("\n")), "it was cut".to_owned()),
        ("cut in a line", whole[..whole.len() / 2].to_owned(), "it was cut".to_owned()),
        ("cut at a line", format!("{header}\n{}\n", rows[0]), "it was cut".to_owned()),
        ("without its last byte", whole[..whole.len() - 1].to_owned(), "it was cut".to_owned()),
        ("a byte changed", whole.replacen("COP", "COQ", 1), "its digest is another".to_owned()),
        ("a line behind", format!("{whole}\n"), format!("line {} of the file stands behind", lines.len() + 1)),
        ("a line left out", closed(&[&lines[..5], &lines[6..lines.len() - 1]].concat()), "before every row".to_owned()),
        ("no row", changed(1, "nonsense"), "line 2 of the file is no row".to_owned()),
        ("no table", changed(1, "[7]"), "line 2 of the file names no table".to_owned()),
        ("an unknown table", changed(1, "[\"sqlite_master\"]"), "line 2 of the file names an unknown table".to_owned()),
        ("too few values", changed(1, "[\"merchants\",1]"), "line 2 of the file has another number".to_owned()),
        (
            "another type",
            changed(1, "[\"merchants\",1,2,3,4,5,6,7,8]"),
            "line 2 of the file has a value of another type".to_owned(),
        ),
        (
            "too long",
            format!("{header}\n\"{}", "x".repeat(17 * 1024 * 1024)),
            "line 2 of the file is too long".to_owned(),
        ),
        (
            "a row more",
            closed(&[&lines[..2], &lines[1..lines.len() - 1]].concat()),
            format!("line {merchants} of the file holds a row more"),
        ),
        (
            "tables in another order",
            closed(&[&lines[..1], &lines[lines.len() - 2..lines.len() - 1], &lines[1..lines.len() - 2]].concat()),
            "line 3 of the file holds a row of a table that came before".to_owned(),
        ),
        ("an entry of the log altered", audit, "was altered".to_owned()),
    ];
    let target = source.target("target");
    let file = source.path("bad.jsonl");
    let import = ["import", "--from", file.to_str().unwrap()];
    for (label, content, sentence) in table {
        fs::write(&file, content).unwrap();
        let ran = run(&[&import[..], &["--data", target.to_str().unwrap()]].concat(), "");
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{label}: {}", ran.err);
        assert!(ran.err.contains(&sentence) && ran.err.trim_end().lines().count() == 1, "{label}: {}", ran.err);
        assert!(!target.join("tollgate.db").exists(), "{label}: refused before a database is made");
    }
    // What reads and does not fit together is refused by the database, all of it.
    let merchant = rows[0].split('"').nth(3).unwrap();
    // Rows are in the order of their random ids: the first may be another merchant's.
    let row = rows.iter().position(|row| row.starts_with("[\"credentials\"") && row.contains(merchant)).unwrap() + 1;
    fs::write(&file, changed(row, &lines[row].replacen(merchant, "MCH-COL-NOBODY", 1))).unwrap();
    refused(&target, &import, 1, "cannot be stored, so nothing was");
    refused(&target, &["import", "--from", source.path("absent").to_str().unwrap()], 1, "cannot be read");
    record(&target, &["import", "--from", source.path("export.jsonl").to_str().unwrap()], "");
}

#[test]
fn a_byte_that_changed_anywhere_and_a_cut_anywhere_are_found() {
    let source = Source::new();
    let whole = fs::read(source.path("export.jsonl")).unwrap();
    let file = source.path("bad.jsonl");
    let check = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        ExportFile::check(&file).is_ok()
    };
    assert!(check(&whole));
    // A stride that meets every part of the file, and every kind of byte, in a moment.
    for at in (0..whole.len()).step_by(whole.len() / 150 + 1).chain(whole.len() - 80..whole.len()) {
        for flip in [0x01, 0x80] {
            let mut changed = whole.clone();
            changed[at] ^= flip;
            assert!(!check(&changed), "byte {at} of {}, {flip:#x}", whole.len());
        }
        assert!(!check(&whole[..at]), "cut at {at} of {}", whole.len());
    }
}

#[test]
fn an_import_needs_the_key_file_of_its_source_and_an_empty_database() {
    let source = Source::new();
    let old_keys = fs::read(source.data().join("keys.toml")).unwrap();
    record(&source.data(), &["secret-key", "rotate", "--kind", "pepper"], "");
    let merchant = source.printed["merchant_id_live"].as_str().unwrap();
    record(&source.data(), &["key", "issue", merchant, "--dialect", "caibo", "--mode", "test"], "");
    source.export(&source.data(), "rotated.jsonl");
    let file = source.path("rotated.jsonl");
    let import = ["import", "--from", file.to_str().unwrap()];

    refused(&source.path("nowhere"), &import, 1, "keys.toml is missing: put the key file there");
    assert!(!source.path("nowhere").exists());
    let target = source.target("target");
    let good = fs::read(target.join("keys.toml")).unwrap();
    let other = source.path("other");
    assert_eq!(Dev::start(&other).stop(), Some(0));
    fs::copy(other.join("keys.toml"), target.join("keys.toml")).unwrap();
    refused(&target, &import, 1, "is not the secret that this database was written with");
    assert!(!target.join("tollgate.db").exists());
    fs::write(target.join("keys.toml"), &old_keys).unwrap();
    refused(&target, &import, 1, "the key file lacks pepper 2, and 1 stored records need it");
    refused(&target, &["merchant", "inspect", merchant], 1, "no such record");
    fs::write(target.join("keys.toml"), &good).unwrap();

    record(&target, &import, "");
    refused(&target, &import, 1, "holds records already");
    refused(&source.data(), &import, 1, "holds records already");
    record(&target, &["audit", "verify"], "");
}
