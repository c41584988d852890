//! A captured request: the checks of the server, in its order, as far as they need neither keys nor records.

use std::net::IpAddr;

use tollgate_checkout_scope::{CheckoutToken, RawPath};

use super::capture::{Capture, Header, Scheme};
use super::header::{self, place};
use super::report::{Part, Report};
use super::{
    CaptureError, Conditions, Fault, Place, ROUTES, Route, Seen, SeenKind, Takes, bearer, challenge, characters,
    credential, webhook,
};

/// Judges a captured request, or a webhook delivery, then against `webhook_secret` if there is one.
///
/// # Errors
///
/// [`CaptureError`] when the input is neither a request nor a curl command line.
pub fn request(input: &str, webhook_secret: Option<&str>, conditions: Conditions) -> Result<Report, CaptureError> {
    let capture = Capture::parse(input)?;
    let mut report = Report::default();
    for line in &capture.broken {
        report.add(Fault::BrokenHeader, Place::at(Part::RequestLine, Some(*line)));
    }
    if webhook::is_delivery(&capture) {
        webhook::examine(&capture, webhook_secret, conditions, &mut report);
        return Ok(report);
    }
    transport(&capture, &mut report);
    query(&capture, &mut report);
    misspelled(&capture, &mut report);
    if let Some(route) = find(&capture, &mut report) {
        credentials(&capture, route, conditions, &mut report);
        body(&capture, route, &mut report);
    }
    Ok(report)
}

const LINE: Place = Place::REQUEST_LINE;

fn transport(capture: &Capture, report: &mut Report) {
    if capture.scheme == Scheme::Http && !capture.host.as_deref().is_some_and(is_loopback) {
        report.add(Fault::PlainHttp, LINE);
    }
    if RawPath::check(capture.path()).is_err() {
        report.add(Fault::AmbiguousPath, LINE);
    }
}

fn is_loopback(host: &str) -> bool {
    let name = host
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or_else(|| host.rsplit_once(':').map_or(host, |(name, _)| name), |(name, _)| name);
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn query(capture: &Capture, report: &mut Report) {
    let signed = capture.path().starts_with("/api/purchase_link");
    let page = capture.path() == "/main";
    for (name, value) in capture.query().split('&').filter_map(|member| member.split_once('=')) {
        let named = IN_QUERY.iter().any(|known| name.eq_ignore_ascii_case(known));
        let looks = value.starts_with("whsec_") || super::native::FORMS.iter().any(|f| value.starts_with(f.prefix));
        if (named && !page && !(signed && name == "signature")) || looks {
            report.add(Fault::CredentialInQuery, LINE);
        }
    }
}

/// Headers whose name is that of a credential header but for its separators.
fn misspelled(capture: &Capture, report: &mut Report) {
    let folded = |name: &str| -> String { name.chars().filter(char::is_ascii_alphanumeric).collect() };
    for header in &capture.headers {
        for (known, others) in KNOWN {
            let same = folded(&header.name).eq_ignore_ascii_case(&folded(known));
            let other = others.iter().any(|other| header.name.eq_ignore_ascii_case(other));
            if !header.name.eq_ignore_ascii_case(known) && (same || other) {
                report.add_with(Fault::MisspelledHeader, place(known, header), format!("The name is {known}."));
            }
        }
    }
}

fn find(capture: &Capture, report: &mut Report) -> Option<&'static Route> {
    let path = capture.path();
    let method = if capture.method == "HEAD" { "GET" } else { capture.method.as_str() };
    let mut having = ROUTES.iter().filter(|route| route.has(path));
    let Some(first) = having.next() else {
        let trimmed = path.trim_end_matches('/');
        let near = ROUTES.iter().find(|route| route.has(trimmed) || route.has(&path.to_ascii_lowercase()));
        match near {
            Some(near) => report.add_with(Fault::UnknownPath, LINE, format!("There is {}.", near.template)),
            None => report.add(Fault::UnknownPath, LINE),
        }
        return None;
    };
    let fitting = std::iter::once(first).chain(having).find(|route| route.method == method);
    if fitting.is_none() {
        report.add_with(Fault::WrongMethod, LINE, format!("It is {}.", first.method));
    }
    Some(fitting.unwrap_or(first))
}

