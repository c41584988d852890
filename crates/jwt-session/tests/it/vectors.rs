//! The shared vectors in `vectors/`: every row that concerns tokens.

use serde_json::{Value, json};
use tollgate_jwt_session::request::{RequestKey, RequestKeys};
use tollgate_jwt_session::{KeyRing, Profile, SessionId, TokenType, TokenVerifier, VerifyErrorKind, danger};

use crate::support::{ISSUER, accepts, at, profile, refuses, unb64, verifier_of, verifier_of_secret};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/", $name))
    };
}

fn vector(file: &str, name: &str) -> Value {
    let file: Value = serde_json::from_str(file).unwrap();
    let entry = file["vectors"].as_array().unwrap().iter().find(|entry| entry["name"] == name);
    entry.expect("the vector is in the file").clone()
}

fn with_env(profile: Profile) -> Profile {
    profile.with_exact_claim("env", "test").unwrap()
}

fn eighty_eight_pay(jwk: &Value, mode: &str) -> TokenVerifier {
    let profile = profile("88pay", TokenType::JWT, 60).with_exact_claim("env", mode).unwrap();
    verifier_of(profile, jwk)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// Runs the `now`/`verdict` rows of a vector.
fn follows_the_clock(ring: &TokenVerifier, vector: &Value) {
    let token = text(&vector["inputs"], "token");
    let cases = vector["expected"]["cases"].as_array().unwrap();
    for case in cases.iter().filter(|case| case.get("user_generation").is_none()) {
        let now = case["now"].as_i64().unwrap();
        let accepted = ring.verify::<Value>(token, at(now)).is_ok();
        assert_eq!(accepted, text(case, "verdict") == "accept", "{}: {case}", vector["name"]);
    }
}

#[test]
fn refuses_every_defect_of_the_refusal_list() {
    let vector = vector(file!("jwt.json"), "jwt/refuse");
    let inputs = &vector["inputs"];
    assert_eq!(text(inputs, "expected_iss"), ISSUER);
    let ring = verifier_of_secret(
        with_env(profile(text(inputs, "expected_aud"), TokenType::JWT, 600)),
        text(inputs, "expected_kid"),
        &inputs["hs256_key_hex"],
    );
    let now = inputs["now"].as_i64().unwrap();
    let cases = inputs["cases"].as_array().unwrap();
    let expected = [
        ("exp is a string", VerifyErrorKind::Claims),
        ("exp is a float", VerifyErrorKind::Claims),
        ("exp in exponent form", VerifyErrorKind::Malformed),
        ("exp is negative", VerifyErrorKind::Claims),
        ("exp is null", VerifyErrorKind::Claims),
        ("exp missing", VerifyErrorKind::Claims),
        ("exp given twice", VerifyErrorKind::Malformed),
        ("nbf in the future", VerifyErrorKind::NotYetValid),
        ("nbf is a string", VerifyErrorKind::Claims),
        ("aud of another kind", VerifyErrorKind::WrongAudience),
        ("aud is an array", VerifyErrorKind::WrongAudience),
        ("iss of another server", VerifyErrorKind::WrongIssuer),
        ("env live on a test listener", VerifyErrorKind::WrongExactClaim),
        ("kid missing", VerifyErrorKind::UnknownKey),
        ("kid unknown", VerifyErrorKind::UnknownKey),
        ("kid is a path", VerifyErrorKind::UnknownKey),
        ("alg HS512", VerifyErrorKind::WrongAlgorithm),
        ("alg hs256 in lower case", VerifyErrorKind::WrongAlgorithm),
        ("alg None", VerifyErrorKind::Malformed),
        ("typ of another kind", VerifyErrorKind::WrongType),
        ("crit present", VerifyErrorKind::ForbiddenHeader),
        ("jku present", VerifyErrorKind::ForbiddenHeader),
        ("x5u present", VerifyErrorKind::ForbiddenHeader),
        ("jwk present", VerifyErrorKind::ForbiddenHeader),
        ("alg given twice", VerifyErrorKind::Malformed),
        ("signature of another key", VerifyErrorKind::Signature),
        ("empty signature", VerifyErrorKind::Malformed),
        ("four parts", VerifyErrorKind::Malformed),
        ("standard base64 alphabet in a part", VerifyErrorKind::Malformed),
    ];
    assert_eq!(cases.len(), expected.len(), "every row has its expected kind");
    for (case, (defect, kind)) in cases.iter().zip(expected) {
        assert_eq!(text(case, "defect"), defect);
        refuses(&ring, text(case, "token"), now, kind, defect);
    }
}

#[test]
fn no_kind_of_token_passes_as_another() {
    let tokens = vector(file!("jwt.json"), "tokens/no-kind-passes-as-another");
    let key = |file, name, member: &str| vector(file, name)["inputs"][member].clone();
    let panel = key(file!("caibo.json"), "caibo/login-token", "hs256_key_hex");
    let session = key(file!("eighty-eight-pay.json"), "88pay/session-token", "jwk");
    let pledg = key(file!("pledg.json"), "pledg/access-token", "hs256_key_hex");
    let access = key(file!("alternative.json"), "alternative/access-token", "jwk");
    let checkout = key(file!("alternative.json"), "alternative/checkout-token", "hs256_key_hex");
    let rings = [
        ("panel", verifier_of_secret(profile("panel", TokenType::JWT, 1800), "pnl-test-1", &panel)),
        ("88pay", eighty_eight_pay(&session, "test")),
        ("pledg", verifier_of_secret(with_env(profile("pledg", TokenType::JWT, 600)), "plg-test-1", &pledg)),
        ("alternative", verifier_of(with_env(profile("alternative", TokenType::AT_JWT, 3600)), &access)),
        (
            "alternative-checkout",
            verifier_of_secret(
                with_env(profile("alternative-checkout", TokenType::CHECKOUT_JWT, 900)),
                "chk-test-1",
                &checkout,
            ),
        ),
    ];
    let now = tokens["inputs"]["now"].as_i64().unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for (kind, token) in tokens["inputs"]["tokens"].as_object().unwrap() {
        let token = token.as_str().unwrap();
        let kid = danger::unverified_kid(token).unwrap();
        for (own, ring) in &rings {
            let verified = ring.verify::<Value>(token, at(now));
            assert_eq!(verified.is_ok(), kind == own, "{kind} token at the {own} verifier");
            assert_eq!(ring.verifies_kid(kid.as_str()), kind == own, "{kind} key at the {own} verifier");
            if verified.is_ok() { accepted += 1 } else { refused += 1 }
        }
    }
    assert_eq!((accepted, refused), (5, 20));
}

#[test]
fn parts_kinds_even_under_one_key() {
    // The last line of defence when an operator gives two kinds the same key: typ, aud and exact claims part them.
    let tokens = vector(file!("jwt.json"), "tokens/no-kind-passes-as-another");
    let checkout_key =
        vector(file!("alternative.json"), "alternative/checkout-token")["inputs"]["hs256_key_hex"].clone();
    let token = text(&tokens["inputs"]["tokens"], "alternative-checkout");
    for (audience, typ, kind) in [
        ("alternative-checkout", TokenType::JWT, VerifyErrorKind::WrongType),
        ("pledg", TokenType::CHECKOUT_JWT, VerifyErrorKind::WrongAudience),
    ] {
        let ring = verifier_of_secret(with_env(profile(audience, typ, 900)), "chk-test-1", &checkout_key);
        refuses(&ring, token, tokens["inputs"]["now"].as_i64().unwrap(), kind, audience);
    }
}

#[test]
fn refuses_the_published_sample_for_its_der_signature() {
    let vector = vector(file!("eighty-eight-pay.json"), "88pay/published-sample");
    let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
    let input = text(inputs, "signing_input");
    let (header, payload) = input.split_once('.').unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&unb64(header)).unwrap(), expected["header"]);
    let claims: Value = serde_json::from_slice(&unb64(payload)).unwrap();
    assert_eq!(claims, expected["payload"]);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), expected["lifetime_s"]);
    let start = text(inputs, "signature_starts_with");
    assert_eq!(unb64(start)[..2], [0x30, 0x45], "a DER sequence of 69 bytes");

    // The sample is cut short in print; any completion to DER has the wrong length, as has no kid at all.
    let token = format!("{input}.{start}{}", "A".repeat(95 - start.len()));
    let jwk = self::vector(file!("eighty-eight-pay.json"), "88pay/session-token")["inputs"]["jwk"].clone();
    let ring = eighty_eight_pay(&jwk, "test");
    refuses(&ring, &token, claims["iat"].as_i64().unwrap(), VerifyErrorKind::UnknownKey, "sample");
}

