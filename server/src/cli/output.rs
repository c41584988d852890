//! What commands print on standard output.

use std::io::Write;

use serde::Serialize;

use super::Failure;

/// One line of JSON.
pub(super) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::Output(error.into()))
}

/// Prints a text and a line end.
pub(super) fn line(text: &str) -> Result<(), Failure> {
    text_with(text, b"\n")
}

/// Prints a text that ends with a line end.
pub(super) fn text(text: &str) -> Result<(), Failure> {
    text_with(text, b"")
}

fn text_with(text: &str, end: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(end)).and_then(|()| out.flush()).map_err(Failure::Output)
}
