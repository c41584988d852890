//! The members of a JSON object, read strictly and one by one, so that each fault can be named.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::auth::{FieldFault, Refusal};

/// The members of an object: no name twice at any depth, nested at most [`Members::MAX_DEPTH`] deep.
pub struct Members(BTreeMap<String, Box<RawValue>>);

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Members(redacted)")
    }
}

impl Members {
    /// Objects and arrays inside each other.
    pub const MAX_DEPTH: usize = 32;
    /// The longest URL, in characters.
    pub const MAX_URL: usize = 2048;
    /// The longest foreign member name that an answer repeats.
    const MAX_ECHO: usize = 64;

    /// Reads an object.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidRequest`](crate::auth::Reason::InvalidRequest) without a member name.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(bytes).map_err(|_| Refusal::invalid())?;
        if depth(text) > Self::MAX_DEPTH {
            return Err(Refusal::invalid());
        }
        serde_json::from_str::<NoDuplicates>(text).map_err(|_| Refusal::invalid())?;
        serde_json::from_str(text).map(Self).map_err(|_| Refusal::invalid())
    }

    /// Refuses any member that is not in `known`.
    ///
    /// # Errors
    ///
    /// [`FieldFault::NotAllowed`] naming the first one.
    pub fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Self::not_allowed(name)),
        }
    }

    /// The refusal of a foreign name; it is repeated only when it is short and plain.
    #[must_use]
    pub fn not_allowed(name: &str) -> Refusal {
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if (1..=Self::MAX_ECHO).contains(&name.len()) && plain {
            Refusal::field(Cow::Owned(name.to_owned()), FieldFault::NotAllowed)
        } else {
            Refusal::invalid()
        }
    }

    /// The text of a member as it stands in the body; `None` when it is absent.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.get())
    }

    /// A string of at most `max` characters; absent is `None`, `null` and other types are invalid.
    ///
    /// # Errors
    ///
    /// [`FieldFault::Invalid`].
    pub fn string(&self, name: &'static str, max: usize) -> Result<Option<String>, Refusal> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let text: String = serde_json::from_str(raw).map_err(|_| Refusal::field(name, FieldFault::Invalid))?;
        let fits =
            text.chars().count() <= max && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r'));
        if fits { Ok(Some(text)) } else { Err(Refusal::field(name, FieldFault::Invalid)) }
    }

    /// A string that must be there and not empty.
    ///
    /// # Errors
    ///
    /// [`FieldFault::Required`] and [`FieldFault::Invalid`].
    pub fn required_string(&self, name: &'static str, max: usize) -> Result<String, Refusal> {
        match self.string(name, max)? {
            None => Err(Refusal::field(name, FieldFault::Required)),
            Some(text) if text.is_empty() => Err(Refusal::field(name, FieldFault::Invalid)),
            Some(text) => Ok(text),
        }
    }

    /// The text of a number that must be there, for whoever reads amounts.
    ///
    /// # Errors
    ///
    /// [`FieldFault::Required`].
    pub fn required_raw(&self, name: &'static str) -> Result<&str, Refusal> {
        self.raw(name).ok_or_else(|| Refusal::field(name, FieldFault::Required))
    }

    /// An absolute https URL of a named host, without user information, in the characters of RFC 3986 §2.
    ///
    /// # Errors
    ///
    /// [`FieldFault::Invalid`].
    pub fn https_url(&self, name: &'static str) -> Result<Option<String>, Refusal> {
        let Some(text) = self.string(name, Self::MAX_URL)? else { return Ok(None) };
        if is_https_url(&text) { Ok(Some(text)) } else { Err(Refusal::field(name, FieldFault::Invalid)) }
    }

    /// An object, as compact text.
    ///
    /// # Errors
    ///
    /// [`FieldFault::Invalid`].
    pub fn object(&self, name: &'static str) -> Result<Option<String>, Refusal> {
        match self.raw(name) {
            None => Ok(None),
            Some(raw) if raw.starts_with('{') => Ok(Some(raw.to_owned())),
            Some(_) => Err(Refusal::field(name, FieldFault::Invalid)),
        }
    }
}

/// A host name or IPv4 address, perhaps a port, perhaps more.
fn is_https_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let host_fits = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    let port_fits = port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    let character = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b);
    host_fits && port_fits && tail.bytes().all(character)
}

/// How deep objects and arrays nest, counted on the text outside strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Any JSON value in which no object has a member twice.
struct NoDuplicates;

impl<'de> Deserialize<'de> for NoDuplicates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NoDuplicatesVisitor)
    }
}

struct NoDuplicatesVisitor;

impl<'de> Visitor<'de> for NoDuplicatesVisitor {
    type Value = NoDuplicates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NoDuplicates, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("duplicate member"));
            }
            map.next_value::<NoDuplicates>()?;
        }
        Ok(NoDuplicates)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<NoDuplicates, A::Error> {
        while seq.next_element::<NoDuplicates>()?.is_some() {}
        Ok(NoDuplicates)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_unit<E: Error>(self) -> Result<NoDuplicates, E> {
        Ok(NoDuplicates)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<NoDuplicates, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| NoDuplicates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_objects_strictly() {
        let nested = |n: usize| format!("{{\"a\":{}1{}}}", "[".repeat(n), "]".repeat(n));
        let table = [
            ("plain", "{\"a\":1}".to_owned(), true),
            ("brackets in a string", format!("{{\"a\":\"{}\\\"{}\"}}", "[".repeat(40), "{".repeat(40)), true),
            ("32 deep", nested(31), true),
            ("33 deep", nested(32), false),
            ("very deep", "[".repeat(60_000), false),
            ("duplicate", "{\"a\":1,\"a\":2}".to_owned(), false),
            ("duplicate by escape", "{\"a\":1,\"\\u0061\":2}".to_owned(), false),
            ("nested duplicate", "{\"x\":[{\"a\":1,\"a\":1}]}".to_owned(), false),
            ("array", "[]".to_owned(), false),
            ("trailing garbage", "{} x".to_owned(), false),
            ("byte order mark", "\u{feff}{}".to_owned(), false),
            ("empty", String::new(), false),
            ("huge number", "{\"a\":1e999}".to_owned(), false),
        ];
        for (label, text, fits) in table {
            assert_eq!(Members::parse(text.as_bytes()).is_ok(), fits, "{label}");
        }
        assert!(Members::parse(b"{\"a\":\"\xff\"}").is_err(), "not UTF-8");
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        for (text, fits) in [("", true), ("né", true), ("日本", true), ("日本語", false), ("abc", false)] {
            let members = Members::parse(format!("{{\"t\":\"{text}\"}}").as_bytes()).unwrap();
            assert_eq!(members.string("t", 2).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn reads_https_urls_only() {
        let table = [
            ("https://shop.example/ok?x=1", true),
            ("https://shop.example", true),
            ("https://shop.example:8443?x#y", true),
            ("https://shop.example:65536/", false),
            ("https://shop.example:+443/", false),
            ("https://shop.example:/", false),
            ("https://shop_example/", false),
            ("https://shop.example/a b", false),
            ("http://shop.example/", false),
            ("https://user@shop.example/", false),
            ("//shop.example/", false),
            ("https:///x", false),
            ("javascript:alert(1)", false),
            ("", false),
        ];
        for (url, fits) in table {
            let members = Members::parse(format!("{{\"u\":{url:?}}}").as_bytes()).unwrap();
            assert_eq!(members.https_url("u").is_ok(), fits, "{url}");
        }
    }
}
