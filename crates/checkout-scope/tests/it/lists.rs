//! Allow-lists that are refused, and what the shortest ones permit.

use tollgate_checkout_scope::{AllowList, DeniedKind, Grant, MAX_ENTRIES, MAX_TEMPLATE, TemplateErrorKind};

use crate::support::{SHOP, T0, at, shop};

#[test]
fn refuses_templates_that_say_too_little_or_too_much() {
    use TemplateErrorKind as Kind;
    let longest = format!("/{}", "a".repeat(MAX_TEMPLATE - 1));
    assert!(AllowList::compile(&[("GET", &longest)]).is_ok());
    let too_long = format!("{longest}a");
    for (label, method, template, kind) in [
        ("lower-case method", "get", "/a", Kind::Method),
        ("no method", "", "/a", Kind::Method),
        ("head goes with get", "HEAD", "/a", Kind::Method),
        ("any method", "*", "/a", Kind::Method),
        ("connect", "CONNECT", "/a", Kind::Method),
        ("trace", "TRACE", "/a", Kind::Method),
        ("empty", "GET", "", Kind::MissingSlash),
        ("missing slash", "GET", "a/{id}", Kind::MissingSlash),
        ("root", "GET", "/", Kind::EmptySegment),
        ("empty segment", "GET", "/a//{id}", Kind::EmptySegment),
        ("trailing slash", "GET", "/a/{id}/", Kind::EmptySegment),
        ("dot", "GET", "/a/./b", Kind::DotSegment),
        ("dot-dot", "GET", "/a/../b", Kind::DotSegment),
        ("escape", "GET", "/a%2fb", Kind::Alphabet),
        ("blank", "GET", "/a b", Kind::Alphabet),
        ("colon parameter of other routers", "GET", "/a/:id", Kind::Alphabet),
        ("star of other routers", "GET", "/a/*", Kind::Alphabet),
        ("query", "GET", "/a?b=1", Kind::Alphabet),
        ("outside ascii", "GET", "/ä", Kind::Alphabet),
        ("two parameters", "GET", "/a/{id}/b/{other}", Kind::TooManyParameters),
        ("the same parameter twice", "GET", "/{id}/{id}", Kind::TooManyParameters),
        ("nameless", "GET", "/a/{}", Kind::Parameter),
        ("wildcard", "GET", "/a/{*rest}", Kind::Parameter),
        ("prefix before a parameter", "GET", "/a/x{id}", Kind::Parameter),
        ("suffix after a parameter", "GET", "/a/{id}x", Kind::Parameter),
        ("two in one segment", "GET", "/a/{id}{id}", Kind::Parameter),
        ("unclosed", "GET", "/a/{id", Kind::Parameter),
        ("unopened", "GET", "/a/id}", Kind::Parameter),
        ("name across segments", "GET", "/a/{i/d}", Kind::Parameter),
        ("name with a dash", "GET", "/a/{i-d}", Kind::Parameter),
        ("too long", "GET", &*too_long, Kind::TooLong),
    ] {
        let error = AllowList::compile(&[("PUT", "/first"), (method, template)]).unwrap_err();
        assert_eq!((error.kind(), error.entry()), (kind, 1), "{label}");
    }
}

#[test]
fn refuses_lists_in_which_two_entries_match_one_path() {
    use TemplateErrorKind as Kind;
    for (label, one, two, kind) in [
        ("twice", ("GET", "/a/{id}"), ("GET", "/a/{id}"), Some(Kind::Duplicate)),
        ("twice without a parameter", ("GET", "/a"), ("GET", "/a"), Some(Kind::Duplicate)),
        ("other name", ("GET", "/a/{id}"), ("GET", "/a/{other}"), Some(Kind::Overlap)),
        ("fixed under a parameter", ("GET", "/a/{id}"), ("GET", "/a/latest"), Some(Kind::Overlap)),
        ("crossed", ("GET", "/a/{id}/b"), ("GET", "/a/b/{id}"), Some(Kind::Overlap)),
        ("other method", ("GET", "/a/{id}"), ("POST", "/a/{id}"), None),
        ("other length", ("GET", "/a/{id}"), ("GET", "/a/{id}/status"), None),
        ("other fixed segment", ("GET", "/a/{id}/b"), ("GET", "/a/{id}/c"), None),
        ("other case", ("GET", "/a"), ("GET", "/A"), None),
    ] {
        for pair in [[one, two], [two, one]] {
            let answer = AllowList::compile(&pair);
            assert_eq!(answer.err().map(|error| (error.kind(), error.entry())), kind.map(|kind| (kind, 1)), "{label}");
        }
    }
}

#[test]
fn refuses_lists_that_are_too_long() {
    let templates: Vec<String> = (0..=MAX_ENTRIES).map(|index| format!("/a{index}")).collect();
    let entries: Vec<(&str, &str)> = templates.iter().map(|template| ("GET", &**template)).collect();
    assert!(AllowList::compile(&entries[..MAX_ENTRIES]).is_ok());
    let error = AllowList::compile(&entries).unwrap_err();
    assert_eq!((error.kind(), error.entry()), (TemplateErrorKind::TooManyEntries, MAX_ENTRIES));
}

#[test]
fn refuses_entries_that_are_no_route() {
    let list = shop();
    assert_eq!(list.check_routes(&SHOP), Ok(()));
    let more = [("GET", "/health"), SHOP[2], SHOP[0], SHOP[1], ("POST", "/payment-requests")];
    assert_eq!(list.check_routes(&more), Ok(()));
    for (label, routes, entry) in [
        ("no routes", vec![], 0),
        ("removed", vec![SHOP[0], SHOP[2]], 1),
        ("other method", vec![SHOP[0], SHOP[1], ("GET", "/payment-requests/{id}/payments")], 2),
        ("other parameter", vec![("GET", "/payment-requests/{request}"), SHOP[1], SHOP[2]], 0),
        ("other case", vec![SHOP[0], ("GET", "/payment-requests/{id}/Status"), SHOP[2]], 1),
        ("lower-case method", vec![("get", "/payment-requests/{id}"), SHOP[1], SHOP[2]], 0),
    ] {
        let error = list.check_routes(&routes).unwrap_err();
        assert_eq!((error.kind(), error.entry()), (TemplateErrorKind::UnknownRoute, entry), "{label}");
    }
}

#[test]
fn options_is_permitted_when_listed() {
    let list = AllowList::compile(&[("OPTIONS", "/a/{id}")]).unwrap();
    let grant = Grant::restore(7_u64, at(T0 + 60));
    assert!(list.permit(&grant, "OPTIONS", "/a/7", at(T0)).is_ok());
    assert_eq!(list.permit(&grant, "GET", "/a/7", at(T0)).unwrap_err().kind(), DeniedKind::NotAllowed);
}

#[test]
fn an_empty_list_permits_nothing() {
    let list = AllowList::compile(&[]).unwrap();
    assert_eq!(list.check_routes(&[]), Ok(()));
    let grant = Grant::restore(7_u64, at(T0 + 60));
    assert_eq!(list.permit(&grant, "GET", "/", at(T0)).unwrap_err().kind(), DeniedKind::NotAllowed);
}