#[test]
fn digests_the_whole_session_id() {
    let vector = vector(file!("eighty-eight-pay.json"), "88pay/sid");
    let session = SessionId::parse(text(&vector["inputs"], "session_id")).unwrap();
    assert_eq!(session.digest().to_string(), text(&vector["expected"], "sid"));
}

#[test]
fn takes_a_session_token_with_its_session_id_only() {
    let vector = vector(file!("eighty-eight-pay.json"), "88pay/session-token");
    let inputs = &vector["inputs"];
    let cases = vector["expected"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let of_case = |name: &str| case.get(name).unwrap_or(&inputs[name]).as_str().unwrap().to_owned();
        let ring = eighty_eight_pay(&inputs["jwk"], &of_case("listener_mode"));
        let session = SessionId::parse(&of_case("session_id")).unwrap();
        let paired = ring
            .verify::<Value>(text(inputs, "token"), at(case["now"].as_i64().unwrap()))
            .and_then(|token| token.pair(&session));
        assert_eq!(paired.is_ok(), text(case, "verdict") == "accept", "{case}");
        if let Ok(paired) = paired {
            assert_eq!(*paired.claims(), json!({"merchant_id": "MCH-COL-TEST-7QX2Z", "cid": "zzzzzzzzzzzz"}));
            assert_eq!(paired.token_id(), "AAECAwQFBgcICQoLDA0ODw");
            assert_eq!(paired.kid().as_str(), "88p-test-1");
            assert_eq!((paired.expires_at() - paired.issued_at()).whole_seconds(), 60);
        }
    }
}

