//! How a path names an object.

/// An object that a path segment can name.
///
/// [`AllowList::permit`](crate::AllowList::permit) asks only about raw segments that are not empty and hold no `%`,
/// so the segment is the same before and after a router decodes it.
pub trait BoundId {
    /// Whether `segment` is the one canonical spelling of this object's id, and so names no other object.
    fn matches(&self, segment: &str) -> bool;
}

/// Decimal digits without sign or leading zero.
impl BoundId for u64 {
    fn matches(&self, segment: &str) -> bool {
        let digits_only = segment.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = digits_only && (segment == "0" || !segment.starts_with('0'));
        canonical && segment.parse() == Ok(*self)
    }
}

/// The id itself, byte for byte; an empty id is named by nothing.
impl BoundId for String {
    fn matches(&self, segment: &str) -> bool {
        is_text(self, segment)
    }
}

/// The id itself, byte for byte; an empty id is named by nothing.
impl BoundId for &str {
    fn matches(&self, segment: &str) -> bool {
        is_text(self, segment)
    }
}

fn is_text(id: &str, segment: &str) -> bool {
    !id.is_empty() && id == segment
}
