//! The query of a link to another part of a list.

/// Names and values, those left out that are empty; what is no plain letter or digit is escaped.
pub(super) fn query_of(pairs: &[(&str, &str)]) -> String {
    let kept = pairs.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<_> = kept.map(|(name, value)| format!("{name}={}", escape(value))).collect();
    pairs.join("&")
}

fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_query_is_escaped() {
        let pairs = [("text", "a b&c=d\u{e4}%"), ("status", ""), ("after", "MCH-PER-7QX2Z")];
        assert_eq!(query_of(&pairs), "text=a%20b%26c%3Dd%C3%A4%25&after=MCH-PER-7QX2Z");
    }
}
