//! Every error kind is reached, each row with its label.

use std::convert::Infallible;
use std::error::Error;

use time::macros::datetime;
use tollgate_apikey::{
    KeyFormat, KeyId, Lifecycle, LifecycleErrorKind, MAX_FILLS, MAX_PEPPER_LEN, MAX_PEPPERS, MintErrorKind, Mode,
    Overlap, ParseErrorKind, Pepper, PepperErrorKind, Peppers, PublicIdFormat, Scope, ScopeErrorKind, Scopes,
};

use crate::fixtures::{CAIBO, CLIENTS, noise, pepper};

type Write = fn(&mut [u8]);

const GOOD: &str = "caibo_live_sk_7Hq2ZsN4bX9dZk3Tq8WmC1vR6yLpJ0sUeXaHnB5dGfVi0torVI";

#[test]
fn names_what_is_wrong_with_a_key() {
    use ParseErrorKind::{Character, Checksum, Length, Prefix, Quoted, Whitespace};
    assert!(CAIBO.parse(GOOD).is_ok());
    let rows = [
        ("empty", String::new(), Length),
        ("only the fixed parts", GOOD[14..].to_owned(), Prefix),
        ("one character less than the fixed parts", GOOD[15..].to_owned(), Length),
        ("one character long", format!("{GOOD}0"), Prefix),
        ("one character short: the id begins with the underscore", GOOD[..GOOD.len() - 1].to_owned(), Character),
        ("64 KiB", "a".repeat(65_536), Length),
        ("64 KiB of blanks", " ".repeat(65_536), Whitespace),
        ("trailing line feed", format!("{GOOD}\n"), Whitespace),
        ("trailing CRLF", format!("{GOOD}\r\n"), Whitespace),
        ("leading tab", format!("\t{GOOD}"), Whitespace),
        ("trailing no-break space", format!("{GOOD}\u{a0}"), Whitespace),
        ("byte order mark", format!("\u{feff}{GOOD}"), Whitespace),
        ("double quotes", format!("\"{GOOD}\""), Quoted),
        ("one quote", format!("{GOOD}'"), Quoted),
        ("back quote", format!("`{GOOD}"), Quoted),
        ("zero-width space inside", GOOD.replacen("ZsN", "Zs\u{200b}", 1), Character),
        ("zero-width space at the end", format!("{GOOD}\u{200b}"), Character),
        ("cyrillic a in the prefix", GOOD.replacen('a', "\u{430}", 1), Character),
        ("full-width c", GOOD.replacen('c', "\u{ff43}", 1), Character),
        ("combining accent", GOOD.replacen('i', "i\u{301}", 1), Character),
        ("nul inside", GOOD.replacen('Z', "\0", 1), Character),
        ("escaped blank", GOOD.replacen('Z', "%20", 1), Character),
        ("blank inside", GOOD.replacen('Z', " ", 1), Character),
        ("underscore in the id", GOOD.replacen("7Hq2", "7_q2", 1), Character),
        ("underscore in the secret", GOOD.replacen("Tq8W", "T_8W", 1), Character),
        ("underscore in the checksum", GOOD.replacen("torV", "to_V", 1), Character),
        ("prefix in upper case", GOOD.to_ascii_uppercase(), Prefix),
        ("another family", GOOD.replacen("caibo_live_sk_", "sk_live_", 1), Prefix),
        ("prefix twice", format!("sk_{}", &GOOD[6..]), Prefix),
        ("mode swapped", GOOD.replacen("live", "test", 1), Checksum),
        ("id case", GOOD.replacen("7Hq", "7hq", 1), Checksum),
        ("secret case", GOOD.replacen("Zk3T", "zk3T", 1), Checksum),
        ("checksum case", GOOD.replacen("torVI", "torVi", 1), Checksum),
    ];
    for (label, text, kind) in rows {
        let error = CAIBO.parse(&text).expect_err(label);
        assert_eq!(error.kind(), kind, "{label}");
        assert!(text.is_empty() || !error.to_string().contains(&text), "{label}: the error repeats the input");
    }
}

