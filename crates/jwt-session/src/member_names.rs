use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::strict_json::{MAX_DEPTH, Text, is_reader_private};

/// The member names of exactly one JSON object, sorted; `None` where [`strict_json::object`](crate::strict_json::object)
/// refuses the text. No value is built.
pub(crate) fn member_names(json: &[u8]) -> Option<Vec<Cow<'_, str>>> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let names = reader.deserialize_map(Skim { depth: 0 }).ok()?;
    reader.end().ok()?;
    Some(names)
}

/// One value that has `depth` containers around it; answers its member names, none for what is no object.
#[derive(Clone, Copy)]
struct Skim {
    depth: usize,
}

impl Skim {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth < MAX_DEPTH { Ok(Self { depth: self.depth + 1 }) } else { Err(E::custom("nested too deeply")) }
    }
}

impl<'de> DeserializeSeed<'de> for Skim {
    type Value = Vec<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skim {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        if value.is_finite() { Ok(Vec::new()) } else { Err(E::custom("number is not finite")) }
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let inside = self.inside()?;
        while items.next_element_seed(inside)?.is_some() {}
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let inside = self.inside()?;
        let mut names = Vec::new();
        while let Some(Text(name)) = members.next_key()? {
            if is_reader_private(&name) {
                return Err(A::Error::custom("member name is reserved"));
            }
            members.next_value_seed(inside)?;
            names.push(name);
        }
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(A::Error::custom("member given twice"));
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::strict_json;

    fn agree(json: &str) -> Result<(), TestCaseError> {
        let whole = strict_json::object(json.as_bytes()).map(|members| members.keys().cloned().collect::<Vec<_>>());
        let names =
            member_names(json.as_bytes()).map(|names| names.into_iter().map(Cow::into_owned).collect::<Vec<_>>());
        prop_assert_eq!(names, whole, "{}", json);
        Ok(())
    }

    /// JSON-like text that is often, but not always, a strict object.
    fn json() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "null",
            "true",
            "-0",
            "1",
            "18446744073709551616",
            "1e400",
            "1.5",
            "\"a\"",
            "\"\\u0061\"",
            "\"\\ud800\"",
            "01",
            "NaN",
            "{}",
            "[]",
            "",
        ])
        .prop_map(str::to_owned);
        let name = prop::sample::select(vec!["a", "b", "\\u0061", "iss", "$serde_json::private::Number", "\u{7f}"]);
        let tree = leaf.prop_recursive(4, 24, 4, move |inner| {
            let members = prop::collection::vec((name.clone(), inner.clone()), 0..4).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            });
            prop_oneof![members, prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(",")))]
        });
        (tree, prop::sample::select(vec!["", " ", "x", "{}"])).prop_map(|(tree, rest)| tree + rest)
    }

    proptest! {
        #[test]
        fn the_names_are_those_of_the_whole_object(json in json()) {
            agree(&json)?;
        }
    }

    #[test]
    fn depth_is_bounded_alike() {
        for depth in [MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1] {
            let json = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
            agree(&json).unwrap();
            assert_eq!(member_names(json.as_bytes()).is_some(), depth < MAX_DEPTH, "{depth}");
        }
    }
}
