//! Records for people, in columns, and for programs, as JSON.

use serde::Serializer;
use serde::ser::SerializeMap;
use serde_json::Value;
use zeroize::Zeroizing;

use super::Failure;
use crate::control::Shown;

/// One record: a line for each value, and the secret last.
pub(super) fn record(shown: &Shown) -> Zeroizing<String> {
    let width = shown.members().map(|(name, _)| name.chars().count()).max().unwrap_or_default().max(SECRET.len());
    let mut text = Zeroizing::new(String::with_capacity(4096));
    for (name, value) in shown.members() {
        push_line(&mut text, &format!("{name:width$}  {}", cell(value)));
    }
    if let Some(secret) = shown.secret() {
        push_line(&mut text, &Zeroizing::new(format!("{SECRET:width$}  {}", secret.expose_secret())));
    }
    text
}

/// Several records under the names of their values.
pub(super) fn rows(records: &[Shown]) -> Zeroizing<String> {
    let names: Vec<&str> = records.first().into_iter().flat_map(Shown::members).map(|(name, _)| name).collect();
    let cells: Vec<Vec<String>> =
        records.iter().map(|record| record.members().map(|(_, value)| cell(value)).collect()).collect();
    let head = names.iter().map(|name| (*name).to_owned()).collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&head).chain(&cells).collect();
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..names.len()).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = Zeroizing::new(String::new());
    for line in &lines {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        push_line(&mut text, padded.join("  ").trim_end());
    }
    text
}

/// One line of JSON with the values in their order, and `secret` where there is one.
pub(super) fn json(shown: &Shown) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let written = (|| {
        let mut serializer = serde_json::Serializer::new(&mut *bytes);
        let mut members = serializer.serialize_map(None)?;
        for (name, value) in shown.members() {
            members.serialize_entry(name, value)?;
        }
        if let Some(secret) = shown.secret() {
            members.serialize_entry(SECRET, secret)?;
        }
        members.end()
    })();
    written.map_err(|error| Failure::Output(error.into()))?;
    Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

fn push_line(text: &mut Zeroizing<String>, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// What a person reads: `-` for nothing, lists with blanks between, and no character that moves the cursor.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.is_empty() => "-".to_owned(),
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

const SECRET: &str = "secret";
