//! `docs/command-line.md` has every command and every finding.

use std::fs;
use std::path::Path;

use tollgate::doctor::Fault;

use super::run;

fn manual() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/command-line.md")).unwrap()
}

/// The names in the list of commands of a help text.
fn commands(words: &[&str]) -> Vec<String> {
    let help = run(&[words, &["--help"]].concat(), "").out;
    let list = help.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

#[test]
fn every_command_has_an_example() {
    let manual = manual();
    let nouns = commands(&[]);
    assert!(nouns.len() > 10, "{nouns:?}");
    for noun in nouns {
        let verbs = commands(&[&noun]);
        let all =
            if verbs.is_empty() { vec![noun.clone()] } else { verbs.iter().map(|v| format!("{noun} {v}")).collect() };
        for command in all {
            assert!(manual.contains(&format!("tollgate {command}")), "{command}");
        }
    }
}

#[test]
fn every_finding_has_its_row() {
    let manual = manual();
    for fault in Fault::ALL {
        let row = format!("| `{}` | {} {} |", fault.code(), fault.says(), fault.advice());
        assert!(manual.contains(&row), "{row}");
    }
}
