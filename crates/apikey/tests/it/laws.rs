//! What holds for every input.

use std::convert::Infallible;

use proptest::collection::vec;
use proptest::prelude::*;
use time::{Duration, OffsetDateTime};
use tollgate_apikey::{
    KeyFormat, KeyId, Lifecycle, MAX_OVERLAP_SECONDS, Mode, Overlap, Scope, Scopes, Status, Verification,
};

use crate::fixtures::{CLIENTS, FORMATS, noise, peppers};

fn format() -> impl Strategy<Value = KeyFormat> {
    prop::sample::select(FORMATS.to_vec())
}

fn mode() -> impl Strategy<Value = Mode> {
    prop::sample::select(vec![Mode::Live, Mode::Test])
}

fn scopes() -> impl Strategy<Value = Scopes> {
    vec("[a-d]", 0..8).prop_map(|names| Scopes::parse(&names.join(" ")).expect("letters are scopes"))
}

/// Any instant the time type has, near the present more often.
fn instant() -> impl Strategy<Value = OffsetDateTime> {
    let nanos = prop_oneof![Just(0), Just(1), Just(999_999_999), 0..1_000_000_000i64];
    let seconds = prop_oneof![1_767_225_600..1_767_225_700i64, -377_705_116_800..253_402_300_799i64];
    (seconds, nanos).prop_map(|(seconds, nanos)| {
        OffsetDateTime::from_unix_timestamp(seconds).expect("in range") + Duration::nanoseconds(nanos)
    })
}

