//! What is refused, by kind, and what a refusal gives away.

use tollgate_http_credentials::http::HeaderName;
use tollgate_http_credentials::http::header::AUTHORIZATION;
use tollgate_http_credentials::{
    Authorization, Carrier, KeyText, MAX_AUTHORIZATION_VALUE, MAX_BASIC_TOKEN, MAX_KEY_TEXT, MAX_SCHEME, Presented,
    Reader, Scheme, ShapeErrorKind, key_text, single,
};

use crate::{client, headers, user, value_of};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

#[test]
fn refuses_a_repeated_header_and_names_it() {
    for (label, lines) in [
        ("two values", &[("x-api-key", "a"), ("x-api-key", "b")][..]),
        ("one value twice", &[("x-api-key", "a"), ("x-api-key", "a")]),
        ("three values", &[("x-api-key", "a"), ("x-api-key", "b"), ("x-api-key", "c")]),
        ("first value empty", &[("x-api-key", ""), ("x-api-key", "b")]),
        ("last value empty", &[("x-api-key", "a"), ("x-api-key", "")]),
    ] {
        let headers = headers(lines);
        let error = single(&headers, &API_KEY).unwrap_err();
        assert_eq!(error.kind(), ShapeErrorKind::Repeated, "{label}");
        assert_eq!(error.header(), Some(&API_KEY), "{label}");
    }
}

#[test]
fn reads_an_absent_and_a_lone_header() {
    assert_eq!(single(&headers(&[("x-other", "a")]), &API_KEY).unwrap(), None);
    assert_eq!(single(&headers(&[("x-api-key", "a"), ("x-other", "b")]), &API_KEY).unwrap().unwrap(), "a");
}

#[test]
fn refuses_key_text_that_is_not_plain() {
    let longest = "k".repeat(MAX_KEY_TEXT);
    let too_long = "k".repeat(MAX_KEY_TEXT + 1);
    let huge = "k".repeat(64 * 1024);
    for (label, bytes, accepted) in [
        ("one character", "k".as_bytes(), true),
        ("every edge of the range", b"!~", true),
        ("quotes are text", b"\"sk_live_x\"", true),
        ("longest", longest.as_bytes(), true),
        ("empty", b"", false),
        ("one too long", too_long.as_bytes(), false),
        ("64 KiB", huge.as_bytes(), false),
        ("leading blank", b" sk", false),
        ("trailing blank", b"sk ", false),
        ("inner blank", b"s k", false),
        ("tab", b"sk\t", false),
        ("merged by a proxy", b"sk_a, sk_b", false),
        ("full-width letter", "\u{ff53}k".as_bytes(), false),
        ("homoglyph", "\u{0455}k".as_bytes(), false),
        ("zero-width space", "s\u{200b}k".as_bytes(), false),
        ("byte order mark", "\u{feff}sk".as_bytes(), false),
        ("latin-1 byte", b"sk\xe9", false),
    ] {
        let value = value_of(bytes);
        match key_text(&value) {
            Ok(text) => {
                assert!(accepted, "{label}");
                assert_eq!(text.as_bytes(), bytes, "{label}");
                assert_eq!(KeyText::parse(&value).unwrap().expose_secret(), text, "{label}");
            }
            Err(error) => {
                assert!(!accepted, "{label}");
                assert_eq!(error.kind(), ShapeErrorKind::Malformed, "{label}");
                assert_eq!(error.header(), None, "{label}");
                assert!(KeyText::parse(&value).is_err(), "{label}");
            }
        }
    }
}

