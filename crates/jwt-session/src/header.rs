use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::compact;
use crate::strict_json::Text;
use crate::{Algorithm, Kid, TokenType, VerifyErrorKind};

/// The header members that this crate reads; a header with any other member does not become one of these.
pub(crate) struct Header<'h> {
    alg: Cow<'h, str>,
    typ: Option<Cow<'h, str>>,
    kid: Option<Cow<'h, str>>,
}

impl<'h> Header<'h> {
    /// Reads one JSON object of strings with no name twice and no name but `alg`, `typ` and `kid`.
    ///
    /// RFC 7515 §4 lets a reader skip unknown names; here they are refused, and with them `jku`, `x5u`, `x5c`, `jwk`,
    /// `crit`, `zip` and `b64`, because no writer of these tokens has a reason to send one.
    pub(crate) fn parse(json: &'h [u8]) -> Result<Self, VerifyErrorKind> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let members = reader.deserialize_map(MembersVisitor).map_err(|_| VerifyErrorKind::Malformed)?;
        reader.end().map_err(|_| VerifyErrorKind::Malformed)?;
        match members {
            Members { other: true, .. } => Err(VerifyErrorKind::ForbiddenHeader),
            Members { alg: Some(alg), typ, kid, .. } => Ok(Self { alg, typ, kid }),
            Members { alg: None, .. } => Err(VerifyErrorKind::WrongAlgorithm),
        }
    }

    pub(crate) fn require_algorithm(&self, algorithm: Algorithm) -> Result<(), VerifyErrorKind> {
        if Algorithm::from_name(&self.alg) == Some(algorithm) { Ok(()) } else { Err(VerifyErrorKind::WrongAlgorithm) }
    }

    pub(crate) fn require_type(&self, typ: TokenType) -> Result<(), VerifyErrorKind> {
        if self.typ.as_deref() == Some(typ.as_str()) { Ok(()) } else { Err(VerifyErrorKind::WrongType) }
    }

    /// For messages of others, who may leave the type out.
    pub(crate) fn require_type_if_present(&self, typ: TokenType) -> Result<(), VerifyErrorKind> {
        if self.typ.is_none() { Ok(()) } else { self.require_type(typ) }
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }
}

/// The first part of a token, ready to be followed by a dot.
pub(crate) fn encoded(algorithm: Algorithm, typ: TokenType, kid: Option<&Kid>) -> Option<String> {
    let mut header = jsonwebtoken::Header::new(algorithm.jose());
    header.typ = Some(typ.as_str().to_owned());
    header.kid = kid.map(Kid::to_string);
    serde_json::to_vec(&header).ok().map(|json| compact::encode(&json))
}

struct Members<'h> {
    alg: Option<Cow<'h, str>>,
    typ: Option<Cow<'h, str>>,
    kid: Option<Cow<'h, str>>,
    other: bool,
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members { alg: None, typ: None, kid: None, other: false };
        while let Some(Text(name)) = map.next_key()? {
            let slot = match &*name {
                "alg" => &mut members.alg,
                "typ" => &mut members.typ,
                "kid" => &mut members.kid,
                _ => {
                    members.other = true;
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let Text(value) = map.next_value()?;
            if slot.replace(value).is_some() {
                return Err(A::Error::custom("member given twice"));
            }
        }
        Ok(members)
    }
}
