//! When a grant is live.

use time::{Duration, OffsetDateTime, macros::datetime};
use tollgate_checkout_scope::{Denied, DeniedKind, Grant, Ttl};

use crate::support::{T0, at, mint_filled, shop};

#[test]
fn a_grant_dies_at_its_last_second_and_not_after() {
    let list = shop();
    let (_, grant) = mint_filled(1_u64, Ttl::FIFTEEN_MINUTES, at(T0) + Duration::milliseconds(999), 7);
    assert_eq!(grant.expires_at(), at(T0 + 900));
    for (label, now, live) in [
        ("at once", at(T0), true),
        ("a nanosecond before", at(T0 + 900) - Duration::nanoseconds(1), true),
        ("at the end", at(T0 + 900), false),
        ("a nanosecond after", at(T0 + 900) + Duration::nanoseconds(1), false),
        ("in the far future", datetime!(9999-12-31 23:59:59 UTC), false),
    ] {
        assert_eq!(grant.is_live(now), live, "{label}");
        let answer = list.permit(&grant, "GET", "/payment-requests/1", now);
        let expected = if live { None } else { Some(DeniedKind::Expired) };
        assert_eq!(answer.err().map(Denied::kind), expected, "{label}");
    }
}

#[test]
fn a_stored_end_is_rounded_down_and_compared_in_any_offset() {
    let half = Grant::restore(1_u64, at(T0) + Duration::milliseconds(500));
    assert_eq!(half.expires_at(), at(T0));
    assert!(!half.is_live(at(T0)));
    let elsewhere = Grant::restore(1_u64, datetime!(2026-01-01 05:30 +05:30));
    assert_eq!(elsewhere, Grant::restore(1_u64, at(T0)));
    assert!(elsewhere.is_live(at(T0 - 1)) && !elsewhere.is_live(at(T0)));
}

#[test]
fn survives_the_ends_of_the_calendar() {
    let last = datetime!(9999-12-31 23:59:59.999_999_999 UTC);
    let beyond = datetime!(9999-12-31 23:59:59 -23:59);
    let before = datetime!(-9999-01-01 00:00 +23:59);
    for now in [last, beyond, before, OffsetDateTime::UNIX_EPOCH - Duration::nanoseconds(1)] {
        let (_, grant) = mint_filled(1_u64, Ttl::LONGEST, now, 1);
        assert!(grant.expires_at().unix_timestamp() - now.unix_timestamp() <= 3600);
        assert!(!Grant::restore(1_u64, now).is_live(now));
    }
    let (_, grant) = mint_filled(1_u64, Ttl::SHORTEST, OffsetDateTime::UNIX_EPOCH - Duration::nanoseconds(1), 1);
    assert_eq!(grant.expires_at(), at(59));
}
