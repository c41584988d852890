//! One labelled row per token that must not pass for its form, its header or its signature.

use std::error::Error as _;

use serde_json::{Value, json};
use tollgate_jwt_session::{MAX_TOKEN_LEN, VerifyErrorKind, danger};

use crate::support::{HEADER, SECRET, T0, accepts, at, b64, es_ring, forge, hs_ring, payload, refuses};

#[test]
fn refuses_framing_that_is_not_canonical() {
    let ring = hs_ring();
    let sound = forge(HEADER, &payload(json!({})), &SECRET);
    accepts(ring.verifier(), &sound, T0);
    let [header, body, tag] = sound.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    // The last character of a 32-byte part carries two bits that must be zero; "x" has one of them set.
    let stray = format!("{header}.{body}.{}{}", &tag[..tag.len() - 1], stray_bits(tag.as_bytes()[tag.len() - 1]));
    let malformed = [
        ("empty text", String::new()),
        ("one part", header.to_owned()),
        ("two parts", format!("{header}.{body}")),
        ("only dots", "..".to_owned()),
        ("empty header", format!(".{body}.{tag}")),
        ("empty payload", format!("{header}..{tag}")),
        ("empty signature", format!("{header}.{body}.")),
        ("four parts", format!("{sound}.{tag}")),
        ("five parts as in a JWE", format!("{header}.{body}.{tag}.{tag}.{tag}")),
        ("leading dot", format!(".{sound}")),
        ("padding", format!("{sound}=")),
        ("stray bits", stray),
        ("standard alphabet", format!("{header}.{body}.+{}", &tag[1..])),
        ("blank before", format!(" {sound}")),
        ("line end after", format!("{sound}\n")),
        ("NUL inside", format!("{header}.{body}\0.{tag}")),
        ("scheme left on", format!("Bearer {sound}")),
        ("not ASCII", format!("{header}.{body}.é{}", &tag[2..])),
    ];
    for (label, token) in malformed {
        refuses(ring.verifier(), &token, T0, VerifyErrorKind::Malformed, label);
    }
}

/// The neighbour of a last base64url character that decodes to the same bytes when stray bits are ignored.
fn stray_bits(last: u8) -> char {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = ALPHABET.iter().position(|&symbol| symbol == last).unwrap();
    assert_eq!(value & 3, 0);
    ALPHABET[value | 1].into()
}

#[test]
fn refuses_by_length_before_it_decodes() {
    let ring = hs_ring();
    let longest = token_of_length(MAX_TOKEN_LEN);
    accepts(ring.verifier(), &longest, T0);
    let longer = "!".repeat(MAX_TOKEN_LEN + 1);
    refuses(ring.verifier(), &longer, T0, VerifyErrorKind::TooLong, "one byte more, not even base64url");
    refuses(ring.verifier(), &"A".repeat(1 << 20), T0, VerifyErrorKind::TooLong, "a MiB");
    let bomb = forge(&format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(1 << 16)), "{}", &SECRET);
    refuses(ring.verifier(), &bomb, T0, VerifyErrorKind::TooLong, "64 KiB of key name");
}

/// Three payload bytes make four characters, so a length of 8192 is met by filling up and then by blanks in the header.
fn token_of_length(length: usize) -> String {
    let tokens = (0..4).flat_map(|blanks| {
        let header = format!("{HEADER}{}", " ".repeat(blanks));
        (5900..6200).map(move |filler| forge(&header, &payload(json!({"sub": "x".repeat(filler)})), &SECRET))
    });
    tokens.into_iter().find(|token| token.len() == length).expect("some token has this length")
}

#[test]
fn refuses_headers_that_are_not_ours() {
    let wrong_algorithm = [
        r#"{"alg":"none","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"None","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"nOnE","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"HS256 ","typ":"JWT","kid":"plg-1"}"#,
        r#"{"typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"hs256","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"HS384","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"RS256","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"ES256","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"ES256K","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"dir","typ":"JWT","kid":"plg-1"}"#,
        "{}",
    ];
    let wrong_type = [
        r#"{"alg":"HS256","kid":"plg-1"}"#,
        r#"{"alg":"HS256","typ":"","kid":"plg-1"}"#,
        r#"{"alg":"HS256","typ":"jwt","kid":"plg-1"}"#,
        r#"{"alg":"HS256","typ":"at+jwt","kid":"plg-1"}"#,
        r#"{"alg":"HS256","typ":"application/JWT","kid":"plg-1"}"#,
    ];
    let unknown_key = [
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":""}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"plg-2"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"PLG-1"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"../plg-1"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"plg-1' OR '1'='1"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"plg-1\u0000"}"#,
    ];
    let malformed = [
        r#"{"alg":256,"typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":null,"typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":["HS256"],"typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"HS256","typ":null,"kid":"plg-1"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":1}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":null}"#,
        r#"{"alg":"HS256","alg":"HS256","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"HS256","al\u0067":"none","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"HS256","typ":"JWT","typ":"JWT","kid":"plg-1"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"plg-1","kid":"x"}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"plg-1"}{}"#,
        r#"{"alg":"HS256","typ":"JWT","kid":"plg-1",}"#,
        r#"["HS256","JWT","plg-1"]"#,
        r#""HS256""#,
        "null",
        "\u{feff}{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"plg-1\"}",
    ];
    let ring = hs_ring();
    for (headers, kind) in [
        (&wrong_algorithm[..], VerifyErrorKind::WrongAlgorithm),
        (&wrong_type, VerifyErrorKind::WrongType),
        (&unknown_key, VerifyErrorKind::UnknownKey),
        (&malformed, VerifyErrorKind::Malformed),
    ] {
        for header in headers {
            let token = forge(header, &payload(json!({})), &SECRET);
            refuses(ring.verifier(), &token, T0, kind, header);
        }
    }
}

