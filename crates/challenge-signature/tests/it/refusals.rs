//! Every error kind of callers, challenges, challenge keys, key sets and checks.

use base64::{Engine as _, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use tollgate_challenge_signature::{
    Caller, CallerErrorKind, Challenge, ChallengeKey, ChallengeKeyErrorKind, ChallengeKeys, KeySetErrorKind,
    MAX_SIGNATURE_LEN, PREFIX, ParseErrorKind, PublicKeys, VerifyErrorKind,
};

use crate::support::{
    SIGNER, T0, at, caller, challenge_key, filled, rng, server, signer_keys, vector_key, vector_pair,
};

#[test]
fn refuses_callers_that_fit_no_challenge() {
    let long = "A".repeat(33);
    let rows = [
        ("empty account", "", "Kd93LmQ0xVb7", CallerErrorKind::Account),
        ("account of 33", long.as_str(), "Kd93LmQ0xVb7", CallerErrorKind::Account),
        ("account with a blank", "MCH USA", "Kd93LmQ0xVb7", CallerErrorKind::Account),
        ("account with a line end", "MCH\n", "Kd93LmQ0xVb7", CallerErrorKind::Account),
        ("account beyond ASCII", "MCH-É", "Kd93LmQ0xVb7", CallerErrorKind::Account),
        ("account with DEL", "MCH\x7f", "Kd93LmQ0xVb7", CallerErrorKind::Account),
        ("empty key id", "MCH", "", CallerErrorKind::KeyId),
        ("key id of 11", "MCH", "Kd93LmQ0xVb", CallerErrorKind::KeyId),
        ("key id of 13", "MCH", "Kd93LmQ0xVb77", CallerErrorKind::KeyId),
        ("key id with a dash", "MCH", "Kd93LmQ0xV-7", CallerErrorKind::KeyId),
        ("key id of 12 bytes beyond ASCII", "MCH", "éééééé", CallerErrorKind::KeyId),
    ];
    for (label, account, key_id, kind) in rows {
        assert_eq!(Caller::new(account, key_id).unwrap_err().kind(), kind, "{label}");
    }
    assert!(Caller::new(&"A".repeat(32), "Kd93LmQ0xVb7").is_ok());
}

#[test]
fn refuses_challenge_keys_out_of_line() {
    assert_eq!(ChallengeKey::new(1, &[1; 31]).unwrap_err().kind(), ChallengeKeyErrorKind::TooShort);
    assert_eq!(ChallengeKey::new(1, &[]).unwrap_err().kind(), ChallengeKeyErrorKind::TooShort);
    assert!(ChallengeKey::new(1, &[1; 32]).is_ok());
    for (current, previous) in [(2, 2), (2, 3), (2, 0), (0, 255), (0, 0), (1, 255)] {
        let keys = ChallengeKeys::new(challenge_key(current)).with_previous(challenge_key(previous));
        assert_eq!(keys.unwrap_err().kind(), ChallengeKeyErrorKind::NotPrevious, "{previous} before {current}");
    }
    for current in [1, 2, 255] {
        assert!(ChallengeKeys::new(challenge_key(current)).with_previous(challenge_key(current - 1)).is_ok());
    }
}

#[test]
fn refuses_key_sets_out_of_bounds() {
    let key = vector_key();
    assert_eq!(PublicKeys::new([]).unwrap_err().kind(), KeySetErrorKind::Empty);
    assert_eq!(PublicKeys::new([key.clone(), key]).unwrap_err().kind(), KeySetErrorKind::Duplicate);
    let different = |count| (0..count).map(crate::key_refusals::some_key);
    assert_eq!(PublicKeys::new(different(5)).unwrap_err().kind(), KeySetErrorKind::TooMany);
    assert_eq!(PublicKeys::new(different(4)).unwrap().iter().len(), 4);
}

/// A challenge text of these bytes, with a tag of zeros.
fn text_of(bytes: &[u8]) -> String {
    format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// The bytes of a well-formed challenge.
fn well_formed() -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(vector_pair().0.strip_prefix(PREFIX).unwrap()).unwrap()
}

#[test]
fn refuses_texts_that_are_no_challenge() {
    use ParseErrorKind::{Encoding, Fields, Prefix, TooLong, Version};
    let good = vector_pair().0;
    let bytes = well_formed();
    assert!(Challenge::parse(&text_of(&bytes)).is_ok());
    let altered = |at: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = byte;
        text_of(&bytes)
    };
    let expiry = |seconds: u64| {
        let mut bytes = bytes.clone();
        bytes[29..37].copy_from_slice(&seconds.to_be_bytes());
        text_of(&bytes)
    };
    let rows = [
        ("empty", String::new(), Prefix),
        ("prefix in upper case", good.to_uppercase(), Prefix),
        ("blank before", format!(" {good}"), Prefix),
        ("byte order mark before", format!("\u{feff}{good}"), Prefix),
        ("prefix only", PREFIX.to_owned(), Fields),
        ("line end after", format!("{good}\n"), Encoding),
        ("blank after", format!("{good} "), Encoding),
        ("NUL after", format!("{good}\0"), Encoding),
        ("not ASCII after", format!("{good}é"), Encoding),
        ("standard alphabet", good.replace('_', "/"), Encoding),
        ("257 characters", format!("{PREFIX}{}", "A".repeat(240)), TooLong),
        ("256 characters", format!("{PREFIX}{}", "A".repeat(239)), Version),
        ("version 0", altered(0, 0), Version),
        ("version 2", altered(0, 2), Version),
        ("one byte", text_of(&[1]), Fields),
        ("one byte missing", text_of(&bytes[..bytes.len() - 1]), Fields),
        ("one byte more", text_of(&[bytes.as_slice(), &[0]].concat()), Fields),
        ("account length 0", altered(2, 0), Fields),
        ("account length one less", altered(2, 13), Fields),
        ("account length one more", altered(2, 15), Fields),
        ("account length 255", altered(2, 255), Fields),
        ("account with a blank", altered(3, b' '), Fields),
        ("account not UTF-8", altered(3, 0xff), Fields),
        ("key id with a dash", altered(17, b'-'), Fields),
        ("expiry beyond the year 9999", expiry(253_402_300_800), Fields),
        ("expiry beyond 63 bits", expiry(u64::MAX), Fields),
    ];
    for (label, text, kind) in rows {
        assert_eq!(Challenge::parse(&text).unwrap_err().kind(), kind, "{label}");
        let refused = server().check(&text, "", &caller(), &vector_key().into(), at(T0)).unwrap_err();
        assert_eq!(refused.kind(), VerifyErrorKind::Malformed, "{label}");
    }
    assert!(Challenge::parse(&expiry(253_402_300_799)).is_ok());
}

