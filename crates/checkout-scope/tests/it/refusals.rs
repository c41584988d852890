//! Tokens, peppers, life times, generators and claims that are refused.

use std::collections::HashSet;

use time::Duration;
use tollgate_checkout_scope::{
    CheckoutClaims, CheckoutIds, CheckoutToken, ClaimsErrorKind, MAX_LABEL, MAX_PEPPER, MIN_PEPPER, MintAuthority,
    MintedClaims, ParseErrorKind, PepperError, PepperErrorKind, TokenDigest, TokenPepper, Ttl, TtlError, TtlErrorKind,
    mint,
};

use crate::support::{T0, VerifiedApiKey, at};

const TOKEN: &str = "AwoRGB8mLTQ7QklQV15lbHN6gYiPlp2kq7K5wMfO1dw";

#[test]
fn refuses_texts_that_are_not_tokens() {
    let quoted = format!("\"{}\"", &TOKEN[..41]);
    let long = "A".repeat(64 * 1024);
    for (label, text, kind) in [
        ("empty", "", ParseErrorKind::Length),
        ("one short", &TOKEN[1..], ParseErrorKind::Length),
        ("padded", &*format!("{TOKEN}="), ParseErrorKind::Length),
        ("trailing line end", &*format!("{TOKEN}\n"), ParseErrorKind::Length),
        ("64 KiB", &*long, ParseErrorKind::Length),
        ("quoted", &*quoted, ParseErrorKind::Alphabet),
        ("leading blank", &*format!(" {}", &TOKEN[1..]), ParseErrorKind::Alphabet),
        ("plain base64", &*TOKEN.replace('B', "+"), ParseErrorKind::Alphabet),
        ("two bytes for one letter", &*format!("ä{}", &TOKEN[2..]), ParseErrorKind::Alphabet),
        ("nul", &*format!("\0{}", &TOKEN[1..]), ParseErrorKind::Alphabet),
        ("lowest stray bit", &*format!("{}x", &TOKEN[..42]), ParseErrorKind::NotCanonical),
        ("both stray bits", &*format!("{}z", &TOKEN[..42]), ParseErrorKind::NotCanonical),
        ("dash at the end", &*format!("{}-", &TOKEN[..42]), ParseErrorKind::NotCanonical),
    ] {
        assert_eq!(CheckoutToken::parse(text).unwrap_err().kind(), kind, "{label}");
    }
    assert!(CheckoutToken::parse(TOKEN).is_ok());
}

#[test]
fn refuses_weak_peppers_and_labels() {
    let label_of_64 = "a234567890123456789012345678901234567890123456789012345678901234";
    let label_of_65 = "a2345678901234567890123456789012345678901234567890123456789012345";
    assert_eq!((label_of_64.len(), label_of_65.len()), (MAX_LABEL, MAX_LABEL + 1));
    for (name, label, length, kind) in [
        ("31 bytes", "l:", MIN_PEPPER - 1, Some(PepperErrorKind::TooShort)),
        ("no bytes", "l:", 0, Some(PepperErrorKind::TooShort)),
        ("32 bytes", "l:", MIN_PEPPER, None),
        ("1024 bytes", "l:", MAX_PEPPER, None),
        ("1025 bytes", "l:", MAX_PEPPER + 1, Some(PepperErrorKind::TooLong)),
        ("no label", "", MIN_PEPPER, Some(PepperErrorKind::Label)),
        ("label with a blank", "a b", MIN_PEPPER, Some(PepperErrorKind::Label)),
        ("label with a line end", "a\n", MIN_PEPPER, Some(PepperErrorKind::Label)),
        ("label outside ascii", "é:", MIN_PEPPER, Some(PepperErrorKind::Label)),
        ("label of 64", label_of_64, MIN_PEPPER, None),
        ("label of 65", label_of_65, MIN_PEPPER, Some(PepperErrorKind::Label)),
    ] {
        let answer = TokenPepper::new(1, label, &vec![7; length]);
        assert_eq!(answer.err().map(PepperError::kind), kind, "{name}");
    }
}