proptest! {
    #[test]
    fn a_minted_key_reads_back(format in format(), mode in mode(), seed: u64) {
        let made = format.mint(mode, noise(seed)).expect("noise is usable");
        let read = format.parse(made.expose_secret()).expect("minted");
        prop_assert_eq!(read.expose_secret(), made.expose_secret());
        prop_assert_eq!((read.id(), read.mode(), read.prefix()), (made.id(), mode, made.prefix()));
        prop_assert_eq!(KeyId::parse(read.id().as_str()), Ok(read.id()));
        let verdict = peppers().verify(&read, &peppers().digest(&made));
        prop_assert!(matches!(verdict, Verification::Match(_)));
    }

    #[test]
    fn a_key_with_one_byte_changed_is_refused(format in format(), mode in mode(), seed: u64, at: prop::sample::Index, to in 0u8..128) {
        let made = format.mint(mode, noise(seed)).expect("noise is usable");
        let mut bytes = made.expose_secret().as_bytes().to_vec();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        prop_assert!(format.parse(&String::from_utf8(bytes).expect("ASCII")).is_err());
    }

    #[test]
    fn whatever_is_read_prints_back(format in format(), text in "\\PC*|[a-z_]{0,19}[0-9A-Za-z]{50}") {
        if let Ok(key) = format.parse(&text) {
            prop_assert_eq!(key.expose_secret(), &text);
        }
        if let Ok(client) = CLIENTS.parse(&text) {
            prop_assert_eq!(client.as_str(), &text);
        }
        if let Ok(id) = KeyId::parse(&text) {
            prop_assert_eq!(id.as_str(), &text);
        }
    }

    #[test]
    fn a_public_id_reads_back_and_no_changed_one_does(mode in mode(), seed: u64, at: prop::sample::Index, to in 0u8..128) {
        let made = CLIENTS.mint(mode, noise(seed)).expect("noise is usable");
        prop_assert_eq!(CLIENTS.parse(made.as_str()), Ok(made.clone()));
        prop_assert_eq!(CLIENTS.from_id(mode, made.id()).expect("both modes"), made.clone());
        let mut bytes = made.as_str().as_bytes().to_vec();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        prop_assert!(CLIENTS.parse(&String::from_utf8(bytes).expect("ASCII")).is_err());
    }

    #[test]
    fn an_unsteady_source_gives_a_well_formed_key_or_none(blocks in vec(vec(any::<u8>(), 0..80), 0..20)) {
        let mut blocks = blocks.into_iter();
        let fill = |bytes: &mut [u8]| -> Result<(), Infallible> {
            // Short, long and empty blocks: what is not written must not show.
            for (to, from) in bytes.iter_mut().zip(blocks.next().unwrap_or_default()) {
                *to = from;
            }
            Ok(())
        };
        if let Ok(key) = FORMATS[0].mint(Mode::Test, fill) {
            prop_assert!(FORMATS[0].parse(key.expose_secret()).is_ok());
        }
    }

    #[test]
    fn one_secret_never_opens_for_another(one: u64, other: u64) {
        let (one, other) = (FORMATS[0].mint(Mode::Live, noise(one)).expect("noise"), FORMATS[0].mint(Mode::Live, noise(other)).expect("noise"));
        let verdict = peppers().verify(&one, &peppers().digest(&other));
        prop_assert_eq!(matches!(verdict, Verification::Match(_)), one.expose_secret() == other.expose_secret());
    }

    #[test]
    fn scopes_print_in_one_order_and_read_back(names in vec("[!#-\\[\\]-~]{1,64}", 0..32)) {
        let set = Scopes::parse(&names.join(" ")).expect("scope characters");
        let printed = set.to_string();
        prop_assert_eq!(Scopes::parse(&printed), Ok(set.clone()));
        let mut reversed = names.clone();
        reversed.reverse();
        prop_assert_eq!(Scopes::parse(&reversed.join(" ")).expect("scope characters").to_string(), printed);
        prop_assert!(names.iter().all(|name| set.contains_str(name) && set.contains(&Scope::parse(name).expect("a scope"))));
        prop_assert!(set.iter().all(|scope| names.iter().any(|name| name == scope.as_str())));
    }

    #[test]
    fn narrowing_is_an_order(a in scopes(), b in scopes(), c in scopes()) {
        prop_assert!(a.is_subset_of(&a));
        prop_assert!(Scopes::empty().is_subset_of(&a));
        prop_assert_eq!(a.is_subset_of(&Scopes::empty()), a.is_empty());
        prop_assert_eq!(a.is_subset_of(&b) && b.is_subset_of(&a), a == b);
        prop_assert!(!(a.is_subset_of(&b) && b.is_subset_of(&c)) || a.is_subset_of(&c));
        if a.is_subset_of(&b) {
            prop_assert!(["a", "b", "c", "d"].iter().all(|name| !a.contains_str(name) || b.contains_str(name)));
        }
    }

    #[test]
    fn stored_instants_read_back(created in instant(), expiry in prop::option::of(instant()), until in prop::option::of(instant()), revoked in prop::option::of(instant())) {
        let whole = |at: OffsetDateTime| at.unix_timestamp();
        match Lifecycle::from_parts(created, expiry, until, revoked) {
            Ok(life) => {
                prop_assert_eq!(whole(life.created_at()), whole(created));
                prop_assert_eq!(life.expires_at().map(whole), expiry.map(whole));
                prop_assert_eq!(life.retiring_until().map(whole), until.map(whole));
                prop_assert_eq!(life.revoked_at().map(whole), revoked.map(whole));
                prop_assert_eq!(reload(&life), life);
            }
            Err(_) => prop_assert!(until.map(whole) > expiry.map(whole) && expiry.is_some()),
        }
    }

    /// Drives a lifecycle and a model of it side by side, with a clock that never goes back.
    #[test]
    fn a_life_only_goes_down(start in instant(), steps in vec(step(), 1..40)) {
        let mut now = start.min(OffsetDateTime::from_unix_timestamp(200_000_000_000).expect("in range"));
        let mut life = Lifecycle::new(now);
        let mut model = Model { end: None, retired: false, killed: false };
        for step in steps {
            let (before, deadline) = (rank(life.status(now)), life.deadline());
            match step {
                Step::Wait(nanos) => now += Duration::nanoseconds(nanos),
                Step::Expire(seconds) => {
                    life = life.expiring_at(now + Duration::seconds(seconds));
                    model.end_by(now.unix_timestamp() + seconds);
                }
                Step::Retire(seconds) => {
                    let dead = model.dead(now);
                    let done = life.retire(now, Overlap::new(seconds).expect("in bounds"));
                    prop_assert_eq!(done.is_err(), dead);
                    if !dead && seconds == 0 {
                        model.killed = true;
                        model.end_by(now.unix_timestamp());
                    } else if !dead {
                        model.retired = true;
                        model.end_by(now.unix_timestamp() + i64::from(seconds));
                    }
                }
                Step::Revoke => {
                    prop_assert!(life.revoke(now).is_ok());
                    if !model.killed {
                        model.killed = true;
                        model.end_by(now.unix_timestamp());
                    }
                }
                Step::Reload => life = reload(&life),
            }
            prop_assert!(rank(life.status(now)) >= before, "a status went back");
            prop_assert!(deadline.is_none_or(|was| life.deadline().is_some_and(|is| is <= was)), "the deadline grew");

            prop_assert_eq!(life.deadline().map(OffsetDateTime::unix_timestamp), model.end);
            prop_assert_eq!(life.check(now).is_ok(), !model.dead(now));
            prop_assert_eq!(life.kills_tokens(), model.killed);
            prop_assert_eq!(life.status(now) == Status::Revoked, model.killed);
            let retiring = matches!(life.status(now), Status::Retiring { .. });
            prop_assert_eq!(retiring, model.retired && !model.dead(now));
            if let Status::Retiring { until } = life.status(now) {
                prop_assert_eq!(Some(until), life.deadline());
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Wait(i64),
    Expire(i64),
    Retire(u32),
    Revoke,
    Reload,
}

fn step() -> impl Strategy<Value = Step> {
    let nanos = prop_oneof![Just(1), Just(1_000_000_000), 0..5_000_000_000i64];
    prop_oneof![
        4 => nanos.prop_map(Step::Wait),
        2 => (-3..20i64).prop_map(Step::Expire),
        4 => prop_oneof![0..5u32, Just(MAX_OVERLAP_SECONDS), 5..100u32].prop_map(Step::Retire),
        1 => Just(Step::Revoke),
        2 => Just(Step::Reload),
    ]
}

/// What a life is, in three variables and whole seconds.
struct Model {
    end: Option<i64>,
    retired: bool,
    killed: bool,
}

impl Model {
    fn end_by(&mut self, second: i64) {
        self.end = Some(self.end.map_or(second, |end| end.min(second)));
    }

    fn dead(&self, now: OffsetDateTime) -> bool {
        self.killed || self.end.is_some_and(|end| now.unix_timestamp() >= end)
    }
}

fn rank(status: Status) -> u8 {
    match status {
        Status::Active => 0,
        Status::Retiring { .. } => 1,
        Status::Expired => 2,
        Status::Revoked => 3,
    }
}

fn reload(life: &Lifecycle) -> Lifecycle {
    Lifecycle::from_parts(life.created_at(), life.expires_at(), life.retiring_until(), life.revoked_at())
        .expect("what was stored is consistent")
}
