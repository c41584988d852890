//! The shared vectors: every row of the webhook entries.

use serde_json::Value;
use tollgate_webhook_hmac::legacy::{eighty_eight_pay, pledg};
use tollgate_webhook_hmac::timestamped::{Hash, SignatureHeader, Signer};
use tollgate_webhook_hmac::{Tolerance, VerifyErrorKind, standard};

use crate::support::{at, at_ms, joined, number, secret_of, text, timestamped_verifier, vector};

const CAIBO: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/caibo.json"));
const STANDARD: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/standard-webhooks.json"));
const PLEDG: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/pledg.json"));
const EIGHTY_EIGHT_PAY: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/eighty-eight-pay.json"));

#[test]
fn signs_the_caibo_header() {
    let vector = vector(CAIBO, "caibo/webhook-signature");
    let inputs = &vector["inputs"];
    let signer = Signer::new(Hash::Sha512, [secret_of(&inputs["secret_text_parts"])]).unwrap();
    let header = signer.sign(text(&inputs["body_utf8"]).as_bytes(), at(number(&inputs["t"])));
    assert_eq!(header, text(&vector["expected"]["header"]));
}

#[test]
fn signs_a_binary_body() {
    let vector = vector(CAIBO, "caibo/webhook-signature-binary-body");
    let inputs = &vector["inputs"];
    assert_eq!(text(&inputs["body_hex"]), "ff000a80");
    let signer = Signer::new(Hash::Sha512, [secret_of(&inputs["secret_text_parts"])]).unwrap();
    let header = signer.sign(&[0xff, 0x00, 0x0a, 0x80], at(number(&inputs["t"])));
    assert_eq!(header, text(&vector["expected"]["header"]));
}

#[test]
fn signs_under_both_secrets_during_rotation() {
    let vector = vector(CAIBO, "caibo/webhook-rotation");
    let inputs = &vector["inputs"];
    let secrets: Vec<_> = inputs["secret_text_parts_newest_first"].as_array().unwrap().iter().map(secret_of).collect();
    let (body, now) = (text(&inputs["body_utf8"]).as_bytes(), at(number(&inputs["t"])));
    let header = Signer::new(Hash::Sha512, &secrets).unwrap().sign(body, now);
    assert_eq!(header, text(&vector["expected"]["header"]));
    let header = SignatureHeader::parse(&header).unwrap();
    for secret in secrets {
        let _ = timestamped_verifier(&[secret]).verify(&header, body, now).unwrap();
    }
}