#[test]
fn refuses_life_times_outside_a_minute_and_an_hour() {
    for (seconds, kind) in [
        (0, Some(TtlErrorKind::TooShort)),
        (59, Some(TtlErrorKind::TooShort)),
        (60, None),
        (900, None),
        (3600, None),
        (3601, Some(TtlErrorKind::TooLong)),
        (65_536 + 900, Some(TtlErrorKind::TooLong)),
        (u64::MAX, Some(TtlErrorKind::TooLong)),
    ] {
        let answer = Ttl::from_seconds(seconds);
        assert_eq!(answer.err().map(TtlError::kind), kind, "{seconds}");
        if let Ok(ttl) = answer {
            assert_eq!((ttl.as_seconds(), ttl.as_duration()), (seconds, Duration::seconds(seconds.cast_signed())));
        }
    }
    assert_eq!(Ttl::from_seconds(900), Ok(Ttl::FIFTEEN_MINUTES));
    assert_eq!(Ttl::from_seconds(60), Ok(Ttl::SHORTEST));
    assert_eq!(Ttl::from_seconds(3600), Ok(Ttl::LONGEST));
}

#[test]
fn passes_on_the_error_of_the_generator_and_mints_nothing() {
    let proof = VerifiedApiKey;
    let authority = MintAuthority::for_server_credential(&proof);
    let answer = mint(&authority, 1_u64, Ttl::SHORTEST, at(T0), |_| Err("no entropy"));
    assert_eq!(answer.unwrap_err(), "no entropy");
}

#[test]
fn asks_the_generator_once_for_the_whole_token() {
    let proof = VerifiedApiKey;
    let authority = MintAuthority::for_server_credential(&proof);
    let mut asked = Vec::new();
    let fill = |bytes: &mut [u8]| {
        asked.push(bytes.len());
        Ok::<(), ()>(())
    };
    assert!(mint(&authority, 1_u64, Ttl::SHORTEST, at(T0), fill).is_ok());
    assert_eq!(asked, [32]);
}

#[test]
fn refuses_ids_that_cannot_stand_in_claims() {
    let longest = "x".repeat(64);
    let too_long = "x".repeat(65);
    let proof = VerifiedApiKey;
    let authority = MintAuthority::for_server_credential(&proof);
    let good = CheckoutIds { partner_id: "MCH-USA-4KD9P", client_id: "c", customer_id: "cus_1", invoice_id: &longest };
    assert!(MintedClaims::new(&authority, good).is_ok());
    for (id, kind) in [
        ("", ClaimsErrorKind::Length),
        (&*too_long, ClaimsErrorKind::Length),
        ("a b", ClaimsErrorKind::Alphabet),
        ("a/b", ClaimsErrorKind::Alphabet),
        ("a.b", ClaimsErrorKind::Alphabet),
        ("a\n", ClaimsErrorKind::Alphabet),
        ("ä", ClaimsErrorKind::Alphabet),
    ] {
        for ids in [
            CheckoutIds { partner_id: id, ..good },
            CheckoutIds { customer_id: id, ..good },
            CheckoutIds { invoice_id: id, ..good },
        ] {
            assert_eq!(MintedClaims::new(&authority, ids).unwrap_err().kind(), kind, "{id:?}");
        }
    }
}

#[test]
fn a_client_id_may_hold_anything_but_control_characters() {
    let (longest, too_long) = ("x".repeat(255), "x".repeat(256));
    let proof = VerifiedApiKey;
    let authority = MintAuthority::for_server_credential(&proof);
    let ids = |client_id| CheckoutIds { partner_id: "p", client_id, customer_id: "c", invoice_id: "i" };
    for id in ["a b", "a/b:c%+", "äöü", "\"quoted\"", &*longest] {
        let minted = serde_json::to_string(&MintedClaims::new(&authority, ids(id)).unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<CheckoutClaims>(&minted).unwrap().client_id(), id);
    }
    for (id, kind) in [
        ("", ClaimsErrorKind::Length),
        (&*too_long, ClaimsErrorKind::Length),
        ("a\n", ClaimsErrorKind::Alphabet),
        ("a\u{7f}", ClaimsErrorKind::Alphabet),
        ("a\u{85}", ClaimsErrorKind::Alphabet),
    ] {
        assert_eq!(MintedClaims::new(&authority, ids(id)).unwrap_err().kind(), kind, "{id:?}");
        let json = serde_json::json!({ "partner_id": "p", "client_id": id, "customer_id": "c", "invoice_id": "i" });
        assert!(serde_json::from_value::<CheckoutClaims>(json.clone()).is_err(), "{id:?}");
        assert!(serde_json::from_str::<CheckoutClaims>(&json.to_string()).is_err(), "{id:?}");
    }
}

