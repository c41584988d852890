//! Wycheproof vectors for the primitives, as this crate calls them.

use ring::hmac;
use ring::signature::{ED25519, UnparsedPublicKey};
use subtle::ConstantTimeEq as _;
use wycheproof::TestResult;
use wycheproof::{eddsa, mac};

#[track_caller]
fn hmac_tags(name: mac::TestName, algorithm: hmac::Algorithm, tag_bits: usize) {
    let set = mac::TestSet::load(name).expect("the test set");
    let mut judged = 0;
    for group in set.test_groups.iter().filter(|group| group.tag_size == tag_bits) {
        for test in &group.tests {
            let tag = hmac::sign(&hmac::Key::new(algorithm, &test.key), &test.msg);
            let accepted = bool::from(tag.as_ref().ct_eq(&test.tag));
            assert_eq!(accepted, test.result == TestResult::Valid, "case {}", test.tc_id);
            judged += 1;
        }
    }
    assert!(judged > 50, "only {judged} cases");
}

#[test]
fn hmac_sha256_judges_full_tags_as_published() {
    hmac_tags(mac::TestName::HmacSha256, hmac::HMAC_SHA256, 256);
}

#[test]
fn hmac_sha512_judges_full_tags_as_published() {
    hmac_tags(mac::TestName::HmacSha512, hmac::HMAC_SHA512, 512);
}

#[test]
fn ed25519_judges_signatures_as_published() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("the test set");
    let mut judged = 0;
    for group in &set.test_groups {
        let key = UnparsedPublicKey::new(&ED25519, &group.key.pk);
        for test in &group.tests {
            let accepted = key.verify(&test.msg, &test.sig).is_ok();
            assert_eq!(accepted, test.result == TestResult::Valid, "case {}", test.tc_id);
            judged += 1;
        }
    }
    assert!(judged > 100, "only {judged} cases");
}
