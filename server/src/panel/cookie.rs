//! The one cookie of the panel.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::auth::SessionToken;

/// The prefix makes browsers insist on `Secure`, on `Path=/` and on this very host (RFC 6265bis §4.1.3.2).
const NAME: &str = "__Host-tollgate_panel";

/// The cookie of a request; two of the name are none, because one of them is not ours.
pub(super) fn read(headers: &HeaderMap) -> Option<SessionToken> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(name, _)| *name == NAME).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) => SessionToken::parse(value),
        _ => None,
    }
}

/// `Set-Cookie` for a browser session; script never sees it, and other sites' forms do not carry it.
pub(super) fn set(token: &SessionToken) -> Option<HeaderValue> {
    let text = format!("{NAME}={}; Path=/; Secure; HttpOnly; SameSite=Lax", token.expose_secret());
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `Set-Cookie` that makes the browser forget it.
pub(super) fn clear() -> HeaderValue {
    HeaderValue::from_static("__Host-tollgate_panel=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_exactly_one() {
        let value = "A".repeat(43);
        let table = [
            (format!("{NAME}={value}"), true),
            (format!("a=b; {NAME}={value}; c=d"), true),
            (format!("{NAME}={value}; {NAME}={value}"), false),
            (format!("{NAME}={value}A"), false),
            (format!("{NAME}="), false),
            (format!("x{NAME}={value}"), false),
            ("a=b".to_owned(), false),
        ];
        for (line, found) in table {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, line.parse().unwrap());
            assert_eq!(read(&headers).is_some(), found, "{line}");
        }
    }
}