#[test]
fn refuses_claims_that_are_missing_mistyped_or_doubled() {
    let read = |text: &str| serde_json::from_str::<CheckoutClaims>(text);
    let good =
        r#"{"iss":"x","exp":1.5,"partner_id":"p","client_id":"c","customer_id":"k","invoice_id":"i","n":{"a":[]}}"#;
    assert!(read(good).is_ok());
    for (label, from, to) in [
        ("missing partner", r#""partner_id":"p","#, ""),
        ("missing client", r#""client_id":"c","#, ""),
        ("missing customer", r#""customer_id":"k","#, ""),
        ("missing invoice", r#""invoice_id":"i","#, ""),
        ("null", r#""invoice_id":"i""#, r#""invoice_id":null"#),
        ("number", r#""invoice_id":"i""#, r#""invoice_id":7"#),
        ("list", r#""invoice_id":"i""#, r#""invoice_id":["i"]"#),
        ("empty", r#""invoice_id":"i""#, r#""invoice_id":"""#),
        ("slash", r#""invoice_id":"i""#, r#""invoice_id":"i/j""#),
        ("twice", r#""invoice_id":"i""#, r#""invoice_id":"i","invoice_id":"i""#),
        ("escaped spelling twice", r#""invoice_id":"i""#, r#""invoice_id":"i","invoice_i\u0064":"j""#),
        ("other case", r#""invoice_id":"i""#, r#""Invoice_Id":"i""#),
    ] {
        let changed = good.replace(from, to);
        assert_ne!(changed, good, "{label}");
        assert!(read(&changed).is_err(), "{label}");
    }
    let error = read(&good.replace(r#""i""#, r#""secret value""#)).unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
}

#[test]
fn debug_texts_hold_no_secret() {
    let pepper = TokenPepper::new(3, "shop.checkout.v1:", b"this pepper is not to be printed").unwrap();
    let token = CheckoutToken::parse(TOKEN).unwrap();
    assert_eq!(format!("{token:?} {token:#?}"), "CheckoutToken(secret) CheckoutToken(secret)");
    assert_eq!(format!("{pepper:?}"), "TokenPepper(secret)");
    assert_eq!(format!("{:?}", token.digest(&pepper)), "TokenDigest { pepper_version: 3, .. }");
}

#[test]
fn digests_of_other_peppers_labels_and_versions_are_other_keys() {
    let token = CheckoutToken::parse(TOKEN).unwrap();
    let other_token = CheckoutToken::parse(&TOKEN.replace("Awo", "Awp")).unwrap();
    let pepper = |version, label, byte| TokenPepper::new(version, label, &[byte; 32]).unwrap();
    let test = pepper(1, "test:", 7);
    let digests = HashSet::from([
        token.digest(&test),
        token.digest(&pepper(2, "test:", 7)),
        token.digest(&pepper(1, "live:", 7)),
        token.digest(&pepper(1, "test:", 8)),
        other_token.digest(&test),
    ]);
    assert_eq!(digests.len(), 5);
    assert_eq!(test.version(), 1);
    let known = token.digest(&test);
    let restored = TokenDigest::restore(*known.as_bytes(), known.pepper_version());
    assert!(digests.contains(&restored));
    assert_ne!(known, TokenDigest::restore(*known.as_bytes(), 2));
}