#[test]
fn names_what_is_wrong_with_a_public_id() {
    use ParseErrorKind::{Character, Checksum, Length, Prefix, Quoted, Whitespace};
    let good = "client_live_Lm4Np6Qr8St00sPigT";
    assert!(CLIENTS.parse(good).is_ok());
    let rows = [
        ("empty", String::new(), Length),
        ("too long for any prefix", format!("client_live_{}", "a".repeat(26)), Length),
        ("too short for an id", "client_live_".to_owned(), Length),
        ("quoted", format!("\"{good}\""), Quoted),
        ("blank after", format!("{good} "), Whitespace),
        ("hyphen in the id", good.replacen("Lm4", "L-4", 1), Character),
        ("underscore in the id", good.replacen("Lm4", "L_4", 1), Character),
        ("underscore in the checksum", good.replacen("0sP", "0_P", 1), Character),
        ("secret prefix", good.replacen("client_", "clients_", 1), Prefix),
        ("one short: the id begins with the underscore", good[..good.len() - 1].to_owned(), Character),
        ("mode swapped", good.replacen("live", "test", 1), Checksum),
        ("last character", good.replacen("igT", "igt", 1), Checksum),
    ];
    for (label, text, kind) in rows {
        assert_eq!(CLIENTS.parse(&text).expect_err(label).kind(), kind, "{label}");
    }
}

#[test]
fn names_what_is_wrong_with_an_id_or_a_mode() {
    let rows = [
        ("empty", "", ParseErrorKind::Length),
        ("eleven", "01234567890", ParseErrorKind::Length),
        ("thirteen", "0123456789012", ParseErrorKind::Length),
        ("underscore", "0123456789_1", ParseErrorKind::Character),
        ("twelve bytes that are six letters", "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", ParseErrorKind::Character),
    ];
    for (label, text, kind) in rows {
        assert_eq!(KeyId::parse(text).expect_err(label).kind(), kind, "{label}");
        assert_eq!(text.parse::<KeyId>().expect_err(label).kind(), kind, "{label}");
    }
    for text in ["", "LIVE", "Live", " live", "sandbox", "any"] {
        assert_eq!(text.parse::<Mode>().expect_err(text).kind(), ParseErrorKind::Mode, "{text:?}");
    }
}

#[test]
fn names_why_nothing_was_minted() {
    const LIVE_ONLY: KeyFormat = KeyFormat::new(&[("only_live_", Mode::Live)]);
    const TEST_ONLY: PublicIdFormat = PublicIdFormat::new(&[("only_test_", Mode::Test)]);
    let id = KeyId::mint(noise(1)).expect("noise is usable");
    assert_eq!(LIVE_ONLY.mint(Mode::Test, noise(1)).expect_err("no row").kind(), MintErrorKind::NoPrefix);
    assert_eq!(TEST_ONLY.mint(Mode::Live, noise(1)).expect_err("no row").kind(), MintErrorKind::NoPrefix);
    assert_eq!(TEST_ONLY.from_id(Mode::Live, id).expect_err("no row").kind(), MintErrorKind::NoPrefix);

    let broken = |_: &mut [u8]| Err(std::io::Error::other("the source is away"));
    let error = CAIBO.mint(Mode::Live, broken).expect_err("a failing source");
    assert_eq!(error.kind(), MintErrorKind::Randomness);
    assert_eq!(error.source().expect("a source").to_string(), "the source is away");
    assert_eq!(error.into_randomness().expect("given back").to_string(), "the source is away");
    assert_eq!(KeyId::mint(broken).expect_err("a failing source").kind(), MintErrorKind::Randomness);
    assert_eq!(CLIENTS.mint(Mode::Live, broken).expect_err("a failing source").kind(), MintErrorKind::Randomness);
}

