//! Raw paths that are ambiguous, and their neighbours that are not.

use tollgate_checkout_scope::{AmbiguousPathKind, DeniedKind, Grant, MAX_PATH, RawPath};

use crate::support::{T0, at, shop};

#[test]
fn refuses_ambiguous_paths() {
    use AmbiguousPathKind as Kind;
    let longest = format!("/{}", "a".repeat(MAX_PATH - 1));
    assert!(RawPath::check(&longest).is_ok());
    let too_long = format!("{longest}a");
    for (label, path, kind) in [
        ("empty", "", Kind::NotAbsolute),
        ("relative", "payment-requests/1", Kind::NotAbsolute),
        ("asterisk form", "*", Kind::NotAbsolute),
        ("absolute form", "https://shop.example/a", Kind::NotAbsolute),
        ("double slash at the start", "//payment-requests/1", Kind::DoubleSlash),
        ("double slash inside", "/a//b", Kind::DoubleSlash),
        ("double slash at the end", "/a//", Kind::DoubleSlash),
        ("dot", "/.", Kind::DotSegment),
        ("dot inside", "/a/./b", Kind::DotSegment),
        ("dot-dot", "/a/../b", Kind::DotSegment),
        ("dot-dot at the end", "/a/..", Kind::DotSegment),
        ("dot-dot with a slash", "/a/../", Kind::DotSegment),
        ("escaped dot", "/a/%2e", Kind::EscapedDelimiter),
        ("escaped dot, upper case", "/a/%2E%2E/b", Kind::EscapedDelimiter),
        ("half-escaped dot-dot", "/a/.%2e/b", Kind::EscapedDelimiter),
        ("escaped dot inside a word", "/a%2eb", Kind::EscapedDelimiter),
        ("escaped id and dots", "/payment-requests/%31%2e%2e", Kind::EscapedDelimiter),
        ("escaped slash", "/a%2fb", Kind::EscapedDelimiter),
        ("escaped slash, upper case", "/a%2Fb", Kind::EscapedDelimiter),
        ("escaped backslash", "/a%5cb", Kind::EscapedDelimiter),
        ("escaped backslash, upper case", "/a%5Cb", Kind::EscapedDelimiter),
        ("escaped nul", "/a%00", Kind::EscapedDelimiter),
        ("backslash", "/a\\b", Kind::Backslash),
        ("backslash dots", "/a/..\\b", Kind::Backslash),
        ("semicolon", "/a;b", Kind::Semicolon),
        ("path parameter after dots", "/a/..;/b", Kind::Semicolon),
        ("percent at the end", "/a%", Kind::BrokenEscape),
        ("one digit", "/a%2", Kind::BrokenEscape),
        ("no digits", "/a%zz", Kind::BrokenEscape),
        ("second digit missing", "/a%2g", Kind::BrokenEscape),
        ("percent percent", "/a%%32", Kind::BrokenEscape),
        ("unicode escape", "/a%u002e", Kind::BrokenEscape),
        ("sign in the escape", "/a%+1", Kind::BrokenEscape),
        ("escape cut by two-byte text", "/a%é", Kind::BrokenEscape),
        ("query", "/a?b", Kind::ForeignByte),
        ("fragment", "/a#b", Kind::ForeignByte),
        ("blank", "/a b", Kind::ForeignByte),
        ("tab", "/a\tb", Kind::ForeignByte),
        ("line end", "/a\r\n", Kind::ForeignByte),
        ("nul", "/a\0", Kind::ForeignByte),
        ("delete", "/a\x7f", Kind::ForeignByte),
        ("full-width solidus", "/a\u{ff0f}b", Kind::ForeignByte),
        ("too long", &*too_long, Kind::TooLong),
    ] {
        assert_eq!(RawPath::check(path).unwrap_err().kind(), kind, "{label}");
        let denied = shop().permit(&Grant::restore(1_u64, at(T0)), "GET", path, at(T0)).unwrap_err();
        assert_eq!(denied.kind(), DeniedKind::AmbiguousPath, "{label}: before the grant's life");
    }
}

#[test]
fn reads_plain_paths() {
    for path in ["/", "/a", "/a/", "/a.b/..c/d..", "/...", "/a/.b", "/%31", "/a%20b", "/a%252e", "/~a:b@c!$&'()*+,="] {
        assert_eq!(RawPath::check(path).unwrap().as_str(), path);
    }
}
