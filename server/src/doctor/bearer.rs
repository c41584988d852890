//! JSON Web Tokens, read without the keys: form, header, claims and dates against the kind that a route takes.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use tollgate_apikey::Mode;
use tollgate_jwt_session::danger::unverified_kid;
use tollgate_jwt_session::{MAX_CLOCK_SKEW, MAX_TOKEN_LEN, VerifyErrorKind};

use super::report::Report;
use super::{Conditions, Fault, Place, Seen, SeenKind};

/// A kind of token, as the table in `docs/formats.md` §6.1 states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) seen: SeenKind,
    alg: &'static str,
    typ: &'static str,
    aud: &'static str,
    /// String claims that it must have, besides `iss` and `jti`.
    claims: &'static [&'static str],
}

/// The Caibo login token.
pub(super) const PANEL: Kind =
    Kind { seen: SeenKind::PanelLogin, alg: "HS256", typ: "JWT", aud: "panel", claims: &["sub"] };
/// The 88Pay access token.
pub(super) const EIGHTY_EIGHT_PAY: Kind = Kind {
    seen: SeenKind::EightyEightPaySession,
    alg: "ES256",
    typ: "JWT",
    aud: "88pay",
    claims: &["env", "merchant_id", "cid", "sid"],
};
/// The Pledg access token.
pub(super) const PLEDG: Kind =
    Kind { seen: SeenKind::PledgAccess, alg: "HS256", typ: "JWT", aud: "pledg", claims: &["env", "sub", "cid"] };
/// The Alternative access token.
pub(super) const ALTERNATIVE: Kind = Kind {
    seen: SeenKind::AlternativeAccess,
    alg: "ES256",
    typ: "at+jwt",
    aud: "alternative",
    claims: &["env", "sub", "client_id", "partner_id", "scope", "cid"],
};
/// The Alternative checkout token.
pub(super) const CHECKOUT: Kind = Kind {
    seen: SeenKind::AlternativeCheckout,
    alg: "HS256",
    typ: "checkout+jwt",
    aud: "alternative-checkout",
    claims: &["env", "partner_id", "client_id", "customer_id", "invoice_id", "cid"],
};

const KINDS: [Kind; 5] = [PANEL, EIGHTY_EIGHT_PAY, PLEDG, ALTERNATIVE, CHECKOUT];

/// What a token is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected<'e> {
    /// The kind that its own audience names.
    Any,
    /// One of ours, sent to this host if that is known.
    Kind(Kind, Option<&'e str>),
    /// A Pledg request that the merchant signed.
    Request,
}

/// Whether a text has the look of a token, whole or not.
pub(super) fn looks_like_one(text: &str) -> bool {
    text.starts_with("eyJ") && text.contains('.')
}

/// Judges a cleaned text as a token.
pub(super) fn examine(text: &str, expected: Expected<'_>, place: Place, conditions: Conditions, report: &mut Report) {
    if text.len() > MAX_TOKEN_LEN {
        report.add_with(Fault::JwtTooLong, place, format!("It has {}.", text.len()));
    }
    let parts: Vec<&str> = text.split('.').take(6).collect();
    if parts.len() == 5 {
        report.add(Fault::JwtEncrypted, place);
        return;
    }
    let decoded: Vec<Option<Vec<u8>>> =
        parts.iter().map(|part| URL_SAFE_NO_PAD.decode(part).ok().filter(|bytes| !bytes.is_empty())).collect();
    let [header, payload, signature] = decoded.as_slice() else {
        report.add_with(Fault::JwtParts, place, format!("It has {}.", parts.len()));
        return;
    };
    let header = header.as_deref().and_then(object);
    let payload = payload.as_deref().and_then(object);
    let (Some(header), Some(payload)) = (header, payload) else {
        report.add_with(Fault::JwtParts, place, "One is no JSON object with unique names.".to_owned());
        return;
    };
    let kind = match expected {
        Expected::Any => KINDS.into_iter().find(|kind| payload.get("aud").and_then(Value::as_str) == Some(kind.aud)),
        Expected::Kind(kind, _) => Some(kind),
        Expected::Request => None,
    };
    let seen = match (expected, kind) {
        (Expected::Request, _) => SeenKind::PledgRequest,
        (_, Some(kind)) if payload.get("aud").and_then(Value::as_str) == Some(kind.aud) => kind.seen,
        _ => SeenKind::OtherToken,
    };
    let mut shown = Seen::new(seen, place);
    shown.mode = payload.get("env").and_then(Value::as_str).and_then(|env| env.parse::<Mode>().ok());
    report.see(shown);
    let alg = judge_header(text, &header, expected, kind, place, report);
    judge_signature(alg, signature.as_deref(), place, report);
    judge_claims(&payload, expected, kind, place, conditions, report);
    judge_dates(&payload, matches!(expected, Expected::Request), place, conditions, report);
}

