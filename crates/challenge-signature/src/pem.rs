//! One PEM block, read strictly (RFC 7468 without explanatory text) and written.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

/// The label and the bytes of a text that is exactly one PEM block. The bytes are wiped on drop: the block may hold a
/// private key.
pub(crate) struct Block<'a> {
    pub(crate) label: &'a str,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// Why a text is not one PEM block.
pub(crate) enum Malformed {
    Encoding,
    SeveralBlocks,
}

impl<'a> Block<'a> {
    /// Reads the block. Lines end in LF or CRLF, the last line end may be missing, lines may have any length but zero;
    /// nothing may stand before or after the block. The caller bounds the length of `text`.
    pub(crate) fn read(text: &'a str) -> Result<Self, Malformed> {
        if text.matches(BEGIN).nth(1).is_some() {
            return Err(Malformed::SeveralBlocks);
        }
        let mut lines = text.split_inclusive('\n').map(without_line_end);
        let label = lines.next().and_then(|line| boundary(line, BEGIN)).ok_or(Malformed::Encoding)?;

        let mut body = Zeroizing::new(String::with_capacity(text.len()));
        loop {
            let line = lines.next().ok_or(Malformed::Encoding)?;
            if boundary(line, END) == Some(label) {
                break;
            }
            if line.is_empty() {
                return Err(Malformed::Encoding);
            }
            body.push_str(line);
        }
        if lines.next().is_some() {
            return Err(Malformed::Encoding);
        }
        let der = BASE64_STANDARD.decode(body.as_bytes()).map_err(|_| Malformed::Encoding)?;
        Ok(Self { label, der: Zeroizing::new(der) })
    }
}

/// Writes the block with lines of 64 characters that end in LF.
pub(crate) fn write(label: &str, der: &[u8]) -> String {
    let body = BASE64_STANDARD.encode(der);
    let mut text = format!("{BEGIN}{label}{DASHES}\n");
    for (at, character) in body.char_indices() {
        if at > 0 && at % LINE_LEN == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text + &format!("\n{END}{label}{DASHES}\n")
}

fn without_line_end(line: &str) -> &str {
    line.strip_suffix("\r\n").or_else(|| line.strip_suffix('\n')).unwrap_or(line)
}

fn boundary<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix(DASHES)
}

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
const LINE_LEN: usize = 64;
