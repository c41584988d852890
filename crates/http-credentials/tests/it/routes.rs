//! How a route's carriers decide what is presented.

use tollgate_http_credentials::http::{HeaderMap, HeaderName};
use tollgate_http_credentials::{Carrier, Presented, Reader, Scheme, ShapeErrorKind};

use crate::{headers, value_of};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const CHECKOUT_TOKEN: HeaderName = HeaderName::from_static("x-checkout-token");

/// A short account of what was presented, for tables.
#[track_caller]
fn account(reader: &Reader, headers: &HeaderMap) -> String {
    match reader.read(headers) {
        Ok(Presented::None) => "none".to_owned(),
        Ok(Presented::Malformed) => "malformed".to_owned(),
        Ok(Presented::Key { header, text }) => format!("{header} {}", text.expose_secret()),
        Ok(Presented::Basic(token)) => format!("basic {}", token.expose_secret()),
        Ok(Presented::Bearer(token)) => format!("bearer {}", token.expose_secret()),
        Err(error) => match (error.kind(), error.header()) {
            (ShapeErrorKind::Repeated, Some(header)) => format!("repeated {header}"),
            (kind, None) => format!("{kind:?}"),
            (kind, Some(header)) => format!("{kind:?} with the name {header}"),
        },
    }
}

#[test]
fn a_key_route_reads_its_header_alone() {
    let reader = Reader::new(&[Carrier::ApiKeyHeader(API_KEY)]);
    for (label, lines, expected) in [
        ("nothing", &[][..], "none"),
        ("the key", &[("x-api-key", "k")], "x-api-key k"),
        ("a malformed key", &[("x-api-key", "k k")], "malformed"),
        ("an empty key", &[("x-api-key", "")], "malformed"),
        ("the key twice", &[("x-api-key", "k"), ("x-api-key", "k")], "repeated x-api-key"),
        ("another credential", &[("authorization", "Bearer t")], "none"),
        ("another credential beside it", &[("x-api-key", "k"), ("authorization", "Bearer t")], "x-api-key k"),
        (
            "another credential twice beside it",
            &[("x-api-key", "k"), ("authorization", "Bearer t"), ("authorization", "Bearer t")],
            "x-api-key k",
        ),
        ("underscores", &[("x_api_key", "k")], "none"),
        ("dots", &[("x.api.key", "k")], "none"),
        ("an alias beside it", &[("x-api-key", "k"), ("x_api_key", "other")], "x-api-key k"),
        ("cookie", &[("cookie", "x-api-key=k")], "none"),
    ] {
        assert_eq!(account(&reader, &headers(lines)), expected, "{label}");
    }
}

#[test]
fn header_names_match_in_any_case() {
    let mut lines = HeaderMap::new();
    lines.insert(HeaderName::from_bytes(b"X-API-Key").unwrap(), value_of(b"k"));
    assert_eq!(account(&Reader::new(&[Carrier::ApiKeyHeader(API_KEY)]), &lines), "x-api-key k");
}

#[test]
fn an_authorization_route_takes_its_schemes_alone() {
    let basic = Reader::new(&[Carrier::Authorization(Scheme::Basic)]);
    let bearer = Reader::new(&[Carrier::Authorization(Scheme::Bearer)]);
    let either = Reader::new(&[Carrier::Authorization(Scheme::Basic), Carrier::Authorization(Scheme::Bearer)]);
    for (label, value, by_basic, by_bearer, by_either) in [
        ("basic", "Basic YTpi", "basic YTpi", "none", "basic YTpi"),
        ("bearer", "bearer t", "none", "bearer t", "bearer t"),
        ("another scheme", "Token t", "none", "none", "none"),
        ("two blanks", "Bearer  t", "malformed", "malformed", "malformed"),
        ("scheme alone", "Basic", "malformed", "malformed", "malformed"),
        ("empty", "", "malformed", "malformed", "malformed"),
    ] {
        let lines = headers(&[("authorization", value)]);
        assert_eq!(account(&basic, &lines), by_basic, "{label} on a basic route");
        assert_eq!(account(&bearer, &lines), by_bearer, "{label} on a bearer route");
        assert_eq!(account(&either, &lines), by_either, "{label} on a route for both");
    }
}

#[test]
fn the_first_of_a_pair_wins_and_never_falls_back() {
    let reader = Reader::with_precedence(Carrier::ApiKeyHeader(CHECKOUT_TOKEN), Carrier::ApiKeyHeader(API_KEY));
    for (label, lines, expected) in [
        ("neither", &[][..], "none"),
        ("the first", &[("x-checkout-token", "t")], "x-checkout-token t"),
        ("the second", &[("x-api-key", "k")], "x-api-key k"),
        ("both", &[("x-api-key", "k"), ("x-checkout-token", "t")], "x-checkout-token t"),
        ("malformed first", &[("x-api-key", "k"), ("x-checkout-token", "t t")], "malformed"),
        ("empty first", &[("x-api-key", "k"), ("x-checkout-token", "")], "malformed"),
        ("malformed second", &[("x-api-key", "k k"), ("x-checkout-token", "t")], "x-checkout-token t"),
        ("malformed second alone", &[("x-api-key", "k k")], "malformed"),
        (
            "first twice",
            &[("x-checkout-token", "t"), ("x-checkout-token", "t"), ("x-api-key", "k")],
            "repeated x-checkout-token",
        ),
        ("second twice", &[("x-checkout-token", "t"), ("x-api-key", "k"), ("x-api-key", "k")], "repeated x-api-key"),
    ] {
        assert_eq!(account(&reader, &headers(lines)), expected, "{label}");
    }
}

