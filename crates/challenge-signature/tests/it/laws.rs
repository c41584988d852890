//! Laws over generated inputs: round trip, narrowing, tamper.

use proptest::prelude::*;
use tollgate_challenge_signature::{Caller, Challenge, LIFETIME, PublicKey, VerifyErrorKind};

use crate::support::{SIGNER, T0, at, caller, filled, rng, server, vector_key, vector_pair, with_char_changed};

proptest! {
    #[test]
    fn an_issued_challenge_reads_back_and_prints_back(
        account in "[!-~]{1,32}",
        key_id in "[0-9A-Za-z]{12}",
        now in 0_i64..253_402_300_000,
        nonce: [u8; 16],
    ) {
        let caller = Caller::new(&account, &key_id).unwrap();
        let fill = |bytes: &mut [u8]| { bytes.copy_from_slice(&nonce); Ok::<_, ()>(()) };
        let issued = server().issue(&caller, at(now), fill).unwrap();
        let parsed = Challenge::parse(issued.as_str()).unwrap();
        prop_assert_eq!(parsed.account(), account.as_str());
        prop_assert_eq!(parsed.key_id(), key_id.as_str());
        prop_assert_eq!(*parsed.nonce().as_bytes(), nonce);
        prop_assert_eq!(parsed.expires_at(), at(now) + LIFETIME);
        prop_assert_eq!(parsed.expires_at(), issued.expires_at());
        prop_assert_eq!(parsed.to_string(), issued.as_str());
    }

    #[test]
    fn what_parses_prints_back(bytes in prop::collection::vec(any::<u8>(), 72..110), text in "\\PC{0,300}") {
        use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
        let mut bytes = bytes;
        bytes[0] = 1;
        bytes[2] = u8::try_from(bytes.len() - 71).unwrap();
        for encoded in [format!("cpp-challenge-v1.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)), text] {
            if let Ok(parsed) = Challenge::parse(&encoded) {
                prop_assert_eq!(parsed.to_string(), encoded);
            }
        }
    }

    #[test]
    fn a_changed_challenge_authenticates_nobody(index: usize, other: u8) {
        let (challenge, signature) = vector_pair();
        let changed = with_char_changed(challenge, index, other);
        let refused = server().check(&changed, signature, &caller(), &vector_key().into(), at(T0)).unwrap_err();
        let before_the_signature = matches!(
            refused.kind(),
            VerifyErrorKind::Malformed | VerifyErrorKind::UnknownKeyVersion | VerifyErrorKind::ChallengeTag
        );
        prop_assert!(before_the_signature, "{:?}", refused.kind());
    }

    #[test]
    fn a_changed_signature_authenticates_nobody(index: usize, other: u8) {
        let (challenge, signature) = vector_pair();
        let changed = with_char_changed(signature, index, other);
        prop_assert!(server().check(challenge, &changed, &caller(), &vector_key().into(), at(T0)).is_err());
    }

    #[test]
    fn a_changed_key_text_is_refused_or_another_key(index: usize, other: u8) {
        let key = vector_key();
        let changed = with_char_changed(&key.to_spki_pem(), index, other);
        prop_assert_ne!(PublicKey::from_pem(&changed).ok(), Some(key));
    }

    #[test]
    fn only_the_caller_it_was_issued_to_can_answer(account in "[!-~]{1,32}", key_id in "[0-9A-Za-z]{12}") {
        let (challenge, signature) = vector_pair();
        let other = Caller::new(&account, &key_id).unwrap();
        prop_assume!(other != caller());
        let refused = server().check(challenge, signature, &other, &vector_key().into(), at(T0)).unwrap_err();
        prop_assert_eq!(refused.kind(), VerifyErrorKind::OtherCaller);
    }

    #[test]
    fn time_only_takes_validity_away(earlier in T0..T0 + 600, later in T0..T0 + 600) {
        prop_assume!(earlier <= later);
        let (challenge, signature) = vector_pair();
        let keys = vector_key().into();
        let passes = |now| server().check(challenge, signature, &caller(), &keys, at(now)).is_ok();
        prop_assert!(passes(earlier) || !passes(later));
        prop_assert_eq!(passes(later), later < T0 + 300);
    }

    #[test]
    fn the_merchant_signs_exactly_what_parses(index: usize, other: u8) {
        let challenge = server().issue(&caller(), at(T0), filled(5)).unwrap();
        let changed = with_char_changed(challenge.as_str(), index, other);
        prop_assert_eq!(SIGNER.sign(&changed, &rng()).is_ok(), Challenge::parse(&changed).is_ok());
    }

    #[test]
    fn stored_keys_read_back(number: u8) {
        let key = crate::key_refusals::some_key(number);
        prop_assert_eq!(PublicKey::from_spki_der(key.spki_der()).unwrap(), key.clone());
        prop_assert_eq!(PublicKey::from_pem(&key.to_spki_pem()).unwrap(), key);
    }
}
