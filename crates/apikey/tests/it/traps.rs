//! Published failures of others, each as a test.

use std::collections::BTreeMap;

use tollgate_apikey::{ApiKey, KeyDigest, KeyId, Mode, Pepper, Peppers, Verification, VerifiedKey};

use crate::fixtures::{CLIENTS, FORMATS, key, noise, pepper, peppers};

#[test]
fn an_unknown_id_a_wrong_secret_and_an_unknown_pepper_all_miss() {
    let peppers = peppers();
    let (right, wrong) = (key(1), key(2));
    let stored = peppers.digest(&right);
    assert!(matches!(peppers.verify(&wrong, &stored), Verification::NoMatch), "wrong secret");
    assert!(matches!(peppers.verify_absent(&right), Verification::NoMatch), "absent record");
    for version in [0, 1, 4, u32::MAX] {
        // The bytes are right under the current pepper: only the unknown version may make it miss.
        let unknown = KeyDigest::from_parts(version, *stored.as_bytes());
        assert!(matches!(peppers.verify(&right, &unknown), Verification::NoMatch), "pepper {version}");
    }
    // Known, but not the one that keyed these bytes.
    let other = KeyDigest::from_parts(2, *stored.as_bytes());
    assert!(matches!(peppers.verify(&right, &other), Verification::NoMatch), "pepper 2");
}

#[test]
fn every_bit_of_the_digest_counts() {
    let peppers = peppers();
    let right = key(1);
    let stored = peppers.digest(&right);
    for bit in 0..256 {
        let mut bytes = *stored.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verdict = peppers.verify(&right, &KeyDigest::from_parts(stored.pepper_version(), bytes));
        assert!(matches!(verdict, Verification::NoMatch), "bit {bit}");
    }
}

#[test]
fn a_match_under_an_old_pepper_brings_the_new_digest() {
    let right = key(1);
    let stored = Peppers::new(pepper(2, 0xb2)).digest(&right);
    let peppers = peppers();
    let Verification::MatchOldPepper(verified, renewed) = peppers.verify(&right, &stored) else {
        panic!("stored under an earlier pepper")
    };
    assert_eq!((verified.id(), verified.mode()), (right.id(), Mode::Live));
    assert_eq!(renewed.pepper_version(), 3);
    assert_eq!(renewed.as_bytes(), peppers.digest(&right).as_bytes());
    let Verification::Match(verified) = peppers.verify(&right, &renewed) else { panic!("re-digested") };
    assert_eq!(verified.id(), right.id());
    assert!(matches!(peppers.verify(&key(2), &stored), Verification::NoMatch), "wrong secret, old pepper");
}

#[test]
fn only_a_match_yields_a_proof() {
    let peppers = peppers();
    let right = key(1);
    let proof = |verdict: Verification| verdict.into_verified().map(|verified: VerifiedKey| verified.id());
    assert_eq!(proof(peppers.verify(&right, &peppers.digest(&right))), Some(right.id()));
    let old = Peppers::new(pepper(2, 0xb2)).digest(&right);
    assert_eq!(proof(peppers.verify(&right, &old)), Some(right.id()));
    assert_eq!(proof(peppers.verify_absent(&right)), None);
}

#[test]
fn the_whole_text_is_digested() {
    // Same id and secret, another mode: another digest.
    let peppers = peppers();
    let live = FORMATS[0].mint(Mode::Live, noise(9)).expect("noise is usable");
    let test = FORMATS[0].mint(Mode::Test, noise(9)).expect("noise is usable");
    assert_eq!(live.id(), test.id());
    assert!(matches!(peppers.verify(&test, &peppers.digest(&live)), Verification::NoMatch));
}

#[test]
fn no_family_reads_the_key_of_another_and_no_mode_that_of_the_other() {
    let modes = [Mode::Live, Mode::Test];
    for (made_by, made_in) in (0..FORMATS.len()).flat_map(|family| modes.map(|mode| (family, mode))) {
        let made = FORMATS[made_by].mint(made_in, noise(5)).expect("noise is usable");
        for (read_by, format) in FORMATS.iter().enumerate() {
            let read = format.parse(made.expose_secret());
            assert_eq!(read.is_ok(), read_by == made_by, "family {made_by} read by {read_by}");
            let Ok(read) = read else { continue };
            assert_eq!(read.mode(), made_in);
            match made_in {
                Mode::Live => {
                    let read = read.into_test().expect_err("a live key is no test key");
                    assert_eq!(read.into_live().expect("live").as_key().mode(), Mode::Live);
                }
                Mode::Test => {
                    let read = read.into_live().expect_err("a test key is no live key");
                    assert_eq!(read.into_test().expect("test").into_key().mode(), Mode::Test);
                }
            }
        }
        assert!(CLIENTS.parse(made.expose_secret()).is_err(), "a secret is no public id");
    }
}

#[test]
fn draws_every_character_equally_often() {
    let mut seen = BTreeMap::new();
    let mut refused = 0;
    for byte in 0..=u8::MAX {
        let constant = |bytes: &mut [u8]| -> Result<(), std::convert::Infallible> {
            bytes.fill(byte);
            Ok(())
        };
        match KeyId::mint(constant) {
            Ok(id) => *seen.entry(id.to_string()).or_insert(0) += 1,
            Err(_) => refused += 1,
        }
    }
    assert_eq!(seen.len(), 62);
    assert!(seen.values().all(|times| *times == 4), "{seen:?}");
    assert_eq!(refused, 8);
}

#[test]
fn minted_ids_and_secrets_differ() {
    let mut fill = noise(11);
    let keys: Vec<ApiKey> = (0..64).map(|_| FORMATS[1].mint(Mode::Live, &mut fill).expect("noise")).collect();
    let ids: std::collections::BTreeSet<KeyId> = keys.iter().map(ApiKey::id).collect();
    let secrets: std::collections::BTreeSet<&str> = keys.iter().map(|key| &key.expose_secret()[20..52]).collect();
    assert_eq!((ids.len(), secrets.len()), (64, 64));
}

#[test]
fn debug_texts_and_errors_hold_no_secret() {
    let right = key(1);
    let whole = right.expose_secret().to_owned();
    let peppers = peppers();
    let digest = peppers.digest(&right);
    assert_eq!(format!("{right:?}"), "ApiKey([redacted])");
    assert_eq!(format!("{right:#?}"), "ApiKey([redacted])");
    assert_eq!(format!("{digest:?}"), "KeyDigest([redacted])");
    assert_eq!(format!("{peppers:?}"), "Peppers([redacted])");
    assert_eq!(format!("{:?}", Pepper::new(1, &[1; 32])), "Ok(Pepper([redacted]))");
    assert_eq!(format!("{:?}", key(1).into_live()), "Ok(LiveKey(ApiKey([redacted])))");
    let old = Peppers::new(pepper(2, 0xb2)).digest(&right);
    let renewed = format!("{:?}", peppers.verify(&right, &old));
    assert!(renewed.contains("KeyDigest([redacted])") && !renewed.contains(&whole[26..58]), "{renewed}");
}
