//! The time of a log line, RFC 3339 in UTC.

use std::cell::Cell;

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// A second and its text, `2026-01-01T00:00:00`.
type Second = (i64, [u8; 19]);

thread_local! {
    /// The second that was written last: thousands of lines share it.
    static LAST: Cell<Option<Second>> = const { Cell::new(None) };
}

/// Appends a moment as [`Rfc3339`] writes it: with as many decimals as it has, nine at most.
pub(super) fn write(at: OffsetDateTime, line: &mut Vec<u8>) {
    let second = at.unix_timestamp();
    let text = match LAST.get() {
        Some((last, text)) if last == second => text,
        _ => {
            let text = at.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
            let text = text.format(&Rfc3339).unwrap_or_default();
            // A year that RFC 3339 cannot write has no text at all.
            let Some(text) = text.as_bytes().first_chunk().copied() else { return };
            LAST.set(Some((second, text)));
            text
        }
    };
    line.extend_from_slice(&text);
    let mut rest = at.nanosecond();
    if rest > 0 {
        let mut decimals = [0; 9];
        for digit in decimals.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        let length = decimals.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        line.push(b'.');
        line.extend_from_slice(&decimals[..length]);
    }
    line.push(b'Z');
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn writes_what_rfc_3339_says() {
        let table = [
            datetime!(2026-01-01 0:00:01.25 UTC),
            datetime!(2026-01-01 0:00:01 UTC),
            datetime!(2026-01-01 0:00:01.000000001 UTC),
            datetime!(2026-01-01 0:00:01.1234567 UTC),
            datetime!(2026-12-31 23:59:59.999999999 UTC),
            datetime!(1969-12-31 23:59:59.5 UTC),
            datetime!(1970-01-01 0:00 UTC),
        ];
        for at in table {
            let mut line = Vec::new();
            write(at, &mut line);
            assert_eq!(String::from_utf8(line).unwrap(), at.format(&Rfc3339).unwrap());
        }
        let mut line = Vec::new();
        write(datetime!(2026-01-01 2:00:01.25 +2), &mut line);
        assert_eq!(line, b"2026-01-01T00:00:01.25Z");
    }
}