#[test]
fn gives_up_on_a_source_without_usable_bytes() {
    let rows: [(&str, Write); 4] = [
        ("only 255", |bytes| bytes.fill(0xff)),
        ("only 248, the first byte thrown away", |bytes| bytes.fill(248)),
        ("writes nothing", |_| ()),
        ("writes one byte a call", |bytes| bytes[0] = 7),
    ];
    for (label, write) in rows {
        let mut calls = 0;
        let fill = |bytes: &mut [u8]| -> Result<(), Infallible> {
            calls += 1;
            write(bytes);
            Ok(())
        };
        assert_eq!(CAIBO.mint(Mode::Live, fill).expect_err(label).kind(), MintErrorKind::Unusable, "{label}");
        assert_eq!(calls, MAX_FILLS, "{label}");
    }
}

#[test]
fn fails_half_way_when_the_source_does() {
    let mut calls = 0;
    let fill = |bytes: &mut [u8]| {
        calls += 1;
        if calls == 2 {
            return Err("second call");
        }
        bytes.fill(7);
        Ok(())
    };
    assert_eq!(CAIBO.mint(Mode::Live, fill).expect_err("fails for the secret").into_randomness(), Some("second call"));
}

#[test]
fn names_what_is_wrong_with_a_pepper() {
    for (label, len, kind) in [
        ("empty", 0, PepperErrorKind::TooShort),
        ("one short", 31, PepperErrorKind::TooShort),
        ("one long", MAX_PEPPER_LEN + 1, PepperErrorKind::TooLong),
    ] {
        assert_eq!(Pepper::new(1, &vec![7; len]).expect_err(label).kind(), kind, "{label}");
    }
    assert!(Pepper::new(1, &[7; 32]).is_ok());
    assert!(Pepper::new(1, &[7; MAX_PEPPER_LEN]).is_ok());

    let same_as_current = Peppers::new(pepper(1, 1)).with_previous(pepper(1, 2));
    assert_eq!(same_as_current.expect_err("version 1 again").kind(), PepperErrorKind::DuplicateVersion);
    let one_more = Peppers::new(pepper(1, 1)).with_previous(pepper(0, 2)).expect("another version");
    let same_as_previous = one_more.with_previous(pepper(0, 3));
    assert_eq!(same_as_previous.expect_err("version 0 again").kind(), PepperErrorKind::DuplicateVersion);

    let mut full = Peppers::new(pepper(0, 1));
    for version in 1..MAX_PEPPERS {
        full = full.with_previous(pepper(u32::try_from(version).expect("small"), 1)).expect("room");
    }
    assert_eq!(full.with_previous(pepper(99, 1)).expect_err("full").kind(), PepperErrorKind::TooMany);
}

#[test]
fn names_why_a_credential_cannot_go_on() {
    let t0 = datetime!(2026-01-01 00:00 UTC);
    let second = time::Duration::SECOND;
    assert_eq!(Overlap::new(2_592_001).expect_err("over 30 days").kind(), LifecycleErrorKind::OverlapTooLong);
    assert_eq!(Overlap::new(u32::MAX).expect_err("over 30 days").kind(), LifecycleErrorKind::OverlapTooLong);
    assert!(Overlap::new(2_592_000).is_ok());

    let mut expired = Lifecycle::new(t0).expiring_at(t0 + second);
    assert_eq!(expired.check(t0 + second).expect_err("expired").kind(), LifecycleErrorKind::Expired);
    let before = expired.clone();
    for overlap in [Overlap::NONE, Overlap::ONE_DAY] {
        assert_eq!(expired.retire(t0 + second, overlap).expect_err("expired").kind(), LifecycleErrorKind::Expired);
    }
    assert_eq!(expired, before, "a refused call changes nothing");

    let mut revoked = Lifecycle::new(t0);
    revoked.revoke(t0).expect("revocable");
    assert_eq!(revoked.check(t0).expect_err("revoked").kind(), LifecycleErrorKind::Revoked);
    let before = revoked.clone();
    assert_eq!(revoked.retire(t0, Overlap::ONE_DAY).expect_err("revoked").kind(), LifecycleErrorKind::Revoked);
    assert_eq!(revoked, before, "a refused call changes nothing");

    let late = Lifecycle::from_parts(t0, Some(t0), Some(t0 + second), None);
    assert_eq!(late.expect_err("retires after expiry").kind(), LifecycleErrorKind::Inconsistent);
}