#[test]
fn judges_every_caibo_case() {
    let vector = vector(CAIBO, "caibo/webhook-verdicts");
    let inputs = &vector["inputs"];
    let verifier = timestamped_verifier(&[secret_of(&inputs["secret_text_parts"])]);
    let cases = inputs["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 18);
    for case in cases {
        let body = case.get("body_utf8").unwrap_or(&inputs["body_utf8"]);
        let accepted = SignatureHeader::parse(text(&case["header"]))
            .ok()
            .and_then(|header| verifier.verify(&header, text(body).as_bytes(), at(number(&case["now"]))).ok())
            .is_some();
        assert_eq!(accepted, text(&case["verdict"]) == "accept", "{case}");
    }
}

#[test]
fn signs_and_verifies_the_standard_headers() {
    let vector = vector(STANDARD, "webhook/standard-headers");
    let inputs = &vector["inputs"];
    let secret = secret_of(&inputs["secret_text_parts"]);
    let (body, now) = (text(&inputs["body_utf8"]).as_bytes(), at(number(&inputs["webhook-timestamp"])));
    let id = standard::MessageId::parse(text(&inputs["webhook-id"])).unwrap();
    let sent = standard::Signer::new([&secret]).unwrap().sign(id, body, now);
    assert_eq!(
        sent.pairs(),
        [
            ("webhook-id", "msg_test_0001"),
            ("webhook-timestamp", "1767225600"),
            ("webhook-signature", text(&vector["expected"]["webhook-signature"])),
        ]
    );
    let headers = standard::Headers::parse(sent.id(), sent.timestamp(), sent.signature()).unwrap();
    let delivery =
        standard::Verifier::new([&secret], Tolerance::default()).unwrap().verify(&headers, body, now).unwrap();
    assert_eq!(
        (delivery.id(), delivery.body(), delivery.timestamp()),
        (id, body, number(&inputs["webhook-timestamp"]))
    );
}

/// Signs with Ed25519; made with OpenSSL from the seed 00 01 … 1f.
#[test]
fn signs_and_verifies_with_a_key_pair() {
    let seed = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let key = standard::SigningKey::parse(&format!("whsk_{seed}")).unwrap();
    assert_eq!(key.verifying_key().to_string(), "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");
    let verifying_key = key.verifying_key();
    let id = standard::MessageId::parse("msg_test_0001").unwrap();
    let sent = standard::Signer::asymmetric([key]).unwrap().sign(id, b"{}", at(1_767_225_600));
    assert_eq!(
        sent.signature(),
        "v1a,bnvueoqQqT51k1yEjxIUuskKCt+RifZ0mFNNJFqQXVf4OL4zCzbbrBXBHdhM++6MToKWcXae0U3SoyEJeJ0eDQ=="
    );
    let headers = standard::Headers::parse(sent.id(), sent.timestamp(), sent.signature()).unwrap();
    let verifier = standard::Verifier::asymmetric([verifying_key], Tolerance::default()).unwrap();
    assert_eq!(verifier.verify(&headers, b"{}", at(1_767_225_600)).unwrap().body(), b"{}");
}

#[track_caller]
fn back_mode(secret: &Value, unsigned: &str, signature: &str) {
    let secret = pledg::NotificationSecret::parse(text(secret)).expect("the secret of a vector");
    let computed = pledg::BackSigner::new(&secret).sign(unsigned.as_bytes()).expect("a body that can be signed");
    assert_eq!(computed, signature);
    let verifier = pledg::BackVerifier::new([&secret]).expect("a verifier");
    for signature in [signature.to_owned(), signature.to_lowercase()] {
        let mut body: Value = serde_json::from_str(unsigned).expect("json");
        body["signature"] = signature.into();
        assert!(verifier.verify(body.to_string().as_bytes()).is_ok());
    }
}

#[test]
fn signs_and_verifies_the_published_back_mode() {
    let vector = vector(PLEDG, "pledg/back-mode/published");
    let unsigned = vector["inputs"]["fields"].to_string();
    back_mode(&vector["inputs"]["secret_utf8"], &unsigned, text(&vector["expected"]["signature"]));
}

#[test]
fn spells_null_and_booleans_in_back_mode() {
    let vector = vector(PLEDG, "pledg/back-mode/null-and-bool");
    let unsigned = vector["inputs"]["json_body"].to_string();
    back_mode(&vector["inputs"]["secret_utf8"], &unsigned, text(&vector["expected"]["signature"]));
}

#[test]
fn verifies_and_remakes_the_published_transfer_mode() {
    let vector = vector(PLEDG, "pledg/transfer-mode/published");
    let secret = pledg::NotificationSecret::parse(text(&vector["inputs"]["secret_utf8"])).unwrap();
    let body = vector["inputs"]["body"].to_string();
    let delivery = pledg::TransferVerifier::new([&secret]).unwrap().verify(body.as_bytes()).unwrap();
    let (fields, payload) = (delivery.fields(), &vector["expected"]["payload"]);
    assert_eq!(fields.reference(), text(&payload["reference"]));
    assert_eq!(fields.created(), text(&payload["created"]));
    assert_eq!(fields.transfer_order_item_uid(), text(&payload["transfer_order_item_uid"]));
    assert_eq!(fields.amount_cents(), payload["amount_cents"].as_u64().unwrap());
    assert_eq!((fields.merchant_uid(), fields.purchase_uid()), (None, None));
    let unsigned = pledg::UnsignedNotification::transfer(payload.to_string().as_bytes()).unwrap();
    assert_eq!(unsigned.fields(), fields);
    assert_eq!(pledg::TransferSigner::new(&secret).sign(payload.to_string().as_bytes()).unwrap(), body);
}

#[test]
fn refuses_every_broken_transfer() {
    let vector = vector(PLEDG, "pledg/transfer-mode/refuse");
    let secret = pledg::NotificationSecret::parse(text(&vector["inputs"]["secret_utf8"])).unwrap();
    let verifier = pledg::TransferVerifier::new([&secret]).unwrap();
    let cases = vector["inputs"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let body = case.get("body").cloned().unwrap_or_else(|| serde_json::json!({ "signature": case["token"] }));
        assert!(verifier.verify(body.to_string().as_bytes()).is_err(), "{case}");
    }
}

#[test]
fn makes_and_judges_the_88pay_token() {
    let vector = vector(EIGHTY_EIGHT_PAY, "88pay/webhook-token");
    let (inputs, expected) = (&vector["inputs"], &vector["expected"]);
    let key = || {
        let secret = secret_of(&inputs["webhook_secret_text_parts"]);
        eighty_eight_pay::TokenKey::new("Wq1Er3Ty5Ui7", &secret).unwrap()
    };
    assert!(text(&inputs["header"]).contains(key().id()));
    let body = text(&inputs["body_utf8"]);
    let notification = eighty_eight_pay::Notification::parse(body.as_bytes()).unwrap();
    assert_eq!(text(&inputs["iv_hex"]), "000102030405060708090a0b");
    let signer = eighty_eight_pay::Signer::new(key());
    let Ok(authorization) = signer.sign(&notification, at_ms(1_767_225_600_000), crate::support::counting(0));
    assert_eq!(authorization, text(&expected["authorization"]));

    let verifier = eighty_eight_pay::Verifier::new([key()], Tolerance::default()).unwrap();
    let cases = expected["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let body = match case.get("body").map(text) {
            None => body.to_owned(),
            Some("transaction_status changed to FAILED") => body.replace("COMPLETED", "FAILED"),
            Some(other) => unreachable!("unknown case: {other}"),
        };
        let verdict = verifier.verify(&authorization, body.as_bytes(), at_ms(number(&case["now_ms"])));
        assert_eq!(verdict.is_ok(), text(&case["verdict"]) == "accept", "{case}");
    }
    let delivery = verifier.verify(&authorization, body.as_bytes(), at_ms(1_767_225_900_000)).unwrap();
    assert_eq!(delivery.timestamp_ms(), 1_767_225_600_000);
    assert_eq!(delivery.stale_from_ms(), 1_767_225_900_001);
    assert_eq!(delivery.notification(), &notification);
    let stale = verifier.verify(&authorization, body.as_bytes(), at_ms(delivery.stale_from_ms())).unwrap_err();
    assert_eq!(stale.kind(), VerifyErrorKind::Stale);
}

#[test]
fn reads_secrets_given_in_parts() {
    let vector = vector(CAIBO, "caibo/webhook-signature");
    let parts = &vector["inputs"]["secret_text_parts"];
    assert_eq!(secret_of(parts).expose_secret(), joined(parts));
}
