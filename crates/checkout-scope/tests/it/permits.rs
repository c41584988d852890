//! What a grant permits, and what it does not.

use tollgate_checkout_scope::{AllowList, BoundId, CheckoutClaims, Denied, DeniedKind, Grant};

use crate::support::{T0, at, shop};

#[test]
fn permits_the_listed_routes_of_the_bound_object() {
    for (label, method, path) in [
        ("bound object", "GET", "/payment-requests/73114"),
        ("head is get", "HEAD", "/payment-requests/73114/status"),
        ("payment", "POST", "/payment-requests/73114/payments"),
    ] {
        assert_eq!(decide(method, path), None, "{label}");
    }
}

#[test]
fn denies_another_object_and_another_spelling_of_the_bound_one() {
    for (label, path) in [
        ("other object", "/payment-requests/73115"),
        ("other object, longer route", "/payment-requests/1/status"),
        ("leading zero", "/payment-requests/073114"),
        ("sign", "/payment-requests/+73114"),
        ("escaped digit", "/payment-requests/%373114"),
        ("word", "/payment-requests/latest"),
        ("word of the route", "/payment-requests/status"),
        ("overflow", "/payment-requests/18446744073709624730"),
        ("decimal point", "/payment-requests/73114.0"),
        ("template as path", "/payment-requests/{id}"),
    ] {
        assert_eq!(decide("GET", path), Some(DeniedKind::OtherObject), "{label}");
    }
    assert_eq!(decide("POST", "/payment-requests/1/payments"), Some(DeniedKind::OtherObject));
}

#[test]
fn denies_what_is_not_listed() {
    for (label, method, path) in [
        ("minting", "POST", "/payment-requests/73114/checkout-session"),
        ("creating", "POST", "/payment-requests"),
        ("listing", "GET", "/payment-requests"),
        ("root", "GET", "/"),
        ("empty id", "GET", "/payment-requests/"),
        ("trailing slash", "GET", "/payment-requests/73114/"),
        ("other case", "GET", "/payment-Requests/73114"),
        ("escaped letter", "GET", "/payment-request%73/73114"),
        ("longer path", "GET", "/payment-requests/73114/status/x"),
        ("other method", "DELETE", "/payment-requests/73114"),
        ("options", "OPTIONS", "/payment-requests/73114"),
        ("lower-case method", "get", "/payment-requests/73114"),
        ("method with a blank", "GET ", "/payment-requests/73114"),
        ("no method", "", "/payment-requests/73114"),
        ("head is not post", "HEAD", "/payment-requests/73114/payments"),
    ] {
        assert_eq!(decide(method, path), Some(DeniedKind::NotAllowed), "{label}");
    }
}

#[test]
fn a_permit_tells_what_it_permits() {
    let (list, grant) = (shop(), Grant::restore(73_114_u64, at(T0 + 900)));
    let permit = list.permit(&grant, "HEAD", "/payment-requests/73114/status", at(T0)).unwrap();
    assert_eq!(*permit.object(), 73_114);
    assert_eq!(permit.template(), "/payment-requests/{id}/status");
    assert_eq!(permit.expires_at(), at(T0 + 900));
}

#[test]
fn denies_a_route_that_shadows_the_listed_one() {
    let list = AllowList::compile(&[("GET", "/orders/{id}")]).unwrap();
    let grant = Grant::restore("latest", at(T0 + 60));
    let routed = |template| list.permit_routed(&grant, "GET", "/orders/latest", template, at(T0));
    assert!(routed("/orders/{id}").is_ok());
    assert_eq!(routed("/orders/latest").unwrap_err().kind(), DeniedKind::NotAllowed);
    assert_eq!(routed("").unwrap_err().kind(), DeniedKind::NotAllowed);
}

#[test]
fn routing_does_not_replace_the_other_checks() {
    let list = shop();
    let routed = |object: u64, path, now| {
        let grant = Grant::restore(object, at(T0 + 60));
        list.permit_routed(&grant, "GET", path, "/payment-requests/{id}", now).unwrap_err().kind()
    };
    assert_eq!(routed(1, "/payment-requests/2", at(T0)), DeniedKind::OtherObject);
    assert_eq!(routed(1, "/payment-requests/1", at(T0 + 60)), DeniedKind::Expired);
    assert_eq!(routed(1, "/payment-requests/%2e", at(T0)), DeniedKind::AmbiguousPath);
    assert_eq!(routed(1, "/payment-requests/1/status", at(T0)), DeniedKind::NotAllowed);
}

#[test]
fn an_escape_is_never_part_of_an_id() {
    // A router would decode the segment to `a1` and serve another object than the one that was compared.
    let list = AllowList::compile(&[("GET", "/orders/{id}")]).unwrap();
    let grant = Grant::restore("a%31", at(T0 + 60));
    assert_eq!(list.permit(&grant, "GET", "/orders/a%31", at(T0)).unwrap_err().kind(), DeniedKind::OtherObject);
}

#[test]
fn an_object_decides_on_plain_segments_only() {
    #[derive(Clone)]
    struct Anything;
    impl BoundId for Anything {
        fn matches(&self, segment: &str) -> bool {
            assert!(!segment.is_empty() && !segment.contains(['/', '%']));
            true
        }
    }
    let (list, grant) = (shop(), Grant::restore(Anything, at(T0 + 60)));
    let denied = |path| list.permit(&grant, "GET", path, at(T0)).map(|_| ()).map_err(Denied::kind);
    assert_eq!(denied("/payment-requests/x"), Ok(()));
    assert_eq!(denied("/payment-requests/"), Err(DeniedKind::NotAllowed));
    assert_eq!(denied("/payment-requests/x/y"), Err(DeniedKind::NotAllowed));
    assert_eq!(denied("/payment-requests/x%20"), Err(DeniedKind::OtherObject));
}

#[test]
fn an_empty_id_is_named_by_nothing() {
    assert!(!BoundId::matches(&"", ""));
    assert!(!String::new().matches(""));
    assert!(!0_u64.matches(""));
    assert!(0_u64.matches("0"));
    assert!(!0_u64.matches("00"));
    assert!(u64::MAX.matches("18446744073709551615"));
}

#[test]
fn not_allowed_and_other_object_read_alike() {
    let (list, grant) = (shop(), Grant::restore(1_u64, at(T0 + 60)));
    let text = |path| list.permit(&grant, "GET", path, at(T0)).unwrap_err().to_string();
    assert_eq!(text("/payment-requests/2"), text("/payment-requests"));
}

#[test]
fn an_invoice_scope_is_named_by_no_path() {
    let claims = r#"{"partner_id":"p","client_id":"c","customer_id":"k","invoice_id":"i"}"#;
    let grant = serde_json::from_str::<CheckoutClaims>(claims).unwrap().grant(at(T0 + 60));
    let list = AllowList::compile(&[("GET", "/invoices/{id}"), ("GET", "/invoice")]).unwrap();
    assert_eq!(list.permit(&grant, "GET", "/invoices/i", at(T0)).unwrap_err().kind(), DeniedKind::OtherObject);
    assert!(list.permit(&grant, "GET", "/invoice", at(T0)).is_ok());
}

#[track_caller]
fn decide(method: &str, path: &str) -> Option<DeniedKind> {
    let grant = Grant::restore(73_114_u64, at(T0 + 900));
    shop().permit(&grant, method, path, at(T0)).err().map(Denied::kind)
}
