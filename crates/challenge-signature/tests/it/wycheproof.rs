//! Project Wycheproof's RSASSA-PKCS1-v1_5 verification cases with SHA-256, through our own key parser.

use tollgate_challenge_signature::{KeyErrorKind, PublicKey};
use wycheproof::{
    TestResult,
    rsa_pkcs1_verify::{TestFlag, TestName, TestSet},
};

/// Runs one set; gives the numbers of cases that were decided, and of cases whose key is refused at registration.
#[track_caller]
fn run(name: TestName, bits: usize) -> (usize, usize) {
    let (mut decided, mut unregistered) = (0, 0);
    for group in TestSet::load(name).unwrap().test_groups {
        let from_der = PublicKey::from_spki_der(&group.der);
        assert_eq!(from_der, PublicKey::from_pem(&group.pem));
        let key = match from_der {
            Ok(key) => key,
            Err(refused) => {
                assert_eq!(refused.kind(), KeyErrorKind::Exponent);
                assert_eq!(group.key.e.as_slice(), [3]);
                unregistered += group.tests.len();
                continue;
            }
        };
        assert_eq!((key.modulus_bits(), key.spki_der()), (bits, group.der.as_slice()));
        for test in group.tests {
            // The one "acceptable" case leaves out the NULL of the digest algorithm; strict DER refuses it.
            let valid = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => {
                    assert!(test.flags.contains(&TestFlag::MissingNull));
                    false
                }
            };
            assert_eq!(key.verify_rsa_sha256(&test.msg, &test.sig), valid, "{name:?} case {}", test.tc_id);
            decided += 1;
        }
    }
    (decided, unregistered)
}

#[test]
fn decides_2048_bit_signatures() {
    assert_eq!(run(TestName::Rsa2048Sha256, 2048), (257, 2));
}

#[test]
fn decides_3072_bit_signatures() {
    assert_eq!(run(TestName::Rsa3072Sha256, 3072), (258, 1));
}

#[test]
fn decides_4096_bit_signatures() {
    assert_eq!(run(TestName::Rsa4096Sha256, 4096), (258, 0));
}

#[test]
fn decides_8192_bit_signatures() {
    assert_eq!(run(TestName::Rsa8192Sha256, 8192), (258, 0));
}