/// The kind of the refusal when the vectors' server checks this at T0 + `age` seconds.
#[track_caller]
fn refusal(challenge: &str, signature: &str, caller: &Caller<'_>, keys: &PublicKeys, age: i64) -> VerifyErrorKind {
    server().check(challenge, signature, caller, keys, at(T0 + age)).unwrap_err().kind()
}

#[test]
fn checks_in_the_documented_order() {
    let (challenge, signature) = vector_pair();
    let stranger = Caller::new("MCH-USA-4KD9PY", "Kd93LmQ0xVb8").unwrap();
    let foreign = signer_keys();
    let other_version = ChallengeKeys::new(challenge_key(2)).issue(&caller(), at(T0), filled(0)).unwrap();
    let forged = {
        let mut bytes = well_formed();
        let tag_at = bytes.len() - 32;
        bytes[tag_at..].fill(0);
        text_of(&bytes)
    };
    // Each row mends what the row before was refused for; everything that is looked at later is still wrong.
    let rows = [
        (refusal("x", "!", &stranger, &foreign, 300), VerifyErrorKind::Malformed),
        (refusal(other_version.as_str(), "!", &stranger, &foreign, 300), VerifyErrorKind::UnknownKeyVersion),
        (refusal(&forged, "!", &stranger, &foreign, 300), VerifyErrorKind::ChallengeTag),
        (refusal(challenge, "!", &stranger, &foreign, 300), VerifyErrorKind::OtherCaller),
        (refusal(challenge, "!", &caller(), &foreign, 300), VerifyErrorKind::Expired),
        (refusal(challenge, "!", &caller(), &foreign, 299), VerifyErrorKind::SignatureEncoding),
        (refusal(challenge, "AAAA", &caller(), &foreign, 299), VerifyErrorKind::SignatureLength),
        (refusal(challenge, signature, &caller(), &foreign, 299), VerifyErrorKind::NoMatch),
    ];
    for (kind, expected) in rows {
        assert_eq!(kind, expected);
    }
    assert!(server().check(challenge, signature, &caller(), &vector_key().into(), at(T0 + 299)).is_ok());
}

#[test]
fn refuses_a_good_pair_of_another_caller() {
    let (challenge, signature) = vector_pair();
    let rows = [
        ("other key of the account", "MCH-USA-4KD9PX", "Kd93LmQ0xVb8"),
        ("other account", "MCH-USA-4KD9PY", "Kd93LmQ0xVb7"),
        ("sandbox form of the account", "MCH-USA-TEST-4KD9PX", "Kd93LmQ0xVb7"),
        ("other case of the account", "mch-usa-4kd9px", "Kd93LmQ0xVb7"),
        ("other case of the key id", "MCH-USA-4KD9PX", "kd93LmQ0xVb7"),
        ("a byte moved over the border", "MCH-USA-4KD9P", "XKd93LmQ0xVb"),
    ];
    for (label, account, key_id) in rows {
        let other = Caller::new(account, key_id).unwrap();
        let kind = refusal(challenge, signature, &other, &vector_key().into(), 0);
        assert_eq!(kind, VerifyErrorKind::OtherCaller, "{label}");
    }
}

