//! Project Wycheproof through the public raw checks: no false accept and no false refusal.

use tollgate_jwt_session::request::RequestKey;
use tollgate_jwt_session::{MIN_SECRET_LEN, VerifyingKey};
use wycheproof::{TestResult, ecdsa, mac};

#[test]
fn agrees_with_wycheproof_on_p256() {
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    let mut seen = 0;
    for group in &set.test_groups {
        let key = VerifyingKey::es256_from_public("wycheproof", &group.key.key).unwrap();
        for test in &group.tests {
            let accepted = key.verify(&test.msg, &test.sig).is_ok();
            match test.result {
                TestResult::Valid => assert!(accepted, "case {} is valid", test.tc_id),
                TestResult::Invalid => assert!(!accepted, "case {} is invalid: {}", test.tc_id, test.comment),
                TestResult::Acceptable => {}
            }
            seen += 1;
        }
    }
    assert_eq!(seen, set.number_of_tests);
    assert!(seen > 200);
}

#[test]
fn agrees_with_wycheproof_on_hmac() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let (mut seen, mut through_a_ring_key) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let mut accepted = RequestKey::new(&test.key).unwrap().verify(&test.msg, &test.tag).is_ok();
            if test.key.len() >= MIN_SECRET_LEN {
                let key = VerifyingKey::hs256("wycheproof", &test.key).unwrap();
                assert_eq!(key.verify(&test.msg, &test.tag).is_ok(), accepted, "both paths agree on {}", test.tc_id);
                through_a_ring_key += 1;
            }
            if group.tag_size != 256 {
                // A truncated tag is never taken, whatever the set thinks of it.
                assert!(!accepted, "case {} is truncated", test.tc_id);
                accepted = test.result == TestResult::Valid;
            }
            match test.result {
                TestResult::Valid => assert!(accepted, "case {} is valid", test.tc_id),
                TestResult::Invalid => assert!(!accepted, "case {} is invalid: {}", test.tc_id, test.comment),
                TestResult::Acceptable => {}
            }
            seen += 1;
        }
    }
    assert_eq!(seen, set.number_of_tests);
    assert!(seen > 150 && through_a_ring_key > 100);
}
