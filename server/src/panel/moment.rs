//! Times as pages show them: UTC, to the minute.

use std::fmt;

use time::OffsetDateTime;
use time::macros::format_description;

/// A time; prints as `2026-01-01 00:30 UTC`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment(pub(super) OffsetDateTime);

impl Moment {
    /// For the `datetime` attribute (RFC 3339).
    pub(super) fn machine(&self) -> String {
        self.0.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z")).unwrap_or_default()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"));
        f.write_str(&text.unwrap_or_default())
    }
}
