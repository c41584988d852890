//! The rules for prefixes that keys and public ids share.

use crate::mode::Mode;

/// Rows a table of prefixes may have.
pub const MAX_PREFIXES: usize = 8;

/// Bytes a prefix may have.
pub const MAX_PREFIX_LEN: usize = 19;

/// Prefixes with their modes, checked when built: no two rows share a prefix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrefixTable {
    rows: &'static [(&'static str, Mode)],
}

impl PrefixTable {
    pub(crate) const fn new(rows: &'static [(&'static str, Mode)]) -> Self {
        assert!(!rows.is_empty(), "a prefix table needs a row");
        assert!(rows.len() <= MAX_PREFIXES, "a prefix table has at most MAX_PREFIXES rows");
        let mut row = 0;
        while row < rows.len() {
            let prefix = rows[row].0.as_bytes();
            check(prefix);
            let mut earlier = 0;
            while earlier < row {
                assert!(!same(prefix, rows[earlier].0.as_bytes()), "two rows have the same prefix");
                earlier += 1;
            }
            row += 1;
        }
        Self { rows }
    }

    /// The row whose prefix is these bytes.
    pub(crate) fn find(&self, prefix: &[u8]) -> Option<(&'static str, Mode)> {
        self.rows.iter().copied().find(|row| row.0.as_bytes() == prefix)
    }

    /// The first prefix of a mode.
    pub(crate) fn first(&self, mode: Mode) -> Option<&'static str> {
        self.rows.iter().find(|row| row.1 == mode).map(|row| row.0)
    }
}

const fn check(prefix: &[u8]) {
    assert!(!prefix.is_empty(), "a prefix is not empty");
    assert!(prefix.len() <= MAX_PREFIX_LEN, "a prefix has at most MAX_PREFIX_LEN bytes");
    assert!(prefix[prefix.len() - 1] == b'_', "a prefix ends in an underscore");
    let mut at = 0;
    while at < prefix.len() {
        assert!(
            matches!(prefix[at], b'a'..=b'z' | b'0'..=b'9' | b'_'),
            "a prefix is lower-case letters, digits and underscores"
        );
        at += 1;
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
