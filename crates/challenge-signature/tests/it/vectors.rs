//! Known answers and refusals from `vectors/cardpluspay.json`.

use tollgate_challenge_signature::{Challenge, PublicKey, VerifyErrorKind};

use crate::support::{T0, at, caller, challenge_key, hex, server, text, vector, vector_key, vector_pair};

#[test]
fn issues_the_known_challenge_and_reads_it_back() {
    let vector = vector("cardpluspay/challenge");
    let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
    let expiry = inputs["expiry_unix"].as_i64().unwrap();

    let nonce = hex(&inputs["nonce_hex"]);
    let issued = server()
        .issue(&caller(), at(expiry - 300), |bytes| {
            bytes.copy_from_slice(&nonce);
            Ok::<_, ()>(())
        })
        .unwrap();
    assert_eq!(issued.as_str(), text(&expected["challenge"]));
    assert_eq!(issued.as_str().len() as u64, expected["length"].as_u64().unwrap());
    assert_eq!(issued.expires_at(), at(expiry));
    assert_eq!(issued.to_string(), issued.as_str());

    let parsed = Challenge::parse(issued.as_str()).unwrap();
    assert_eq!(u64::from(parsed.key_version()), inputs["mac_key_version"].as_u64().unwrap());
    assert_eq!(parsed.account(), text(&inputs["account"]));
    assert_eq!(parsed.key_id(), text(&inputs["key_id"]));
    assert_eq!(parsed.expires_at(), at(expiry));
    assert_eq!(parsed.nonce().as_bytes().as_slice(), nonce);
    assert_eq!(parsed.to_string(), text(&expected["challenge"]));
}

#[test]
fn is_live_until_the_second_of_expiry() {
    let (challenge, signature) = vector_pair();
    let keys = vector_key().into();
    for case in vector("cardpluspay/challenge")["expected"]["cases"].as_array().unwrap() {
        let checked = server().check(challenge, signature, &caller(), &keys, at(case["now"].as_i64().unwrap()));
        match text(&case["verdict"]) {
            "live" => assert!(checked.is_ok(), "{case}"),
            "expired" => assert_eq!(checked.unwrap_err().kind(), VerifyErrorKind::Expired, "{case}"),
            other => panic!("unknown verdict {other}"),
        }
    }
}

#[test]
fn accepts_the_known_signature_with_either_pem() {
    let vector = vector("cardpluspay/rsa-signature");
    let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
    let signature = text(&expected["signature_base64"]);
    for pem in ["public_key_spki_pem", "public_key_pkcs1_pem"] {
        let key = PublicKey::from_pem(text(&inputs[pem])).unwrap();
        assert_eq!(key.fingerprint(), text(&expected["spki_sha256_base64url"]), "{pem}");
        assert_eq!(key.to_spki_pem(), text(&inputs["public_key_spki_pem"]), "{pem}");
        assert_eq!((key.modulus_bits(), key.modulus_len()), (2048, 256), "{pem}");
        let answered =
            server().check(text(&inputs["message_ascii"]), signature, &caller(), &key.into(), at(T0)).unwrap();
        assert_eq!(answered.expires_at(), at(T0 + 300), "{pem}");
    }
}

#[test]
fn refuses_every_listed_signature() {
    use VerifyErrorKind::{NoMatch, SignatureEncoding, SignatureLength};
    let expected = [
        ("RSA-PSS over the same message", NoMatch),
        ("SHA-1 digest", NoMatch),
        ("prefix not signed", NoMatch),
        ("a trailing line feed was signed", NoMatch),
        ("wrapped at 76 characters", SignatureEncoding),
        ("padding characters removed", SignatureEncoding),
        ("last byte changed", NoMatch),
        ("255 bytes", SignatureLength),
        ("257 bytes, leading zero", SignatureLength),
        ("empty", SignatureLength),
        ("URL-safe alphabet", SignatureEncoding),
    ];
    let (challenge, good) = vector_pair();
    let keys = vector_key().into();
    let cases = vector("cardpluspay/rsa-signature-refuse")["inputs"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), expected.len());
    for (case, (defect, kind)) in cases.iter().zip(expected) {
        assert_eq!(text(&case["defect"]), defect);
        let refused = server().check(challenge, text(&case["signature"]), &caller(), &keys, at(T0)).unwrap_err();
        assert_eq!(refused.kind(), kind, "{defect}");
        assert!(server().check(challenge, good, &caller(), &keys, at(T0)).is_ok(), "{defect} burned the challenge");
    }
}

#[test]
fn refuses_every_listed_challenge_before_the_signature() {
    use VerifyErrorKind::{ChallengeTag, Malformed};
    let expected = [
        ("tag altered", ChallengeTag),
        ("expiry moved by one second", ChallengeTag),
        ("other key id", ChallengeTag),
        ("prefix of another purpose", Malformed),
        ("no prefix", Malformed),
        ("padding added", Malformed),
        ("unused bits of the last character set", Malformed),
        ("a JWT", Malformed),
    ];
    let inputs = &vector("cardpluspay/challenge-refuse")["inputs"];
    assert_eq!(text(&inputs["presented_with"]["account"]), caller().account());
    assert_eq!(text(&inputs["presented_with"]["key_id"]), caller().key_id());
    let keys = vector_key().into();
    let cases = inputs["cases"].as_array().unwrap();
    assert_eq!(cases.len(), expected.len());
    for (case, (defect, kind)) in cases.iter().zip(expected) {
        assert_eq!(text(&case["defect"]), defect);
        let challenge = text(&case["challenge"]);
        // A signature that is no base64 would be refused too, but later: the kind tells which check came first.
        let refused = server()
            .check(challenge, "not base64!", &caller(), &keys, at(inputs["now"].as_i64().unwrap()))
            .unwrap_err();
        assert_eq!(refused.kind(), kind, "{defect}");
    }
}

#[test]
fn the_vectors_hold_these_four_entries() {
    let names: Vec<_> =
        crate::support::VECTORS["vectors"].as_array().unwrap().iter().map(|v| text(&v["name"])).collect();
    assert_eq!(
        names,
        [
            "cardpluspay/challenge",
            "cardpluspay/rsa-signature",
            "cardpluspay/rsa-signature-refuse",
            "cardpluspay/challenge-refuse"
        ]
    );
    assert_eq!(challenge_key(1).version(), 1);
}