/// The algorithm the header names, if it is one of the two.
fn judge_header(
    token: &str,
    header: &Map<String, Value>,
    expected: Expected<'_>,
    kind: Option<Kind>,
    place: Place,
    report: &mut Report,
) -> Option<&'static str> {
    let text = |name| header.get(name).and_then(Value::as_str);
    if text("alg").is_some_and(|alg| alg.eq_ignore_ascii_case("none")) {
        report.add(Fault::JwtNone, place);
        return None;
    }
    let is_request = matches!(expected, Expected::Request);
    match unverified_kid(token).map_err(|error| error.kind()) {
        Err(VerifyErrorKind::UnknownKey) if is_request && !header.contains_key("kid") => {}
        Err(VerifyErrorKind::ForbiddenHeader | VerifyErrorKind::UnknownKey | VerifyErrorKind::Malformed) => {
            report.add(Fault::JwtHeader, place);
        }
        _ => {}
    }
    let alg = ["HS256", "ES256"].into_iter().find(|known| text("alg") == Some(known));
    let wanted = if is_request { Some("HS256") } else { kind.map(|kind| kind.alg) };
    match wanted {
        Some(wanted) if alg != Some(wanted) => {
            report.add_with(Fault::JwtAlgorithm, place, format!("It must be {wanted}."));
        }
        None if alg.is_none() => report.add(Fault::JwtAlgorithm, place),
        _ => {}
    }
    let typ_fits = match kind {
        Some(kind) => text("typ") == Some(kind.typ),
        None if is_request => !header.contains_key("typ") || text("typ") == Some("JWT"),
        None => true,
    };
    if !typ_fits {
        let wanted = kind.map_or("JWT", |kind| kind.typ);
        report.add_with(Fault::JwtType, place, format!("It must be {wanted}."));
    }
    alg
}

fn judge_signature(alg: Option<&str>, signature: Option<&[u8]>, place: Place, report: &mut Report) {
    let Some(signature) = signature else {
        report.add(Fault::JwtParts, place);
        return;
    };
    let Some(must) = alg.map(|alg| if alg == "ES256" { 64 } else { 32 }) else { return };
    let is_der =
        must == 64 && matches!(signature, [0x30, length, 0x02, ..] if usize::from(*length) + 2 == signature.len());
    if is_der {
        report.add(Fault::JwtDer, place);
    } else if signature.len() != must {
        let detail = format!("It has {} bytes instead of {must}.", signature.len());
        report.add_with(Fault::JwtSignature, place, detail);
    }
}

fn judge_claims(
    payload: &Map<String, Value>,
    expected: Expected<'_>,
    kind: Option<Kind>,
    place: Place,
    conditions: Conditions,
    report: &mut Report,
) {
    let Some(kind) = kind else {
        match expected {
            Expected::Request if !payload.get("data").is_some_and(Value::is_object) => {
                report.add_with(Fault::JwtClaims, place, "It is `data`.".to_owned());
            }
            Expected::Any => report.add(Fault::JwtAudience, place),
            _ => {}
        }
        return;
    };
    if payload.get("aud").and_then(Value::as_str) != Some(kind.aud) {
        report.add_with(Fault::JwtAudience, place, format!("It must be {}, one string.", kind.aud));
        return;
    }
    for name in ["iss", "jti"].iter().chain(kind.claims) {
        if !payload.get(*name).is_some_and(Value::is_string) {
            report.add_with(Fault::JwtClaims, place, format!("It is `{name}`."));
        }
    }
    if let (Some(issuer), Expected::Kind(_, Some(host))) = (payload.get("iss").and_then(Value::as_str), expected)
        && !issuer.split_once("://").is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host))
    {
        report.add(Fault::JwtIssuer, place);
    }
    if let Some(env) = payload.get("env").and_then(Value::as_str)
        && !env.parse().is_ok_and(|mode| conditions.listener.admits(mode))
    {
        report.add_with(Fault::JwtMode, place, format!("The listener is {}.", conditions.listener.as_str()));
    }
}

fn judge_dates(
    payload: &Map<String, Value>,
    is_request: bool,
    place: Place,
    conditions: Conditions,
    report: &mut Report,
) {
    let now = conditions.now.unix_timestamp();
    let skew = MAX_CLOCK_SKEW.whole_seconds();
    let required: &[&str] = if is_request { &[] } else { &["iat", "exp"] };
    for name in ["iat", "nbf", "exp"] {
        let date = match payload.get(name) {
            None if required.contains(&name) => None,
            None => continue,
            // A whole number prints without point, exponent or sign.
            Some(value) => value.as_u64().and_then(|date| i64::try_from(date).ok()),
        };
        let Some(date) = date else {
            report.add_with(Fault::JwtClaims, place, format!("It is `{name}`."));
            continue;
        };
        let leeway = if is_request { skew } else { 0 };
        if name == "exp" && now >= date.saturating_add(leeway) {
            let detail = format!("It ended {} s ago.", now.saturating_sub(date));
            report.add_with(Fault::JwtExpired, place, detail);
        } else if name != "exp" && date > now.saturating_add(skew) {
            let detail = format!("Its `{name}` is {} s ahead.", date.saturating_sub(now));
            report.add_with(Fault::JwtNotYet, place, detail);
        }
    }
}

/// A JSON object without a name twice at its top.
fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let members = reader.deserialize_map(UniqueNames).ok()?;
    reader.end().ok().map(|()| members)
}

struct UniqueNames;

impl<'de> Visitor<'de> for UniqueNames {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = access.next_entry()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("name twice"));
            }
        }
        Ok(members)
    }
}
