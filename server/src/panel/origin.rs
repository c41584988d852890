//! Where a form was sent from.

use http::HeaderMap;
use http::header::ORIGIN;

use crate::auth::{Reason, Refusal};

/// Refuses what was not sent from our own origin, as far as the browser says so (Fetch Metadata §2.1); the token of the
/// form is checked besides.
///
/// `Sec-Fetch-Site` decides where it is there. A browser that does not know it sends `Origin` with what another origin
/// posts (Fetch §3.2).
pub(super) fn check(headers: &HeaderMap, base_url: &str) -> Result<(), Refusal> {
    let single = |name: &str| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value.as_bytes()),
            (None, _) => None,
            (Some(_), Some(_)) => Some(&b"repeated"[..]),
        }
    };
    let ours = match (single("sec-fetch-site"), single(ORIGIN.as_str())) {
        (Some(site), _) => site == b"same-origin",
        (None, Some(origin)) => origin == base_url.as_bytes(),
        (None, None) => true,
    };
    if ours { Ok(()) } else { Err(Refusal::new(Reason::OriginDenied)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_forms_of_our_own_origin_only() {
        let base = "https://pay.example";
        let table: &[(&[(&str, &str)], bool)] = &[
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", base)], false),
            (&[("sec-fetch-site", "none")], false),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
            (&[("origin", base)], true),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "null")], false),
            (&[], true),
        ];
        for (sent, fits) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in *sent {
                headers.append(http::HeaderName::from_static(name), value.parse().unwrap());
            }
            assert_eq!(check(&headers, base).is_ok(), *fits, "{sent:?}");
        }
    }
}
