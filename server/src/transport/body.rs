//! Bodies: bounded, JSON only where JSON is expected.

use axum::body::{Body, Bytes};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::Members;
use crate::auth::{Reason, Refusal};

/// The longest body, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// Reads a body that may be empty.
///
/// # Errors
///
/// [`Reason::PayloadTooLarge`] beyond [`MAX_BODY`], [`Reason::InvalidRequest`] when it breaks off.
pub async fn read_body(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(Refusal::new(Reason::PayloadTooLarge));
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::new(Reason::PayloadTooLarge)),
        Err(_) => Err(Refusal::invalid()),
    }
}

/// Reads a JSON object; the bytes come with it, for whoever needs to compare them.
///
/// # Errors
///
/// [`Reason::UnsupportedMediaType`] unless the type is `application/json`, else those of [`read_body`] and
/// [`Members::parse`].
pub async fn json_body(headers: &HeaderMap, body: Body) -> Result<(Members, Bytes), Refusal> {
    if !is_json(headers) {
        return Err(Refusal::new(Reason::UnsupportedMediaType));
    }
    let bytes = read_body(headers, body).await?;
    Ok((Members::parse(&bytes)?, bytes))
}

/// `application/json`, at most with the charset that JSON has anyway (RFC 8259 §8.1, §11).
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let (essence, parameter) = value.split_once(';').unwrap_or((value, ""));
    let parameter = parameter.trim();
    let charset_fits = parameter.is_empty()
        || parameter.eq_ignore_ascii_case("charset=utf-8")
        || parameter.eq_ignore_ascii_case("charset=\"utf-8\"");
    essence.trim().eq_ignore_ascii_case("application/json") && charset_fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_json_and_its_own_charset_only() {
        let table = [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=latin1", false),
            ("application/jsonp", false),
            ("text/json", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ];
        for (value, fits) in table {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            assert_eq!(is_json(&headers), fits, "{value:?}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
