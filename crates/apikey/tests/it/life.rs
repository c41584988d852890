//! The lifecycle, to the nanosecond.

use time::macros::datetime;
use time::{Duration, OffsetDateTime, UtcOffset};
use tollgate_apikey::{Lifecycle, LifecycleErrorKind, Overlap, Status};

const T0: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

/// Usable one nanosecond before the deadline, dead at it and after it.
#[track_caller]
fn ends_exactly_at(life: &Lifecycle, deadline: OffsetDateTime) {
    assert_eq!(life.deadline(), Some(deadline));
    let usable = life.check(deadline - Duration::NANOSECOND).expect("one nanosecond before");
    assert_eq!(usable.deadline(), Some(deadline));
    for (label, now) in [
        ("at", deadline),
        ("one nanosecond after", deadline + Duration::NANOSECOND),
        ("years after", deadline + Duration::days(9999)),
    ] {
        assert_eq!(life.check(now).expect_err(label).kind(), LifecycleErrorKind::Expired, "{label}");
        assert_eq!(life.status(now), Status::Expired, "{label}");
    }
    assert!(!life.kills_tokens(), "running out lets tokens run out");
}

#[test]
fn a_new_credential_has_no_end() {
    let life = Lifecycle::new(T0);
    assert_eq!(life.deadline(), None);
    assert_eq!(life.status(datetime!(9999-12-31 23:59:59 UTC)), Status::Active);
    assert_eq!(life.check(T0).expect("active").deadline(), None);
    assert!(!life.kills_tokens());
}

#[test]
fn its_own_expiry_is_exact() {
    ends_exactly_at(&Lifecycle::new(T0).expiring_at(T0 + Duration::HOUR), T0 + Duration::HOUR);
}

#[test]
fn the_retiring_deadline_is_exact() {
    let mut life = Lifecycle::new(T0);
    life.retire(T0, Overlap::ONE_DAY).expect("active");
    assert_eq!(life.status(T0), Status::Retiring { until: T0 + Duration::DAY });
    ends_exactly_at(&life, T0 + Duration::DAY);
}

#[test]
fn fractions_of_a_second_are_rounded_down() {
    let half = Duration::milliseconds(500);
    let mut life = Lifecycle::new(T0 + half);
    assert_eq!(life.created_at(), T0);
    life.retire(T0 + half, Overlap::new(10).expect("short")).expect("active");
    ends_exactly_at(&life, T0 + Duration::seconds(10));
    ends_exactly_at(&Lifecycle::new(T0).expiring_at(T0 + Duration::HOUR + half), T0 + Duration::HOUR);
    let before_1970 = datetime!(1969-12-31 23:59:58.5 UTC);
    assert_eq!(Lifecycle::new(before_1970).created_at(), datetime!(1969-12-31 23:59:58 UTC));
}

#[test]
fn the_overlap_is_capped_by_the_own_expiry() {
    let mut life = Lifecycle::new(T0).expiring_at(T0 + Duration::HOUR);
    life.retire(T0, Overlap::ONE_DAY).expect("active");
    assert_eq!(life.retiring_until(), Some(T0 + Duration::HOUR));
    ends_exactly_at(&life, T0 + Duration::HOUR);
}

#[test]
fn a_second_retirement_only_shortens() {
    let mut life = Lifecycle::new(T0);
    life.retire(T0, Overlap::new(100).expect("short")).expect("active");
    life.retire(T0 + Duration::seconds(50), Overlap::ONE_DAY).expect("retiring");
    ends_exactly_at(&life, T0 + Duration::seconds(100));
    life.retire(T0 + Duration::seconds(50), Overlap::new(10).expect("short")).expect("retiring");
    ends_exactly_at(&life, T0 + Duration::seconds(60));
}

#[test]
fn no_overlap_is_dead_when_the_call_returns() {
    for retiring_first in [Overlap::NONE, Overlap::ONE_DAY] {
        let mut life = Lifecycle::new(T0);
        if retiring_first != Overlap::NONE {
            life.retire(T0, retiring_first).expect("active");
        }
        life.retire(T0 + Duration::MINUTE, Overlap::NONE).expect("usable");
        // On a node whose clock is behind it is dead too.
        for now in [T0 - Duration::DAY, T0, T0 + Duration::MINUTE, T0 + Duration::WEEK] {
            assert_eq!(life.status(now), Status::Revoked);
        }
        assert!(life.kills_tokens());
        assert_eq!(life.deadline(), Some(T0 + Duration::MINUTE));
    }
}

#[test]
fn revocation_is_idempotent_and_keeps_the_first_instant() {
    let mut life = Lifecycle::new(T0);
    life.revoke(T0 + Duration::MINUTE).expect("active");
    let first = life.clone();
    life.revoke(T0 + Duration::HOUR).expect("revoked");
    life.revoke(T0).expect("revoked");
    assert_eq!(life, first);
    assert_eq!(life.revoked_at(), Some(T0 + Duration::MINUTE));
}

#[test]
fn what_ran_out_can_still_be_revoked_so_that_its_tokens_die() {
    let mut life = Lifecycle::new(T0).expiring_at(T0 + Duration::MINUTE);
    assert!(!life.kills_tokens());
    life.revoke(T0 + Duration::HOUR).expect("expired");
    assert!(life.kills_tokens());
    assert_eq!(life.status(T0), Status::Revoked);
    assert_eq!(life.deadline(), Some(T0 + Duration::MINUTE), "the deadline never grows");
}

#[test]
fn a_later_expiry_does_not_replace_a_sooner_one() {
    let mut life = Lifecycle::new(T0).expiring_at(T0 + Duration::HOUR).expiring_at(T0 + Duration::DAY);
    ends_exactly_at(&life, T0 + Duration::HOUR);
    life.retire(T0, Overlap::new(600).expect("short")).expect("active");
    let sooner = life.expiring_at(T0 + Duration::MINUTE);
    assert_eq!(sooner.retiring_until(), Some(T0 + Duration::MINUTE));
    ends_exactly_at(&sooner, T0 + Duration::MINUTE);
}

#[test]
fn one_instant_in_another_offset_is_the_same_instant() {
    let offset = UtcOffset::from_hms(5, 30, 0).expect("an offset");
    let here = Lifecycle::new(T0).expiring_at(T0 + Duration::HOUR);
    let there = Lifecycle::new(T0.to_offset(offset)).expiring_at((T0 + Duration::HOUR).to_offset(offset));
    assert_eq!(here, there);
    assert_eq!(there.created_at().offset(), UtcOffset::UTC);
    assert_eq!(there.status((T0 + Duration::HOUR).to_offset(offset)), Status::Expired);
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let last = datetime!(9999-12-31 23:59:59 UTC);
    let beyond = datetime!(9999-12-31 23:59:59.999_999_999 -23:00);
    let mut life = Lifecycle::new(beyond).expiring_at(beyond);
    assert_eq!((life.created_at(), life.expires_at()), (last, Some(last)));
    assert_eq!(life.status(beyond), Status::Expired);
    life.retire(last - Duration::SECOND, Overlap::new(2_592_000).expect("30 days")).expect("active");
    assert_eq!(life.retiring_until(), Some(last));

    let mut endless = Lifecycle::new(T0);
    endless.retire(beyond, Overlap::ONE_DAY).expect("active");
    assert_eq!(endless.deadline(), Some(last));

    let first = datetime!(-9999-01-01 00:00:00 UTC);
    assert_eq!(Lifecycle::new(datetime!(-9999-01-01 00:00:00 +23:00)).created_at(), first);
}