#[test]
fn names_what_is_wrong_with_scopes() {
    use ScopeErrorKind::{Character, Empty, TooLong, TooMany};
    let scopes = |n: usize| (0..n).map(|at| format!("s{at}")).collect::<Vec<_>>().join(" ");
    let rows = [
        ("leading blank", " a".to_owned(), Empty),
        ("trailing blank", "a ".to_owned(), Empty),
        ("two blanks", "a  b".to_owned(), Empty),
        ("one blank", " ".to_owned(), Empty),
        ("tab", "a\tb".to_owned(), Character),
        ("quote", "a\"b".to_owned(), Character),
        ("backslash", "a\\b".to_owned(), Character),
        ("delete", "a\u{7f}".to_owned(), Character),
        ("not ASCII", "caf\u{e9}".to_owned(), Character),
        ("no-break space", "a\u{a0}b".to_owned(), Character),
        ("65 bytes", "a".repeat(65), TooLong),
        ("64 KiB", "a ".repeat(32_768), TooLong),
        ("33 scopes", scopes(33), TooMany),
        ("33 times the same", ["a"; 33].join(" "), TooMany),
    ];
    for (label, text, kind) in rows {
        assert_eq!(Scopes::parse(&text).expect_err(label).kind(), kind, "{label}");
    }
    assert_eq!(Scope::parse("").expect_err("empty").kind(), Empty);
    assert_eq!(Scope::parse("a b").expect_err("two").kind(), Character);
    let endless = std::iter::repeat_with(|| Scope::parse("a").expect("a scope"));
    assert_eq!(Scopes::new(endless).expect_err("endless").kind(), TooMany);

    assert_eq!(Scopes::parse(&scopes(32)).expect("32 scopes").len(), 32);
    assert!(Scopes::parse("!#[]^~ a:b/c.d").is_ok());
    let longest: Vec<_> = (10..42).map(|at| format!("{at}{}", "x".repeat(62))).collect();
    assert_eq!(Scopes::parse(&longest.join(" ")).expect("32 of 64 bytes").len(), 32);
}

#[test]
fn refuses_a_bad_table_at_run_time_too() {
    let rows: [(&str, &'static [(&'static str, Mode)]); 9] = [
        ("no row", &[]),
        ("empty prefix", &[("", Mode::Live)]),
        ("no underscore at the end", &[("sk_live", Mode::Live)]),
        ("upper case", &[("SK_", Mode::Live)]),
        ("hyphen", &[("sk-live_", Mode::Live)]),
        ("not ASCII", &[("\u{e9}_", Mode::Live)]),
        ("20 bytes", &[("abcdefghijklmnopqrs_", Mode::Live)]),
        ("one prefix in both modes", &[("sk_", Mode::Live), ("pk_", Mode::Test), ("sk_", Mode::Test)]),
        (
            "nine rows",
            &[
                ("a_", Mode::Live),
                ("b_", Mode::Live),
                ("c_", Mode::Live),
                ("d_", Mode::Live),
                ("e_", Mode::Live),
                ("f_", Mode::Live),
                ("g_", Mode::Live),
                ("h_", Mode::Live),
                ("i_", Mode::Live),
            ],
        ),
    ];
    for (label, table) in rows {
        assert!(std::panic::catch_unwind(|| KeyFormat::new(table)).is_err(), "{label}");
        assert!(std::panic::catch_unwind(|| PublicIdFormat::new(table)).is_err(), "{label}");
    }
    let longest = KeyFormat::new(&[("abcdefghijklmnopqr_", Mode::Live)]);
    assert_eq!(longest.mint(Mode::Live, noise(1)).expect("19 bytes").expose_secret().len(), 69);
}