fn credentials(capture: &Capture, route: &Route, conditions: Conditions, report: &mut Report) {
    let takes = route.takes;
    for name in takes.headers() {
        if let Some(second) = capture.all(name).nth(1) {
            report.add(Fault::RepeatedHeader, place(name, second));
        }
    }
    several(capture, takes, report);
    match takes {
        Takes::Nothing => {}
        Takes::PledgRequest => signed_request(capture, conditions, report),
        Takes::Caibo => caibo(capture, conditions, report),
        Takes::CardPlusPayKey | Takes::CardPlusPaySigned => cardpluspay(capture, takes, conditions, report),
        Takes::EightyEightPayKey => eighty_eight_pay(capture, conditions, report),
        Takes::EightyEightPaySession => {
            present(capture, takes, conditions, report);
            header::authorization(capture, takes, conditions, report);
            match capture.first("x-session-id") {
                Some(session) => {
                    let at = place("x-session-id", session);
                    let text = characters::clean(&session.value, at, Fault::InnerBlank, report);
                    credential::session(&text, at, report);
                }
                None => report.add(Fault::MissingSessionId, Place::at(Part::Header("x-session-id"), None)),
            }
        }
        _ => {
            present(capture, takes, conditions, report);
            header::authorization(capture, takes, conditions, report);
        }
    }
}

/// More kinds of credential than the route reads.
fn several(capture: &Capture, takes: Takes, report: &mut Report) {
    if takes == Takes::Caibo {
        if let (Some(token), true) = (capture.first("X-Checkout-Token"), capture.first("X-API-Key").is_some()) {
            report.add(Fault::TokenBeforeKey, place("X-Checkout-Token", token));
        }
        if let Some(third) = capture.first("Authorization") {
            report.add(Fault::SeveralCredentials, place("Authorization", third));
        }
        return;
    }
    let reads = |name: &str| takes.headers().iter().any(|read| read.eq_ignore_ascii_case(name));
    let has_own = takes.header().is_some_and(|own| capture.first(own).is_some());
    for name in ["X-API-Key", "X-Checkout-Token", "Authorization"] {
        if let Some(foreign) = capture.first(name).filter(|_| has_own && !reads(name)) {
            report.add(Fault::SeveralCredentials, place(name, foreign));
        }
    }
}

/// Reports a credential that is missing, and where one came instead; `true` when the header is there.
fn present(capture: &Capture, takes: Takes, conditions: Conditions, report: &mut Report) -> bool {
    let Some(own) = takes.header() else { return false };
    if capture.first(own).is_some() {
        return true;
    }
    let mut elsewhere = ["X-API-Key", "X-Checkout-Token", "Authorization"].into_iter();
    match elsewhere.find_map(|name| Some((name, capture.first(name)?))) {
        Some((name, header)) => {
            let at = place(name, header);
            report.add_with(Fault::OtherHeader, at, format!("The route reads {own}."));
            credential::examine(scheme_less(header), at, conditions, report);
        }
        None => report.add_with(
            Fault::MissingCredential,
            Place::at(Part::Header(own), None),
            format!("The route reads {own}."),
        ),
    }
    false
}

/// The value behind a scheme, if there is one.
fn scheme_less(header: &Header) -> &str {
    let value = header.value.as_str();
    let bearer = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    bearer.map_or(value, |(_, value)| value)
}

fn caibo(capture: &Capture, conditions: Conditions, report: &mut Report) {
    let Some(token) = capture.first("X-Checkout-Token") else {
        if present(capture, Takes::Caibo, conditions, report)
            && let Some(key) = capture.first("X-API-Key")
        {
            header::key("X-API-Key", key, Takes::Caibo, conditions, report);
        }
        return;
    };
    let at = place("X-Checkout-Token", token);
    let text = characters::clean(&token.value, at, Fault::InnerBlank, report);
    if CheckoutToken::parse(&text).is_ok() {
        report.see(Seen::new(SeenKind::CaiboCheckout, at));
    } else if !characters::stands_in(report) {
        report.add(Fault::NotACredential, at);
    }
}

fn cardpluspay(capture: &Capture, takes: Takes, conditions: Conditions, report: &mut Report) {
    if present(capture, takes, conditions, report)
        && let Some(key) = capture.first("X-API-Key")
    {
        header::key("X-API-Key", key, takes, conditions, report);
    }
    let id = report.seen().iter().find(|seen| seen.kind() == SeenKind::CardPlusPayKey).and_then(Seen::id);
    let (text, signature) = (capture.first("X-API-Challenge"), capture.first("X-API-Signature"));
    if takes == Takes::CardPlusPaySigned {
        let missing = |name| Place::at(Part::Header(name), None);
        match (text, signature) {
            (None, None) => report.note(Fault::NoChallenge, missing("X-API-Challenge")),
            (Some(_), None) => report.add(Fault::MissingChallengeHalf, missing("X-API-Signature")),
            (None, Some(_)) => report.add(Fault::MissingChallengeHalf, missing("X-API-Challenge")),
            (Some(_), Some(_)) => {}
        }
    }
    if let Some(text) = text {
        challenge::examine(&text.value, id, place("X-API-Challenge", text), conditions, report);
    }
    if let Some(signature) = signature {
        challenge::signature(&signature.value, place("X-API-Signature", signature), report);
    }
}

