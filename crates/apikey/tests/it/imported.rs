//! Secrets that another system made.

use tollgate_apikey::{
    ImportedSecret, ImportedVerification, KeyDigest, MAX_IMPORTED_LEN, MIN_IMPORTED_LEN, Pepper, Peppers, Verification,
};

use crate::fixtures::{FORMATS, noise};

fn peppers(version: u32) -> Peppers {
    Peppers::new(Pepper::new(version, &[7; 32]).expect("long enough"))
}

fn secret(text: &str) -> ImportedSecret {
    ImportedSecret::new(text).expect("within its bounds")
}

#[test]
fn takes_any_characters_but_control_characters_within_its_bounds() {
    let (shortest, longest) = ("x".repeat(MIN_IMPORTED_LEN), "x".repeat(MAX_IMPORTED_LEN));
    for text in [&*shortest, &longest, "+%25:&=? \"quoted\" \\", "пароль-пароль", " leading and trailing "]
    {
        assert_eq!(secret(text).expose_secret(), text);
    }
    let (short, long) = ("x".repeat(MIN_IMPORTED_LEN - 1), "x".repeat(MAX_IMPORTED_LEN + 1));
    for text in ["", &*short, &long, "a line\nand another", "a null \0 in between", "c1 control \u{85} here"] {
        assert!(ImportedSecret::new(text).is_none(), "{text:?}");
    }
    assert!(!format!("{:?}", secret(&shortest)).contains('x'));
}

#[test]
fn matches_its_own_digest_and_nothing_else() {
    let peppers = peppers(1);
    let stored = peppers.digest_imported(&secret("correct horse battery"));
    let verify = |text: &str, stored: Option<&KeyDigest>| peppers.verify_imported(&secret(text), stored);
    assert!(matches!(verify("correct horse battery", Some(&stored)), ImportedVerification::Match));
    for other in ["correct horse battery ", "Correct horse battery", "correct horse batter\u{443}"] {
        assert!(matches!(verify(other, Some(&stored)), ImportedVerification::NoMatch), "{other:?}");
    }
    assert!(matches!(verify("correct horse battery", None), ImportedVerification::NoMatch));
    let unknown = KeyDigest::from_parts(9, *stored.as_bytes());
    assert!(matches!(verify("correct horse battery", Some(&unknown)), ImportedVerification::NoMatch));
}

#[test]
fn brings_the_new_digest_when_it_matches_under_an_earlier_pepper() {
    let old = peppers(1);
    let new = Peppers::new(Pepper::new(2, &[8; 32]).unwrap()).with_previous(Pepper::new(1, &[7; 32]).unwrap()).unwrap();
    let secret = secret("correct horse battery");
    let stored = old.digest_imported(&secret);
    let ImportedVerification::MatchOldPepper(renewed) = new.verify_imported(&secret, Some(&stored)) else {
        panic!("not under the earlier pepper");
    };
    assert_eq!(renewed.pepper_version(), 2);
    assert!(matches!(new.verify_imported(&secret, Some(&renewed)), ImportedVerification::Match));
}

#[test]
fn a_digest_of_a_key_is_none_of_an_imported_secret() {
    let peppers = peppers(1);
    let key = FORMATS[0].mint(tollgate_apikey::Mode::Test, noise(1)).unwrap();
    let same_text = secret(key.expose_secret());
    assert!(matches!(peppers.verify_imported(&same_text, Some(&peppers.digest(&key))), ImportedVerification::NoMatch));
    assert!(matches!(peppers.verify(&key, &peppers.digest_imported(&same_text)), Verification::NoMatch));
}