#[test]
fn refuses_every_defect_of_a_session_token() {
    let vector = vector(file!("eighty-eight-pay.json"), "88pay/session-token-refuse");
    let inputs = &vector["inputs"];
    let ring = eighty_eight_pay(&inputs["jwk"], "test");
    let expected = [
        ("same signature in DER", VerifyErrorKind::Signature),
        ("63-byte signature", VerifyErrorKind::Signature),
        ("all-zero signature", VerifyErrorKind::Signature),
        ("HS256 keyed with the JWK text", VerifyErrorKind::WrongAlgorithm),
        ("HS256 keyed with the SPKI DER", VerifyErrorKind::WrongAlgorithm),
        ("alg none", VerifyErrorKind::Malformed),
        ("padded base64url", VerifyErrorKind::Malformed),
        ("trailing dot", VerifyErrorKind::Malformed),
    ];
    let cases = inputs["cases"].as_array().unwrap();
    assert_eq!(cases.len(), expected.len(), "every row has its expected kind");
    for (case, (defect, kind)) in cases.iter().zip(expected) {
        assert_eq!(text(case, "defect"), defect);
        refuses(&ring, text(case, "token"), inputs["now"].as_i64().unwrap(), kind, defect);
    }
}

#[test]
fn takes_a_pledg_access_token_until_its_last_second() {
    let vector = vector(file!("pledg.json"), "pledg/access-token");
    let inputs = &vector["inputs"];
    let ring =
        verifier_of_secret(with_env(profile("pledg", TokenType::JWT, 600)), "plg-test-1", &inputs["hs256_key_hex"]);
    follows_the_clock(&ring, &vector);
    let claims = accepts(&ring, text(inputs, "token"), 1_767_225_600);
    assert_eq!(claims["merchants"], json!(["mer_0b54c1f2-6a0e-4c55-9a3e-0d6d1f4f7a11"]));
}

#[test]
fn takes_a_signed_request_until_its_leeway_ends() {
    let vector = vector(file!("pledg.json"), "pledg/request-signature");
    let inputs = &vector["inputs"];
    let signature = text(inputs, "signature");
    let unverified: Value = danger::unverified_claims(signature).unwrap();
    assert_eq!(unverified["data"]["merchantUid"], "mer_0b54c1f2-6a0e-4c55-9a3e-0d6d1f4f7a11");

    let keys = RequestKeys::new([
        RequestKey::new(b"another secret of the merchant").unwrap(),
        RequestKey::new(text(inputs, "secret_utf8").as_bytes()).unwrap(),
    ])
    .unwrap();
    let cases = vector["expected"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let verified = keys.verify::<Value>(signature, at(case["now"].as_i64().unwrap()));
        assert_eq!(verified.is_ok(), text(case, "verdict").starts_with("accept"), "{case}");
        if let Ok(request) = verified {
            assert_eq!(*request.claims(), unverified);
            assert_eq!(request.payload(), unb64(signature.split('.').nth(1).unwrap()));
        }
    }
}