#[test]
fn refuses_signatures_in_any_other_shape() {
    use VerifyErrorKind::{NoMatch, SignatureEncoding, SignatureLength};
    let (challenge, signature) = vector_pair();
    let rows = [
        ("not ASCII", "é".to_owned(), SignatureEncoding),
        ("line end after", format!("{signature}\n"), SignatureEncoding),
        ("blank before", format!(" {signature}"), SignatureEncoding),
        ("NUL after", format!("{signature}\0"), SignatureEncoding),
        // The last character before the padding has four bits that say nothing.
        ("unused bits set", signature.replace("g==", "h=="), SignatureEncoding),
        ("ten thousand signatures", signature.repeat(10_000), SignatureLength),
        ("longer than any key", "A".repeat(MAX_SIGNATURE_LEN + 4), SignatureLength),
        ("8192 bits for a key of 2048", BASE64_STANDARD.encode([1; 1024]), SignatureLength),
        ("one byte", BASE64_STANDARD.encode([1]), SignatureLength),
        ("empty", String::new(), SignatureLength),
        ("all zeros", BASE64_STANDARD.encode([0; 256]), NoMatch),
        ("one", BASE64_STANDARD.encode([[0; 255].as_slice(), &[1]].concat()), NoMatch),
        ("above the modulus", BASE64_STANDARD.encode([255; 256]), NoMatch),
    ];
    for (label, signature, kind) in rows {
        assert_eq!(refusal(challenge, &signature, &caller(), &vector_key().into(), 0), kind, "{label}");
    }
    assert_eq!(BASE64_STANDARD.encode([1; 1024]).len(), MAX_SIGNATURE_LEN);
}

#[test]
fn takes_any_of_four_keys_and_challenges_of_the_previous_version() {
    let (challenge, signature) = vector_pair();
    let others = (0..3).map(crate::key_refusals::some_key);
    let keys = PublicKeys::new(others.chain([vector_key()])).unwrap();
    assert!(server().check(challenge, signature, &caller(), &keys, at(T0)).is_ok());

    let rotated = ChallengeKeys::new(challenge_key(2)).with_previous(challenge_key(1)).unwrap();
    assert!(rotated.check(challenge, signature, &caller(), &keys, at(T0)).is_ok());
    let issued = rotated.issue(&caller(), at(T0), filled(1)).unwrap();
    assert_eq!(Challenge::parse(issued.as_str()).unwrap().key_version(), 2);

    let rotated_twice = ChallengeKeys::new(challenge_key(3)).with_previous(challenge_key(2)).unwrap();
    let refused = rotated_twice.check(challenge, signature, &caller(), &keys, at(T0)).unwrap_err();
    assert_eq!(refused.kind(), VerifyErrorKind::UnknownKeyVersion);
}

#[test]
fn takes_keys_of_mixed_sizes() {
    let keys = PublicKeys::new([crate::key_refusals::key_of_bits(4096), SIGNER.public_key().clone()]).unwrap();
    let challenge = server().issue(&caller(), at(T0), filled(1)).unwrap();
    let signature = SIGNER.sign(challenge.as_str(), &rng()).unwrap();
    assert!(server().check(challenge.as_str(), &signature, &caller(), &keys, at(T0)).is_ok());
    let of_4096_bits = BASE64_STANDARD.encode([1; 512]);
    let refused = server().check(challenge.as_str(), &of_4096_bits, &caller(), &keys, at(T0)).unwrap_err();
    assert_eq!(refused.kind(), VerifyErrorKind::NoMatch);
}

#[test]
fn passes_the_error_of_the_random_source_on() {
    let failed = server().issue(&caller(), at(T0), |_| Err("no randomness")).unwrap_err();
    assert_eq!(failed, "no randomness");
}

#[test]
fn fractions_of_a_second_do_not_shorten_or_stretch_a_life() {
    use time::Duration;
    let almost = Duration::nanoseconds(999_999_999);
    let challenge = server().issue(&caller(), at(T0) + almost, filled(1)).unwrap();
    assert_eq!(challenge.expires_at(), at(T0 + 300));
    let signature = SIGNER.sign(challenge.as_str(), &rng()).unwrap();
    let check = |now| server().check(challenge.as_str(), &signature, &caller(), &signer_keys(), now);
    assert!(check(at(T0 + 299) + almost).is_ok());
    assert_eq!(check(at(T0 + 300)).unwrap_err().kind(), VerifyErrorKind::Expired);
}

#[test]
fn a_clock_out_of_range_issues_dead_challenges() {
    use time::{Date, PrimitiveDateTime, Time};
    for now in [at(-1_000), at(253_402_300_799), PrimitiveDateTime::new(Date::MIN, Time::MIDNIGHT).assume_utc()] {
        let challenge = server().issue(&caller(), now, filled(1)).unwrap();
        assert_eq!(challenge.expires_at(), at(0));
        assert_eq!(Challenge::parse(challenge.as_str()).unwrap().expires_at(), at(0));
    }
}

#[test]
fn error_texts_and_debug_outputs_hold_no_input() {
    assert_eq!(Challenge::parse("secret").unwrap_err().to_string(), "challenge prefix is missing");
    assert_eq!(format!("{:?}", challenge_key(1)), "ChallengeKey(..)");
    assert_eq!(format!("{:?}", server()), "ChallengeKeys(..)");
    assert_eq!(format!("{:?}", &*SIGNER), "Signer(..)");
}
