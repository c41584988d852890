use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::strict_json::{self, Node, Text};

/// The payload of a token of ours, read in one pass: the claims this crate writes apart, the others as a tree.
#[derive(Default)]
pub(crate) struct Payload<'p> {
    pub(crate) iss: Option<Claim<'p>>,
    pub(crate) aud: Option<Claim<'p>>,
    pub(crate) iat: Option<Claim<'p>>,
    pub(crate) nbf: Option<Claim<'p>>,
    pub(crate) exp: Option<Claim<'p>>,
    pub(crate) jti: Option<Claim<'p>>,
    pub(crate) sid: Option<Claim<'p>>,
    pub(crate) rest: Map<String, Value>,
}

impl<'p> Payload<'p> {
    /// Reads one JSON object under the rules of [`strict_json::object`]; `None` otherwise.
    pub(crate) fn parse(json: &'p [u8]) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let payload = reader.deserialize_map(PayloadVisitor).ok()?;
        reader.end().ok()?;
        Some(payload)
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<Claim<'p>>> {
        match name {
            "iss" => Some(&mut self.iss),
            "aud" => Some(&mut self.aud),
            "iat" => Some(&mut self.iat),
            "nbf" => Some(&mut self.nbf),
            "exp" => Some(&mut self.exp),
            "jti" => Some(&mut self.jti),
            "sid" => Some(&mut self.sid),
            _ => None,
        }
    }
}

struct PayloadVisitor;

impl<'de> Visitor<'de> for PayloadVisitor {
    type Value = Payload<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a payload object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut payload = Payload::default();
        while let Some(Text(name)) = members.next_key()? {
            if let Some(slot) = payload.slot(&name) {
                if slot.replace(members.next_value()?).is_some() {
                    return Err(A::Error::custom("member given twice"));
                }
            } else {
                let value = members.next_value_seed(Node::MEMBER)?;
                strict_json::add(&mut payload.rest, name.into_owned(), value)?;
            }
        }
        Ok(payload)
    }
}

/// A claim that this crate writes; every type it never writes is one and the same refusal.
pub(crate) enum Claim<'p> {
    Integer(u64),
    Text(Cow<'p, str>),
    Other,
}

impl Claim<'_> {
    pub(crate) fn integer(&self) -> Option<u64> {
        if let Self::Integer(integer) = self { Some(*integer) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl<'de> Deserialize<'de> for Claim<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(ClaimVisitor)
    }
}

struct ClaimVisitor;

impl<'de> Visitor<'de> for ClaimVisitor {
    type Value = Claim<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a claim")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Claim::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Claim::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Self::Value, E> {
        Ok(Claim::Integer(integer))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Claim::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Claim::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Claim::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Claim::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Node::MEMBER.visit_seq(items).map(|_| Claim::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        Node::MEMBER.visit_map(members).map(|_| Claim::Other)
    }
}
