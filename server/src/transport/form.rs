//! `application/x-www-form-urlencoded` bodies, in which nothing may come twice.

use std::fmt;

use axum::body::Body;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::read_body;
use crate::auth::Refusal;

/// The parameters of a form.
pub struct Form(Vec<(String, String)>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(redacted)")
    }
}

impl Form {
    /// The most parameters that are read.
    pub const MAX_PARAMETERS: usize = 64;

    /// Reads a form: every parameter at most once, well-formed escapes, UTF-8.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidRequest`](crate::auth::Reason::InvalidRequest), or
    /// [`Reason::PayloadTooLarge`](crate::auth::Reason::PayloadTooLarge).
    pub async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Refusal> {
        if !is_form(headers) {
            return Err(Refusal::invalid());
        }
        Self::parse(&read_body(headers, body).await?)
    }

    /// Reads the query of a URL by the same rules.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidRequest`](crate::auth::Reason::InvalidRequest).
    pub fn from_query(query: &str) -> Result<Self, Refusal> {
        Self::parse(query.as_bytes())
    }

    /// Whether a parameter is there, with or without a value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut parameters: Vec<(String, String)> = Vec::new();
        for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = equals.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
            let (name, value) =
                (decode(name).ok_or_else(Refusal::invalid)?, decode(value).ok_or_else(Refusal::invalid)?);
            let repeated = parameters.iter().any(|(known, _)| *known == name);
            if repeated || parameters.len() == Self::MAX_PARAMETERS {
                return Err(Refusal::invalid());
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    /// A parameter; one without a value counts as absent (RFC 6749 §3.2).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let essence = value.to_str().ok().map(|value| value.split(';').next().unwrap_or_default().trim());
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// `+` is a blank, `%HH` a byte; anything else stands for itself.
fn decode(text: &[u8]) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(*bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => *other,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_forms_strictly() {
        let form = Form::parse(b"grant_type=client%5Fcredentials&scope=a+b&empty=&flag").unwrap();
        assert_eq!(form.get("grant_type"), Some("client_credentials"));
        assert_eq!(form.get("scope"), Some("a b"));
        assert_eq!((form.get("empty"), form.get("flag"), form.get("absent")), (None, None, None));
        for bad in [&b"a=1&a=2"[..], b"a=1&%61=2", b"a=%zz", b"a=%", b"a=%f", b"a=%ff", b"a=%+1"] {
            assert!(Form::parse(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
        let many = |count: usize| (0..count).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        assert!(Form::parse(many(64).as_bytes()).is_ok());
        assert!(Form::parse(many(65).as_bytes()).is_err(), "too many parameters");
    }
}
