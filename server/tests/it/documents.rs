//! The documents name tests and lead to other documents: both must be there.

use std::fs;
use std::path::{Path, PathBuf};

/// Documents whose rules name tests, each with the heading under which the names begin.
const RULES_AND_TESTS: [(&str, &str); 3] = [
    ("docs/http-api.md", "# HTTP API"),
    ("docs/past-failures.md", "# Past failures"),
    ("docs/webhooks.md", "## Rules and their tests"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The lines outside fenced code.
fn prose(document: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    document.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// What stands between back-ticks and has the form `file::function`: lower case, so no type and no method.
fn named_tests(document: &str) -> Vec<(String, String)> {
    let mut named = Vec::new();
    let mut file_before = String::new();
    for line in prose(document) {
        for span in line.split('`').skip(1).step_by(2) {
            // `<test>` stands for any name, where a document explains how it names tests.
            let Some((file, function)) = span.rsplit_once("::").filter(|(_, name)| !name.starts_with('<')) else {
                continue;
            };
            let plain =
                |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-/.".contains(&b));
            if file == "…" {
                assert!(!file_before.is_empty(), "`{span}` has no file before it");
            } else if plain(file) {
                file.clone_into(&mut file_before);
            } else {
                continue;
            }
            assert!(plain(function), "`{span}` names no function");
            named.push((file_before.clone(), function.to_owned()));
        }
    }
    named
}

/// `server/src/<file>.rs`, `<crate>/<file>`, `server/<file>` and `<file>`, as the documents explain them.
fn source_of(file: &str) -> PathBuf {
    if Path::new(file).extension().is_some() {
        return root().join(file);
    }
    let (first, rest) = file.split_once('/').unwrap_or(("", file));
    let folder = match first {
        "server" => root().join("server"),
        name if root().join("crates").join(name).is_dir() && !name.is_empty() => root().join("crates").join(name),
        _ => return root().join("server/tests/it").join(file).with_extension("rs"),
    };
    folder.join("tests/it").join(rest).with_extension("rs")
}

/// Whether `source` has a function of that name under a test attribute.
fn has_test(source: &str, function: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim_start).collect();
    let opening = format!("fn {function}(");
    lines.iter().enumerate().any(|(at, line)| {
        // A test that another one runs too is visible there.
        let line = line.strip_prefix("pub(").and_then(|rest| Some(rest.split_once(") ")?.1)).unwrap_or(line);
        let opens = line.strip_prefix("async ").unwrap_or(line).starts_with(&opening);
        let above = lines[..at].iter().rev().take_while(|above| above.starts_with("#[") || above.starts_with("//"));
        opens && above.clone().any(|above| above.starts_with("#[test]") || above.starts_with("#[tokio::test"))
    })
}

fn tests_that_are_not_there(document: &str) -> Vec<String> {
    named_tests(document)
        .into_iter()
        .filter(|(file, function)| !fs::read_to_string(source_of(file)).is_ok_and(|text| has_test(&text, function)))
        .map(|(file, function)| format!("{file}::{function}"))
        .collect()
}

#[test]
fn every_test_a_document_names_is_there() {
    for (path, from) in RULES_AND_TESTS {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let (_, rules) = text.split_once(from).unwrap_or_else(|| panic!("{path} has no {from:?}"));
        assert!(named_tests(rules).len() > 10, "{path} names no tests");
        assert_eq!(tests_that_are_not_there(rules), [""; 0], "{path}");
    }
}

#[test]
fn a_test_that_is_not_there_is_found() {
    let document = "`<file>::<test>`, `documents::a_test_that_is_not_there_is_found`, `…::root`, `no_such_file::a`, `Type::method`,\n\
        `apikey/life::the_retiring_deadline_is_exact`, `apikey/life::b`, `server/documents::c`, `server/src/clock.rs::d`\n\
        ```\n`documents::in_code`\n```";
    let missing =
        ["documents::root", "no_such_file::a", "apikey/life::b", "server/documents::c", "server/src/clock.rs::d"];
    assert_eq!(tests_that_are_not_there(document), missing);
}

/// The name a heading has in a link: lower case, blanks as hyphens, without other signs.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || *c == ' ' || *c == '-' || *c == '_');
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn documents() -> Vec<PathBuf> {
    let in_folder = |folder: PathBuf| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let crates = in_folder(root().join("crates")).map(|folder| folder.join("README.md"));
    let others = [root().join("sdk/browser/README.md")];
    let found = in_folder(root()).chain(in_folder(root().join("docs"))).chain(crates).chain(others);
    found.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for line in prose(&text) {
            for link in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if link.contains("://") {
                    continue;
                }
                let (file, heading) = link.split_once('#').unwrap_or((link, ""));
                let target = if file.is_empty() { document.clone() } else { document.parent().unwrap().join(file) };
                assert!(target.exists(), "{}: {link} leads nowhere", document.display());
                if !heading.is_empty() {
                    let there = fs::read_to_string(&target).unwrap();
                    let headings = prose(&there).filter(|line| line.starts_with('#'));
                    let found = headings.map(|line| anchor(line.trim_start_matches('#'))).any(|name| name == heading);
                    assert!(found, "{}: {link} has no such heading", document.display());
                }
            }
        }
    }
}
