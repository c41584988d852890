//! The merchant's side: what it signs, what it refuses, which keys it makes and takes.

use std::{error::Error as _, fs, path::Path};

use rsa::{RsaPublicKey, pkcs1v15, pkcs8::DecodePublicKey as _};
use tollgate_challenge_signature::{
    PREFIX,
    merchant::{GenerateErrorKind, MAX_PKCS8_PEM_LEN, SignErrorKind, Signer, generate_pkcs8_pem},
};

use crate::support::{SIGNER, T0, at, block_on, caller, filled, rng, server, signer_keys, text, vector, vector_pair};

#[test]
fn signs_what_the_server_accepts() {
    let challenge = server().issue(&caller(), at(T0), filled(9)).unwrap();
    let signature = SIGNER.sign(challenge.as_str(), &rng()).unwrap();
    let answered = server().check(challenge.as_str(), &signature, &caller(), &signer_keys(), at(T0)).unwrap();
    assert_eq!(answered.nonce().as_bytes(), &[9; 16]);
    let store = crate::support::MemoryStore::new(at(T0), 1);
    assert!(block_on(answered.redeem(&store)).is_ok());
}

#[test]
fn refuses_to_sign_anything_but_a_challenge() {
    let (challenge, _) = vector_pair();
    let jwt = text(&vector("cardpluspay/challenge-refuse")["inputs"]["cases"][7]["challenge"]);
    let jwt_input = jwt.rsplit_once('.').unwrap().0;
    let body = challenge.strip_prefix(PREFIX).unwrap();
    let rows = [
        ("empty", String::new()),
        ("a JWT", jwt.to_owned()),
        ("the signing input of a JWT", jwt_input.to_owned()),
        ("a JWT behind the prefix", format!("{PREFIX}{jwt}")),
        ("the signing input of a JWT behind the prefix", format!("{PREFIX}{jwt_input}")),
        ("any text", "I owe you 100 USD".to_owned()),
        ("any text behind the prefix", format!("{PREFIX}I owe you 100 USD")),
        ("base64url of any text behind the prefix", format!("{PREFIX}SSBvd2UgeW91IDEwMCBVU0Q")),
        ("prefix only", PREFIX.to_owned()),
        ("no prefix", body.to_owned()),
        ("prefix of another version", format!("cpp-challenge-v2.{body}")),
        ("prefix twice", format!("{PREFIX}{challenge}")),
        ("line feed after", format!("{challenge}\n")),
        ("CRLF after", format!("{challenge}\r\n")),
        ("line feed before", format!("\n{challenge}")),
        ("line feed inside", challenge.replacen('.', ".\n", 1)),
        ("text after", format!("{challenge} and more")),
        ("two challenges", format!("{challenge}{challenge}")),
        ("not ASCII", format!("{challenge}é")),
        ("padding", format!("{challenge}=")),
        ("longer than 256", format!("{challenge}{}", "A".repeat(256))),
    ];
    for (label, text) in rows {
        let refused = SIGNER.sign(&text, &rng()).unwrap_err();
        assert_eq!(refused.kind(), SignErrorKind::NotAChallenge, "{label}");
    }
    assert!(SIGNER.sign(challenge, &rng()).is_ok());
}

#[test]
fn makes_the_same_signature_as_another_implementation_verifies() {
    let (challenge, _) = vector_pair();
    let signature = SIGNER.sign(challenge, &rng()).unwrap();
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &signature).unwrap();
    let key = RsaPublicKey::from_public_key_der(SIGNER.public_key().spki_der()).unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, challenge.as_bytes());
    // The DigestInfo of SHA-256 stands before the digest (RFC 8017 §9.2, note 1).
    let prefix = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    let scheme = pkcs1v15::Pkcs1v15Sign { hash_len: Some(32), prefix: prefix.into() };
    assert!(key.verify(scheme, digest.as_ref(), &bytes).is_ok());
}

#[test]
fn makes_keys_of_the_offered_sizes_that_registration_takes() {
    for (bits, seed) in [(2048, 1), (2048, 2), (2048, 3), (3072, 1), (4096, 1)] {
        let (pem, public_key) = generate_pkcs8_pem(bits, filled(seed)).unwrap();
        assert_eq!(public_key.modulus_bits(), bits);
        let signer = Signer::from_pkcs8_pem(&pem).unwrap();
        assert_eq!(signer.public_key(), &public_key);
        let (challenge, _) = vector_pair();
        let signature = signer.sign(challenge, &rng()).unwrap();
        assert!(server().check(challenge, &signature, &caller(), &public_key.into(), at(T0)).is_ok());
    }
}

#[test]
fn different_randomness_makes_different_keys() {
    let key = |seed| generate_pkcs8_pem(2048, filled(seed)).unwrap().1;
    assert_eq!(key(7), *SIGNER.public_key());
    assert_ne!(key(8), *SIGNER.public_key());
}

#[test]
fn makes_no_key_of_another_size_or_without_randomness() {
    for bits in [0, 512, 1024, 2047, 2049, 2560, 4095, 4097, 8192, usize::MAX] {
        let refused = generate_pkcs8_pem(bits, filled(1)).unwrap_err();
        assert_eq!(refused.kind(), GenerateErrorKind::Bits, "{bits} bits");
        assert!(refused.source().is_none());
    }
    let refused = generate_pkcs8_pem(2048, |_| Err(crate::support::Full)).unwrap_err();
    assert_eq!(refused.kind(), GenerateErrorKind::Random);
    assert!(refused.source().is_some());
}

#[test]
fn refuses_private_keys_it_cannot_sign_with() {
    let (good, _) = generate_pkcs8_pem(2048, filled(7)).unwrap();
    let relabelled = |label: &str| good.replace("PRIVATE KEY", label);
    let rows = [
        ("empty", String::new(), SignErrorKind::KeyEncoding),
        ("a public key", SIGNER.public_key().to_spki_pem(), SignErrorKind::KeyEncoding),
        ("label of PKCS#1", relabelled("RSA PRIVATE KEY"), SignErrorKind::KeyEncoding),
        ("label of an encrypted key", relabelled("ENCRYPTED PRIVATE KEY"), SignErrorKind::KeyEncoding),
        ("two blocks", format!("{}{}", *good, *good), SignErrorKind::KeyEncoding),
        ("text before", format!("key\n{}", *good), SignErrorKind::KeyEncoding),
        ("too long", "A".repeat(MAX_PKCS8_PEM_LEN + 1), SignErrorKind::KeyEncoding),
        ("cut short", good.replacen("MII", "MIA", 1), SignErrorKind::KeyRefused),
        (
            "no key inside",
            "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n".to_owned(),
            SignErrorKind::KeyRefused,
        ),
    ];
    for (label, text, kind) in rows {
        assert_eq!(Signer::from_pkcs8_pem(&text).unwrap_err().kind(), kind, "{label}");
    }
}

/// The side channel of RUSTSEC-2023-0071 is in private-key operations of the `rsa` crate: none may be here.
#[test]
fn uses_the_private_key_type_of_rsa_for_generation_only() {
    let mut found = Vec::new();
    visit(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut |path, source| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        for word in ["RsaPrivateKey", "SigningKey", "DecryptingKey", "Pkcs1v15Sign", "hazmat", ".decrypt("] {
            if source.contains(word) {
                found.push((name.clone(), word));
            }
        }
    });
    assert_eq!(found, [("generate.rs".to_owned(), "RsaPrivateKey")]);
}

fn visit(folder: &Path, each: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            visit(&path, each);
        } else {
            each(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}