#[test]
fn takes_the_published_transfer_signature_with_its_short_secret() {
    let vector = vector(file!("pledg.json"), "pledg/transfer-mode/published");
    let inputs = &vector["inputs"];
    let keys = RequestKeys::new([RequestKey::new(text(inputs, "secret_utf8").as_bytes()).unwrap()]).unwrap();
    let request = keys.verify::<Value>(text(&inputs["body"], "signature"), at(1_767_225_600)).unwrap();
    assert_eq!(*request.claims(), vector["expected"]["payload"]);
    assert_eq!((request.issued_at(), request.expires_at()), (None, None));
}

#[test]
fn refuses_forged_transfer_signatures() {
    let vector = vector(file!("pledg.json"), "pledg/transfer-mode/refuse");
    let secret = text(&vector["inputs"], "secret_utf8").as_bytes();
    let keys = RequestKeys::new([RequestKey::new(secret).unwrap()]).unwrap();
    for (row, kind) in
        [(0, VerifyErrorKind::Signature), (1, VerifyErrorKind::Malformed), (2, VerifyErrorKind::WrongAlgorithm)]
    {
        let case = &vector["inputs"]["cases"][row];
        let error = keys.verify::<Value>(text(case, "token"), at(1_767_225_600)).unwrap_err();
        assert_eq!(error.kind(), kind, "{}", case["defect"]);
    }
}

#[test]
fn takes_alternative_tokens_until_their_last_second() {
    let access = vector(file!("alternative.json"), "alternative/access-token");
    let ring = verifier_of(with_env(profile("alternative", TokenType::AT_JWT, 3600)), &access["inputs"]["jwk"]);
    follows_the_clock(&ring, &access);

    let checkout = vector(file!("alternative.json"), "alternative/checkout-token");
    let ring = verifier_of_secret(
        with_env(profile("alternative-checkout", TokenType::CHECKOUT_JWT, 900)),
        "chk-test-1",
        &checkout["inputs"]["hs256_key_hex"],
    );
    follows_the_clock(&ring, &checkout);
    let token = ring.verify::<Value>(text(&checkout["inputs"], "token"), at(1_767_226_499)).unwrap();
    assert_eq!(token.expires_at().unix_timestamp(), checkout["expected"]["expires_at"]);
    assert_eq!(token.claims()["invoice_id"], "inv_51c0");
}

#[test]
fn takes_a_login_token_and_leaves_its_generation_to_the_caller() {
    let vector = vector(file!("caibo.json"), "caibo/login-token");
    let inputs = &vector["inputs"];
    let ring = verifier_of_secret(profile("panel", TokenType::JWT, 1800), "pnl-test-1", &inputs["hs256_key_hex"]);
    follows_the_clock(&ring, &vector);
    let claims = accepts(&ring, text(inputs, "token"), 1_767_225_600);
    assert_eq!(claims, json!({"sub": "4711", "gen": inputs["user"]["generation"]}));
    let stale = vector["expected"]["cases"].as_array().unwrap().iter().find_map(|case| case.get("user_generation"));
    assert_ne!(&claims["gen"], stale.unwrap(), "the third row: a raised generation is seen by the caller");
}

#[test]
fn reissues_the_session_token_but_for_its_signature() {
    let vector = vector(file!("eighty-eight-pay.json"), "88pay/session-token");
    let expected: Value =
        serde_json::from_slice(&unb64(text(&vector["inputs"], "token").split('.').nth(1).unwrap())).unwrap();
    let ring =
        KeyRing::new(with_env(profile("88pay", TokenType::JWT, 60)), crate::support::es_key("88p-test-1")).unwrap();
    let claims = json!({"merchant_id": "MCH-COL-TEST-7QX2Z", "cid": "zzzzzzzzzzzz"});
    let mut session_bytes =
        Some([0x0f, 0x8f, 0xad, 0x5b, 0xd9, 0xcb, 0x46, 0x9f, 0xa1, 0x65, 0x70, 0x86, 0x77, 0x28, 0x95, 0x0e]);
    let mut count_up = crate::support::count_up();
    let (token, session) = ring
        .issue_session(&claims, at(1_767_225_600), |bytes| match session_bytes.take() {
            Some(fixed) => {
                bytes.copy_from_slice(&fixed);
                Ok(())
            }
            None => count_up(bytes),
        })
        .unwrap();
    assert_eq!(session.expose_secret(), text(&vector["inputs"], "session_id"));
    let issued: Value = serde_json::from_slice(&unb64(token.expose_secret().split('.').nth(1).unwrap())).unwrap();
    assert_eq!(issued, expected);
}