#[test]
fn refuses_authorization_of_another_form() {
    let longest = format!("Bearer {}", "t".repeat(MAX_AUTHORIZATION_VALUE));
    let too_long = format!("Bearer {}", "t".repeat(MAX_AUTHORIZATION_VALUE + 1));
    let long_scheme = format!("{} t", "s".repeat(MAX_SCHEME));
    let too_long_scheme = format!("{} t", "s".repeat(MAX_SCHEME + 1));
    let basic = format!("Basic {}", "YWE6".repeat(MAX_BASIC_TOKEN / 4));
    let too_long_basic = format!("Basic {}YWE6", "YWE6".repeat(MAX_BASIC_TOKEN / 4));
    for (label, bytes, shape) in [
        ("bearer", "Bearer t".as_bytes(), "bearer"),
        ("bearer in another case", b"bEARER t", "bearer"),
        ("every allowed character", b"Bearer AZaz09-._~+/=", "bearer"),
        ("longest bearer", longest.as_bytes(), "bearer"),
        ("basic", b"basic YTpi", "basic"),
        ("longest basic", basic.as_bytes(), "basic"),
        ("another scheme", b"Token t", "other"),
        ("longest scheme", long_scheme.as_bytes(), "other"),
        ("almost a scheme", b"Bearer2 t", "other"),
        ("empty", b"", "refused"),
        ("no blank", b"Bearert", "refused"),
        ("no value", b"Bearer ", "refused"),
        ("scheme alone", b"Bearer", "refused"),
        ("no scheme", b" t", "refused"),
        ("leading blank", b" Bearer t", "refused"),
        ("two blanks", b"Bearer  t", "refused"),
        ("trailing blank", b"Bearer t ", "refused"),
        ("tab for a blank", b"Bearer\tt", "refused"),
        ("blank inside", b"Bearer t t", "refused"),
        ("merged by a proxy", b"Bearer a, Bearer b", "refused"),
        ("merged without a blank", b"Bearer a,b", "refused"),
        ("quoted", b"Bearer \"t\"", "refused"),
        ("parameters", b"Digest username=\"u\"", "refused"),
        ("scheme with a colon", b"Bearer: t", "refused"),
        ("scheme with a letter beyond ASCII", "B\u{212f}arer t".as_bytes(), "refused"),
        ("kelvin sign", "Bearer \u{212a}".as_bytes(), "refused"),
        ("latin-1 byte", b"Bearer \xe9", "refused"),
        ("one too long", too_long.as_bytes(), "refused"),
        ("scheme one too long", too_long_scheme.as_bytes(), "refused"),
        ("basic four too long", too_long_basic.as_bytes(), "refused"),
    ] {
        let value = value_of(bytes);
        let got = match Authorization::parse(&value) {
            Ok(Authorization::Basic(_)) => "basic",
            Ok(Authorization::Bearer(token)) => {
                assert_eq!(token.expose_secret().as_bytes(), &bytes[7..], "{label}");
                "bearer"
            }
            Ok(Authorization::Other) => "other",
            Ok(_) => "unheard of",
            Err(error) => {
                assert_eq!(error.kind(), ShapeErrorKind::Malformed, "{label}");
                "refused"
            }
        };
        assert_eq!(got, shape, "{label}");
    }
}

#[test]
fn refuses_basic_values_beyond_the_shared_table() {
    for (label, header, client_pair, user_pair) in [
        ("escape of one digit at the end", "Basic YTpiJTQ=", None, Some(("a", "b%4"))),
        ("second digit beyond hexadecimal", "Basic YTpiJTRn", None, Some(("a", "b%4g"))),
        ("first digit beyond hexadecimal", "Basic YTpiJUc0", None, Some(("a", "b%G4"))),
        ("escapes in both cases", "Basic YTolNGElNEE=", Some(("a", "JJ")), Some(("a", "%4a%4A"))),
        ("signed escape", "Basic YTpiJSs0", None, Some(("a", "b%+4"))),
        ("escaped NUL", "Basic YTpiJTAw", None, Some(("a", "b%00"))),
        ("NUL", "Basic YTpiAA==", None, None),
        ("delete", "Basic YTpifw==", None, None),
        ("C1 control", "Basic YTpiwoU=", None, None),
        ("overlong UTF-8", "Basic YTrAgA==", None, None),
        ("surrogate", "Basic YTrtoIA=", None, None),
        ("UTF-8 split over an escape", "Basic YTolQzM9JUM1JTlG", None, Some(("a", "%C3=%C5%9F"))),
        ("UTF-8 in a byte and an escape", "Basic YTrDJTlG", Some(("a", "\u{df}")), None),
        ("UTF-8 in escapes", "Basic YTolQzMlOUY=", Some(("a", "\u{df}")), Some(("a", "%C3%9F"))),
        ("escapes are undone once", "Basic YTolMjU0MQ==", Some(("a", "%41")), Some(("a", "%2541"))),
        ("escaped blank alone", "Basic YTor", Some(("a", " ")), Some(("a", "+"))),
        ("colon alone", "Basic Og==", None, None),
        ("padding alone", "Basic ====", None, None),
        ("padding in the middle", "Basic YTo=YTpi", None, None),
        ("padding too much", "Basic YTpi====", None, None),
        ("unreserved but not base64", "Basic YTp~", None, None),
    ] {
        let value = value_of(header.as_bytes());
        for (reading, got, expected) in [("client", client(&value), client_pair), ("user", user(&value), user_pair)] {
            match (&got, expected) {
                (Ok(pair), Some(expected)) => {
                    assert_eq!((pair.user_id(), pair.expose_password()), expected, "{label} as {reading}");
                }
                (Err(Some(error)), None) => assert_eq!(error.kind(), ShapeErrorKind::Malformed, "{label}"),
                _ => panic!("{label} as {reading}: {got:?}"),
            }
        }
    }
}