fn eighty_eight_pay(capture: &Capture, conditions: Conditions, report: &mut Report) {
    let takes = Takes::EightyEightPayKey;
    if present(capture, takes, conditions, report)
        && let Some(key) = capture.first("x-api-key")
    {
        header::key("x-api-key", key, takes, conditions, report);
    }
    let Some(id) = capture.first("x-merchant-id") else {
        return report.add(Fault::MissingMerchantId, Place::at(Part::Header("x-merchant-id"), None));
    };
    let at = place("x-merchant-id", id);
    let text = characters::clean(&id.value, at, Fault::InnerBlank, report);
    let is_live =
        |seen: &Seen| seen.kind() == SeenKind::EightyEightPayKey && seen.mode == Some(tollgate_apikey::Mode::Live);
    if let Some((_, spelling)) = credential::merchant(&text, at, report)
        && spelling == tollgate_apikey::Mode::Test
        && report.seen().iter().any(is_live)
    {
        report.add(Fault::MerchantIdMode, at);
    }
}

fn signed_request(capture: &Capture, conditions: Conditions, report: &mut Report) {
    let signature = capture.query().split('&').find_map(|member| member.strip_prefix("signature="));
    let Some(text) = signature.filter(|text| !text.is_empty()) else {
        let detail = "The route reads the query member `signature`.".to_owned();
        return report.add_with(Fault::MissingCredential, LINE, detail);
    };
    let text = characters::clean(text, LINE, Fault::InnerBlank, report);
    bearer::examine(&text, bearer::Expected::Request, LINE, conditions, report);
}

fn body(capture: &Capture, route: &Route, report: &mut Report) {
    let Some(body) = capture.body.as_deref().filter(|body| !body.is_empty()) else { return };
    let at = Place::at(Part::Body, None);
    let form = route.reads_a_form();
    let wanted = if form { "application/x-www-form-urlencoded" } else { "application/json" };
    let media_type = capture.first("content-type").map(|header| header.value.to_ascii_lowercase());
    let fits = media_type.as_deref().and_then(|value| value.split(';').next()).map(str::trim) == Some(wanted);
    let unread = matches!(route.takes, Takes::PledgRequest | Takes::EightyEightPayKey | Takes::CardPlusPayKey);
    if !fits && !unread {
        report.add_with(Fault::MediaType, at, format!("It is {wanted}."));
    }
    let text = String::from_utf8_lossy(body);
    let text = zeroize::Zeroizing::new(text.into_owned());
    if form && IN_BODY.iter().any(|name| text.contains(name)) {
        report.add(Fault::CredentialInBody, at);
    }
}

/// Query members that people take for a place of credentials.
const IN_QUERY: [&str; 10] = [
    "token",
    "access_token",
    "api_key",
    "apikey",
    "api-key",
    "x-api-key",
    "client_secret",
    "key",
    "checkout_token",
    "signature",
];

/// Credentials in a token request's body.
const IN_BODY: [&str; 3] = ["client_secret", "client_id=", "\"client_id\""];

/// Header names that count, and others that people write for them.
const KNOWN: [(&str, &[&str]); 6] = [
    ("X-API-Key", &["apikey", "api-key", "x-key"]),
    ("X-Checkout-Token", &["checkout-token"]),
    ("X-API-Challenge", &["challenge"]),
    ("X-API-Signature", &["signature"]),
    ("x-merchant-id", &["merchant-id", "merchantid"]),
    ("x-session-id", &["session-id", "sessionid"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_addresses_of_this_machine() {
        for (label, host, expected) in [
            ("name", "localhost", true),
            ("name and port", "localhost:8080", true),
            ("IPv4", "127.0.0.1:8080", true),
            ("IPv6", "[::1]:8080", true),
            ("another", "api.example:80", false),
            ("a name that starts alike", "localhost.example", false),
        ] {
            assert_eq!(is_loopback(host), expected, "{label}");
        }
    }
}