#[test]
fn a_pair_may_hold_an_authorization_scheme() {
    let reader = Reader::with_precedence(Carrier::ApiKeyHeader(CHECKOUT_TOKEN), Carrier::Authorization(Scheme::Bearer));
    for (label, lines, expected) in [
        ("both", &[("authorization", "Bearer t"), ("x-checkout-token", "c")][..], "x-checkout-token c"),
        ("the second", &[("authorization", "Bearer t")], "bearer t"),
        ("a foreign scheme", &[("authorization", "Basic YTpi")], "none"),
        (
            "a foreign scheme beside the first",
            &[("authorization", "Basic YTpi"), ("x-checkout-token", "c")],
            "x-checkout-token c",
        ),
    ] {
        assert_eq!(account(&reader, &headers(lines)), expected, "{label}");
    }
}

#[test]
fn a_foreign_scheme_is_no_second_credential() {
    let reader = Reader::new(&[Carrier::ApiKeyHeader(API_KEY), Carrier::Authorization(Scheme::Bearer)]);
    assert_eq!(account(&reader, &headers(&[("x-api-key", "k"), ("authorization", "Basic YTpi")])), "x-api-key k");
}

#[test]
fn a_reader_without_carriers_finds_nothing() {
    let lines = headers(&[("x-api-key", "k"), ("authorization", "Bearer t")]);
    assert_eq!(account(&Reader::new(&[]), &lines), "none");
}

#[test]
fn naming_a_carrier_twice_changes_nothing() {
    let reader = Reader::new(&[
        Carrier::ApiKeyHeader(API_KEY),
        Carrier::Authorization(Scheme::Bearer),
        Carrier::ApiKeyHeader(API_KEY),
        Carrier::Authorization(Scheme::Bearer),
    ]);
    assert_eq!(account(&reader, &headers(&[("x-api-key", "k")])), "x-api-key k");
    assert_eq!(account(&reader, &headers(&[("authorization", "Bearer t")])), "bearer t");
}

/// Every subset of credentials, each absent, well formed, malformed or repeated, against a model that counts first.
#[test]
fn every_mix_of_credentials_has_its_defined_result() {
    let key_bearer = Reader::new(&[Carrier::ApiKeyHeader(API_KEY), Carrier::Authorization(Scheme::Bearer)]);
    let token_key = Reader::with_precedence(Carrier::ApiKeyHeader(CHECKOUT_TOKEN), Carrier::ApiKeyHeader(API_KEY));
    let token_states: [&[&str]; 4] = [&[], &["c"], &["c c"], &["c", "c"]];
    let key_states: [&[&str]; 4] = [&[], &["k"], &["k k"], &["k", "k"]];
    let authorization_states: [&[&str]; 5] =
        [&[], &["Bearer t"], &["Bearer t t"], &["Bearer t", "Bearer t"], &["Basic YTpi"]];
    let mut seen = 0;
    for token in token_states {
        for key in key_states {
            for authorization in authorization_states {
                let mut lines: Vec<(&'static str, &str)> = Vec::new();
                lines.extend(token.iter().map(|value| ("x-checkout-token", *value)));
                lines.extend(key.iter().map(|value| ("x-api-key", *value)));
                lines.extend(authorization.iter().map(|value| ("authorization", *value)));
                let lines = headers(&lines);
                let label = format!("{token:?} {key:?} {authorization:?}");
                let one_key = match key {
                    [] => "none",
                    ["k"] => "x-api-key k",
                    _ => "malformed",
                };

                let expected = match (key.len(), authorization) {
                    (2, _) => "repeated x-api-key",
                    (_, [_, _]) => "repeated authorization",
                    (_, [] | ["Basic YTpi"]) => one_key,
                    (1, _) => "Several",
                    (_, ["Bearer t"]) => "bearer t",
                    _ => "malformed",
                };
                assert_eq!(account(&key_bearer, &lines), expected, "key or bearer: {label}");

                let expected = match (token, key.len()) {
                    ([_, _], _) => "repeated x-checkout-token",
                    (_, 2) => "repeated x-api-key",
                    ([], _) => one_key,
                    (["c"], _) => "x-checkout-token c",
                    _ => "malformed",
                };
                assert_eq!(account(&token_key, &lines), expected, "token before key: {label}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 80);
}
