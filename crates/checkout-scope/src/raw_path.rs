//! Paths that everybody reads alike.

use crate::error::{AmbiguousPath, AmbiguousPathKind};

/// Longest raw path in bytes.
pub const MAX_PATH: usize = 2048;

/// A raw request path that proxies, routers and this crate all read alike.
///
/// A server checks every request so before routing, and answers 400 otherwise: where two readers disagree on which
/// resource a path names, the one that decides on access is not the one that serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RawPath<'a> {
    text: &'a str,
}

impl<'a> RawPath<'a> {
    /// Checks a path as it came in the request line: not decoded, and without the query.
    ///
    /// A trailing slash is fine here, though it makes another path. Other escapes than those named are fine too;
    /// they are never equal to what they escape.
    ///
    /// ```
    /// use tollgate_checkout_scope::RawPath;
    ///
    /// assert!(RawPath::check("/payment-requests/73114/status").is_ok());
    /// assert!(RawPath::check("/payment-requests/73114/%2e%2e").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// An [`AmbiguousPathKind`] for each rule: it must start with `/`, have at most [`MAX_PATH`] bytes, and hold no
    /// `//`, no segment `.` or `..`, no `\`, no `;`, no `%00` `%2e` `%2f` `%5c` in either case, no broken escape, and
    /// no byte that a path cannot have.
    pub fn check(path: &'a str) -> Result<Self, AmbiguousPath> {
        if path.len() > MAX_PATH {
            return Err(AmbiguousPathKind::TooLong.into());
        }
        let Some(relative) = path.strip_prefix('/') else {
            return Err(AmbiguousPathKind::NotAbsolute.into());
        };
        if !is_plain(relative) {
            check_segments(relative)?;
        }
        Ok(Self { text: path })
    }

    /// The path, byte for byte as it came.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.text
    }
}

fn check_segments(relative: &str) -> Result<(), AmbiguousPathKind> {
    let mut segments = relative.split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "" if segments.peek().is_some() => return Err(AmbiguousPathKind::DoubleSlash),
            "." | ".." => return Err(AmbiguousPathKind::DotSegment),
            _ => check_bytes(segment.bytes())?,
        }
    }
    Ok(())
}

/// Whether it has only bytes that no rule looks at, and no slash behind another: nearly every path.
fn is_plain(relative: &str) -> bool {
    let mut plain = !relative.starts_with('/');
    let mut before = 0;
    for byte in relative.bytes() {
        plain &= IS_PLAIN[usize::from(byte)];
        plain &= byte != b'/' || before != b'/';
        before = byte;
    }
    plain
}

const IS_PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let plain = matches!(byte as u8, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'/');
        table[byte] = plain;
        byte += 1;
    }
    table
};

fn check_bytes(mut bytes: impl Iterator<Item = u8>) -> Result<(), AmbiguousPathKind> {
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => check_escape(bytes.next(), bytes.next())?,
            b'\\' => return Err(AmbiguousPathKind::Backslash),
            b';' => return Err(AmbiguousPathKind::Semicolon),
            b'?' | b'#' => return Err(AmbiguousPathKind::ForeignByte),
            _ if !byte.is_ascii_graphic() => return Err(AmbiguousPathKind::ForeignByte),
            _ => {}
        }
    }
    Ok(())
}

fn check_escape(high: Option<u8>, low: Option<u8>) -> Result<(), AmbiguousPathKind> {
    let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
    match (digit(high), digit(low)) {
        (Some(0x0), Some(0x0)) | (Some(0x2), Some(0xe | 0xf)) | (Some(0x5), Some(0xc)) => {
            Err(AmbiguousPathKind::EscapedDelimiter)
        }
        (Some(_), Some(_)) => Ok(()),
        _ => Err(AmbiguousPathKind::BrokenEscape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_at_a_glance_breaks_no_rule() {
        const BYTES: [&str; 14] = ["/", "a", "Z", "7", "-", "_", ".", "%", "2", "e", "\\", ";", "?", "\u{e9}"];
        let mut paths = vec![String::new()];
        for _ in 0..4 {
            let longer = paths.iter().flat_map(|path| BYTES.map(|byte| format!("{path}{byte}")));
            paths = longer.chain([String::new()]).collect();
            let plain = paths.iter().filter(|path| is_plain(path));
            assert!(plain.clone().count() > 1);
            plain.for_each(|path| assert!(check_segments(path).is_ok(), "{path}"));
        }
        for byte in 0..=u8::MAX {
            let path = char::from(byte).to_string();
            assert!(!is_plain(&path) || check_segments(&path).is_ok(), "{path:?}");
        }
    }
}
