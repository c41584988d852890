//! One header of a request, judged by what the route reads from it.

use http::HeaderValue;
use tollgate_http_credentials::Authorization;

use super::capture::{Capture, Header};
use super::report::{Part, Report};
use super::{Conditions, Fault, Place, SeenKind, Takes, basic, bearer, characters, credential, native};

/// Where a header stands.
pub(super) fn place(name: &'static str, header: &Header) -> Place {
    Place::at(Part::Header(name), Some(header.line))
}

/// Judges a key header and gives the kind of key back.
pub(super) fn key(name: &'static str, header: &Header, takes: Takes, conditions: Conditions, report: &mut Report) {
    let at = place(name, header);
    let text = characters::clean(&header.value, at, Fault::InnerBlank, report);
    if characters::stands_in(report) {
        return;
    }
    if text.is_empty() {
        return report.add(Fault::MissingCredential, at);
    }
    match native::examine(&text, at, conditions, report) {
        Some(form) if form.kind == SeenKind::ClientId => report.add(Fault::PublicId, at),
        Some(form) if Some(form.kind) != takes.key() => other(takes, at, report),
        Some(_) => {}
        None if bearer::looks_like_one(&text) => other(takes, at, report),
        None => credential::examine(&header.value, at, conditions, report),
    }
}

fn other(takes: Takes, at: Place, report: &mut Report) {
    match takes.key() {
        Some(kind) => report.add_with(Fault::OtherDialect, at, format!("The route reads a {}.", kind.as_str())),
        None => report.add(Fault::OtherDialect, at),
    }
}

/// Judges `Authorization` on a route that reads it.
pub(super) fn authorization(capture: &Capture, takes: Takes, conditions: Conditions, report: &mut Report) {
    const NAME: &str = "Authorization";
    let Some(header) = capture.first(NAME) else { return };
    let at = place(NAME, header);
    let wanted = if matches!(takes, Takes::Client | Takes::Person) { "Basic" } else { "Bearer" };
    let value = header.value.trim_matches(['"', '\'']);
    if value.len() < header.value.len() {
        report.add(Fault::SurroundingQuotes, at);
    }
    let Some((scheme, rest)) = split_scheme(value, at, report) else {
        report.add_with(Fault::MissingScheme, at, format!("The route reads {wanted}."));
        return match wanted {
            "Bearer" if bearer::looks_like_one(value) => token(value, capture, takes, at, conditions, report),
            _ => key_as_token(value, takes, at, conditions, report),
        };
    };
    if !scheme.eq_ignore_ascii_case(wanted) {
        return report.add_with(Fault::WrongScheme, at, format!("The route reads {wanted}."));
    }
    let rest = without_second_scheme(rest, wanted, at, report);
    if rest.is_empty() {
        return report.add(Fault::MissingCredential, at);
    }
    match takes {
        Takes::Client => basic::examine(rest, basic::Whose::Client, at, conditions, report),
        Takes::Person => basic::examine(rest, basic::Whose::Person, at, conditions, report),
        _ if bearer::looks_like_one(rest) => token(rest, capture, takes, at, conditions, report),
        _ => key_as_token(rest, takes, at, conditions, report),
    }
    // Whatever the rules above do not name, the reader of the server does.
    let readable = HeaderValue::from_str(&header.value).is_ok_and(|value| Authorization::parse(&value).is_ok());
    if !readable && report.findings().is_empty() {
        report.add(Fault::SchemeSpacing, at);
    }
}

fn token(text: &str, capture: &Capture, takes: Takes, at: Place, conditions: Conditions, report: &mut Report) {
    let kind = match takes {
        Takes::AlternativeAccess => bearer::ALTERNATIVE,
        Takes::Checkout => bearer::CHECKOUT,
        Takes::EightyEightPaySession => bearer::EIGHTY_EIGHT_PAY,
        Takes::PanelLogin => bearer::PANEL,
        _ => bearer::PLEDG,
    };
    let text = characters::clean(text, at, Fault::InnerBlank, report);
    let expected = bearer::Expected::Kind(kind, capture.host.as_deref());
    bearer::examine(&text, expected, at, conditions, report);
}

/// Something that is no token where a token belongs.
fn key_as_token(text: &str, takes: Takes, at: Place, conditions: Conditions, report: &mut Report) {
    let cleaned = characters::clean(text, at, Fault::InnerBlank, report);
    if characters::stands_in(report) {
        return;
    }
    if native::examine(&cleaned, at, conditions, report).is_some() {
        let exchanged = match takes {
            Takes::AlternativeAccess => "Exchange the client for a token at /oauth/token.",
            Takes::Checkout => "The route reads a checkout token.",
            Takes::EightyEightPaySession => "Exchange the key for a token at /api/auth/token.",
            Takes::PanelLogin => "Log in at /auth/login.",
            Takes::PledgAccess => "Exchange the client for a token at /api/token.",
            _ => "The route reads Basic.",
        };
        report.add_with(Fault::OtherDialect, at, exchanged.to_owned());
    } else {
        report.add(Fault::NotACredential, at);
    }
}

/// Scheme and value; `None` when there is no scheme that anybody would write.
fn split_scheme<'v>(value: &'v str, at: Place, report: &mut Report) -> Option<(&'v str, &'v str)> {
    let end = value.find(|c: char| c.is_whitespace() || c == ':' || c == '=').unwrap_or(value.len());
    let (scheme, rest) = value.split_at_checked(end)?;
    let known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    if !known && (rest.is_empty() || !rest.starts_with(' ')) {
        return None;
    }
    let trimmed = rest.trim_start_matches([' ', '\t', ':', '=', '\u{a0}']);
    if !rest.is_empty() && rest.strip_prefix(' ') != Some(trimmed) {
        report.add(Fault::SchemeSpacing, at);
    }
    Some((scheme, trimmed))
}

fn without_second_scheme<'v>(rest: &'v str, wanted: &str, at: Place, report: &mut Report) -> &'v str {
    let doubled = rest.split_once(' ').filter(|(first, _)| first.eq_ignore_ascii_case(wanted));
    match doubled {
        Some((_, rest)) => {
            report.add(Fault::SchemeTwice, at);
            rest.trim_start()
        }
        None => rest,
    }
}

const SCHEMES: [&str; 6] = ["Basic", "Bearer", "Token", "ApiKey", "Digest", "JWT"];