#[test]
fn refuses_every_other_header_member() {
    let ring = hs_ring();
    let members =
        ["jku", "x5u", "x5c", "x5t", "x5t#S256", "jwk", "crit", "zip", "b64", "enc", "cty", "nonce", "url", "x"];
    for name in members {
        for value in [json!(null), json!("https://canary.example/k"), json!(["exp"]), json!({"kty": "oct"})] {
            let header = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"plg-1","{name}":{value}}}"#);
            let token = forge(&header, &payload(json!({})), &SECRET);
            refuses(ring.verifier(), &token, T0, VerifyErrorKind::ForbiddenHeader, name);
        }
    }
    let deep = format!(r#"{{"alg":"HS256","typ":"JWT","kid":"plg-1","x":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
    let token = forge(&deep, &payload(json!({})), &SECRET);
    assert!(
        ring.verify::<Value>(&token, at(T0)).is_err(),
        "deep nesting in a header is an error, not a stack overflow"
    );
}

#[test]
fn refuses_hs256_keyed_with_anything_public() {
    // Algorithm confusion: the public key of an ES256 ring used as a MAC secret, in every form it is published in.
    let ring = es_ring();
    let jwk = &ring.jwks().keys()[0].clone();
    let x_y = serde_json::to_value(jwk).unwrap();
    let coordinate = |name: &str| crate::support::unb64(x_y[name].as_str().unwrap());
    let point: Vec<u8> = [vec![4], coordinate("x"), coordinate("y")].concat();
    let spki_head = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    let spki = [&spki_head[..], &point].concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &spki)
    );
    let payload = payload(json!({"aud": "88pay", "exp": T0 + 60}));
    let jwk_text = x_y.to_string();
    for (label, secret) in [
        ("point", &point[..]),
        ("x", &point[1..33]),
        ("SPKI DER", &spki),
        ("SPKI PEM", pem.as_bytes()),
        ("SPKI PEM without its line end", pem.trim_end().as_bytes()),
        ("JWK text", jwk_text.as_bytes()),
        ("empty", b""),
    ] {
        for (alg, kind) in [("HS256", VerifyErrorKind::WrongAlgorithm), ("ES256", VerifyErrorKind::Signature)] {
            let token = forge(&format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"88p-1"}}"#), &payload, secret);
            refuses(ring.verifier(), &token, T0, kind, label);
        }
    }
}

#[test]
fn refuses_signatures_of_another_key_or_length() {
    let ring = hs_ring();
    let sound = forge(HEADER, &payload(json!({})), &SECRET);
    let (input, tag) = sound.rsplit_once('.').unwrap();
    let tag = crate::support::unb64(tag);
    refuses(
        ring.verifier(),
        &forge(HEADER, &payload(json!({})), &[8; 32]),
        T0,
        VerifyErrorKind::Signature,
        "another secret",
    );
    for length in (0..tag.len()).skip(1) {
        let token = format!("{input}.{}", b64(&tag[..length]));
        refuses(ring.verifier(), &token, T0, VerifyErrorKind::Signature, "truncated tag");
    }
    let longer = [&tag[..], &[0]].concat();
    refuses(ring.verifier(), &format!("{input}.{}", b64(longer)), T0, VerifyErrorKind::Signature, "longer tag");
    refuses(ring.verifier(), &format!("{input}.{}", b64([0; 64])), T0, VerifyErrorKind::Signature, "64 zero bytes");
}

#[test]
fn peeks_are_as_strict_as_verification_in_form() {
    let token = forge(r#"{"alg":"HS256","kid":"plg-1"}"#, r#"{"exp":1}"#, b"anyone");
    assert_eq!(danger::unverified_kid(&token).unwrap().as_str(), "plg-1");
    assert_eq!(danger::unverified_claims::<Value>(&token).unwrap(), json!({"exp": 1}), "time is not looked at");
    let kid = |token: &str| danger::unverified_kid(token).unwrap_err().kind();
    assert_eq!(kid(&forge(r#"{"alg":"HS256"}"#, "{}", b"s")), VerifyErrorKind::UnknownKey);
    assert_eq!(kid(&forge(r#"{"alg":"HS256","kid":"../k"}"#, "{}", b"s")), VerifyErrorKind::UnknownKey);
    assert_eq!(kid(&forge(r#"{"kid":"k"}"#, "{}", b"s")), VerifyErrorKind::WrongAlgorithm);
    assert_eq!(kid(&forge(r#"{"alg":"HS256","kid":"k","jku":"u"}"#, "{}", b"s")), VerifyErrorKind::ForbiddenHeader);
    assert_eq!(kid("a.b"), VerifyErrorKind::Malformed);
    assert_eq!(kid(&"a".repeat(MAX_TOKEN_LEN + 1)), VerifyErrorKind::TooLong);
    let claims = |token: &str| danger::unverified_claims::<Value>(token).unwrap_err().kind();
    assert_eq!(claims(&forge(r#"{"alg":"none"}"#, "{}", b"s")), VerifyErrorKind::WrongAlgorithm);
    assert_eq!(claims(&forge(r#"{"alg":"HS256"}"#, r#"{"a":1,"a":1}"#, b"s")), VerifyErrorKind::Malformed);
    assert_eq!(claims(&forge(r#"{"alg":"HS256"}"#, r#"{"exp":"1"}"#, b"s")), VerifyErrorKind::Claims);
}

#[test]
fn error_texts_are_plain_and_repeat_no_input() {
    let error = hs_ring().verify::<Value>("canary.canary.canary", at(T0)).unwrap_err();
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains("canary"), "{text}");
    }
    assert_eq!(error.to_string(), "token is malformed");
    assert!(error.source().is_none());
}