#[test]
fn refuses_two_credentials_at_once() {
    let reader = Reader::new(&[Carrier::ApiKeyHeader(API_KEY), Carrier::Authorization(Scheme::Bearer)]);
    for (label, key, authorization) in [
        ("both well formed", "k", "Bearer t"),
        ("key malformed", "k k", "Bearer t"),
        ("bearer malformed", "k", "Bearer t t"),
        ("both malformed", "", ""),
    ] {
        let error = reader.read(&headers(&[("x-api-key", key), ("authorization", authorization)])).unwrap_err();
        assert_eq!(error.kind(), ShapeErrorKind::Several, "{label}");
        assert_eq!(error.header(), None, "{label}");
    }
}

#[test]
fn a_repeated_header_counts_before_several_kinds() {
    let reader = Reader::new(&[Carrier::ApiKeyHeader(API_KEY), Carrier::Authorization(Scheme::Bearer)]);
    let lines = headers(&[("x-api-key", "k"), ("authorization", "Bearer t"), ("authorization", "Bearer t")]);
    let error = reader.read(&lines).unwrap_err();
    assert_eq!(error.kind(), ShapeErrorKind::Repeated);
    assert_eq!(error.header(), Some(&AUTHORIZATION));
}

#[test]
fn refuses_a_repeated_header_of_a_foreign_scheme() {
    let reader = Reader::new(&[Carrier::Authorization(Scheme::Bearer)]);
    let lines = headers(&[("authorization", "Basic YTpi"), ("authorization", "Bearer t")]);
    assert_eq!(reader.read(&lines).unwrap_err().kind(), ShapeErrorKind::Repeated);
}

#[test]
fn no_text_of_the_request_shows() {
    let mark = "MARK9f3a";
    let lines = headers(&[("x-api-key", mark)]);
    let key = Reader::new(&[Carrier::ApiKeyHeader(API_KEY)]).read(&lines).unwrap();
    assert!(matches!(key, Presented::Key { .. }));
    let bearer_value = value_of(format!("Bearer {mark}").as_bytes());
    let bearer = Authorization::parse(&bearer_value).unwrap();
    // "MARK9f3a:MARK9f3a"
    let encoded = "TUFSSzlmM2E6TUFSSzlmM2E=";
    let basic_value = value_of(format!("Basic {encoded}").as_bytes());
    let basic = Authorization::parse(&basic_value).unwrap();
    let pair = user(&basic_value).unwrap();
    assert_eq!(pair.user_id(), mark);
    let malformed = key_text(&value_of(format!("{mark} ").as_bytes())).unwrap_err();
    let repeated = single(&headers(&[("x-api-key", mark), ("x-api-key", mark)]), &API_KEY).unwrap_err();
    for shown in [
        format!("{key:?}"),
        format!("{bearer:?}"),
        format!("{basic:?}"),
        format!("{pair:?}"),
        format!("{malformed:?} {malformed}"),
        format!("{repeated:?} {repeated}"),
    ] {
        assert!(!shown.contains(mark) && !shown.contains(encoded), "{shown}");
    }
}

#[test]
fn error_texts_are_fixed() {
    let malformed = key_text(&value_of(b"")).unwrap_err();
    assert_eq!(malformed.to_string(), "credential is not well formed");
    let repeated = single(&headers(&[("x-api-key", "a"), ("x-api-key", "a")]), &API_KEY).unwrap_err();
    assert_eq!(repeated.to_string(), "credential header is repeated");
    let reader = Reader::new(&[Carrier::ApiKeyHeader(API_KEY), Carrier::Authorization(Scheme::Basic)]);
    let several = reader.read(&headers(&[("x-api-key", "a"), ("authorization", "Basic YTpi")])).unwrap_err();
    assert_eq!(several.to_string(), "more than one credential is presented");
}
