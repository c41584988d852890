//! Laws over generated inputs.

use std::time::Duration;

use proptest::prelude::*;
use tollgate_webhook_hmac::legacy::pledg::{
    BackSigner, BackVerifier, NotificationSecret, TransferSigner, TransferVerifier,
};
use tollgate_webhook_hmac::legacy::{eighty_eight_pay, static_bearer};
use tollgate_webhook_hmac::timestamped::{Hash, SignatureHeader, Signer, Verifier};
use tollgate_webhook_hmac::{Tolerance, WebhookSecret, standard};

use crate::support::{T0, at, at_ms, counting, notification_secret, secret, signing_key};

fn hash() -> impl Strategy<Value = Hash> {
    prop_oneof![Just(Hash::Sha256), Just(Hash::Sha512)]
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..300)
}

/// Text that JSON members may hold: anything but control characters.
fn member() -> impl Strategy<Value = String> {
    "[^\\p{Cc}]{1,40}"
}

fn tolerance() -> impl Strategy<Value = Tolerance> {
    (0..=3600u64, 0..=300u64).prop_map(|(past, future)| {
        Tolerance::new(Duration::from_secs(past), Duration::from_secs(future)).expect("in bounds")
    })
}

/// Changes the byte at a position, never to itself.
fn change(bytes: &mut [u8], position: prop::sample::Index, difference: u8) {
    let index = position.index(bytes.len());
    bytes[index] ^= difference.max(1);
}

proptest! {
    #[test]
    fn a_secret_prints_back(bytes in prop::collection::vec(any::<u8>(), 24..=64), start in any::<u8>()) {
        use base64::Engine as _;
        let text = format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(bytes));
        let parsed = WebhookSecret::parse(&text).unwrap();
        prop_assert_eq!(parsed.expose_secret(), &text);
        let minted = secret(start);
        let parsed = WebhookSecret::parse(minted.expose_secret()).unwrap();
        prop_assert_eq!(parsed.expose_secret(), minted.expose_secret());
    }

    #[test]
    fn keys_and_minted_secrets_print_back(start in any::<u8>()) {
        let key = signing_key(start);
        let again = standard::SigningKey::parse(key.expose_secret()).unwrap();
        prop_assert_eq!(again.expose_secret(), key.expose_secret());
        prop_assert_eq!(again.verifying_key(), key.verifying_key());
        let public = key.verifying_key().to_string();
        prop_assert_eq!(standard::VerifyingKey::parse(&public).unwrap().to_string(), public);
        let minted = notification_secret(start);
        prop_assert_eq!(minted.expose_secret().len(), NotificationSecret::MINTED_BYTES);
        prop_assert!(minted.expose_secret().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        NotificationSecret::register(minted.expose_secret()).unwrap();
    }

    #[test]
    fn a_signed_body_verifies_under_each_secret(hash in hash(), body in body(), count in 1..=4u8, time in 0..T0 * 2) {
        let secrets: Vec<_> = (0..count).map(secret).collect();
        let header = Signer::new(hash, &secrets).unwrap().sign(&body, at(time));
        let parsed = SignatureHeader::parse(&header).unwrap();
        prop_assert_eq!(parsed.to_string(), header.as_str());
        prop_assert_eq!((parsed.timestamp(), parsed.signature_count()), (time, usize::from(count)));
        for secret in &secrets {
            let verifier = Verifier::new(hash, [secret], Tolerance::default()).unwrap();
            let verified = verifier.verify(&parsed, &body, at(time)).unwrap();
            prop_assert_eq!(verified.body(), &body);
        }
    }

    #[test]
    fn a_changed_body_does_not_verify(
        hash in hash(),
        body in body().prop_filter("something to change", |body| !body.is_empty()),
        position in any::<prop::sample::Index>(),
        difference in any::<u8>(),
    ) {
        let secret = secret(0);
        let header = Signer::new(hash, [&secret]).unwrap().sign(&body, at(T0));
        let verifier = Verifier::new(hash, [&secret], Tolerance::default()).unwrap();
        let mut changed = body.clone();
        change(&mut changed, position, difference);
        prop_assert!(verifier.verify(&SignatureHeader::parse(&header).unwrap(), &changed, at(T0)).is_err());
    }

    #[test]
    fn a_changed_header_does_not_verify(
        hash in hash(),
        position in any::<prop::sample::Index>(),
        difference in any::<u8>(),
    ) {
        let secret = secret(0);
        let header = Signer::new(hash, [&secret]).unwrap().sign(b"{}", at(T0));
        let verifier = Verifier::new(hash, [&secret], Tolerance::default()).unwrap();
        let mut changed = header.into_bytes();
        change(&mut changed, position, difference & 0x7f);
        let accepted = std::str::from_utf8(&changed)
            .ok()
            .and_then(|text| SignatureHeader::parse(text).ok())
            .is_some_and(|header| verifier.verify(&header, b"{}", at(T0)).is_ok());
        prop_assert!(!accepted);
    }

    #[test]
    fn the_tolerance_is_two_inclusive_edges(tolerance in tolerance(), age in -400..4000i64, fraction in 0..1000i64) {
        let secret = secret(0);
        let header = Signer::new(Hash::Sha256, [&secret]).unwrap().sign(b"", at(T0));
        let verifier = Verifier::new(Hash::Sha256, [&secret], tolerance).unwrap();
        let now = at_ms((T0 + age) * 1000 + fraction);
        let inside = age <= tolerance.past().as_secs().cast_signed() && -age <= tolerance.future().as_secs().cast_signed();
        prop_assert_eq!(verifier.verify(&SignatureHeader::parse(&header).unwrap(), b"", now).is_ok(), inside);
    }

    #[test]
    fn a_narrower_tolerance_accepts_nothing_more(a in tolerance(), b in tolerance(), age in -400..4000i64) {
        let narrow = Tolerance::new(a.past().min(b.past()), a.future().min(b.future())).unwrap();
        let secret = secret(0);
        let header = Signer::new(Hash::Sha256, [&secret]).unwrap().sign(b"", at(T0));
        let accepts = |tolerance| {
            let verifier = Verifier::new(Hash::Sha256, [&secret], tolerance).unwrap();
            verifier.verify(&SignatureHeader::parse(&header).unwrap(), b"", at(T0 + age)).is_ok()
        };
        prop_assert_eq!(accepts(narrow), accepts(a) && accepts(b));
    }

    #[test]
    fn the_replay_id_depends_on_what_is_signed_only(
        body in body(),
        other in body(),
        rotated in any::<bool>(),
    ) {
        let (old, new) = (secret(0), secret(1));
        let verifier = Verifier::new(Hash::Sha256, [&new, &old], Tolerance::default()).unwrap();
        let id = |secret: &WebhookSecret, body: &[u8], time| {
            let header = Signer::new(Hash::Sha256, [secret]).unwrap().sign(body, at(time));
            verifier.verify(&SignatureHeader::parse(&header).unwrap(), body, at(time)).unwrap().replay_id()
        };
        let first = id(&old, &body, T0);
        prop_assert_eq!(first, id(if rotated { &new } else { &old }, &body, T0));
        prop_assert_ne!(first, id(&old, &body, T0 + 1));
        prop_assert_eq!(first == id(&old, &other, T0), body == other);
    }

    #[test]
    fn standard_headers_verify_under_their_own_scheme_only(
        id in "[A-Za-z0-9_-]{1,128}",
        body in body(),
        time in 0..T0 * 2,
        position in any::<prop::sample::Index>(),
        difference in any::<u8>(),
    ) {
        let id = standard::MessageId::parse(&id).unwrap();
        let secret = secret(0);
        let public = signing_key(1).verifying_key();
        let signer = standard::Signer::new([&secret]).unwrap().and_asymmetric([signing_key(1)]).unwrap();
        let sent = signer.sign(id, &body, at(time));
        let (v1, v1a) = sent.signature().split_once(' ').unwrap();
        let symmetric = standard::Verifier::new([&secret], Tolerance::default()).unwrap();
        let asymmetric = standard::Verifier::asymmetric([public], Tolerance::default()).unwrap();
        let accepts = |verifier: &standard::Verifier, signature: &str, body: &[u8]| {
            let headers = standard::Headers::parse(sent.id(), sent.timestamp(), signature).unwrap();
            verifier.verify(&headers, body, at(time)).is_ok()
        };
        prop_assert!(accepts(&symmetric, v1, &body) && accepts(&symmetric, sent.signature(), &body));
        prop_assert!(accepts(&asymmetric, v1a, &body) && accepts(&asymmetric, sent.signature(), &body));
        prop_assert!(!accepts(&symmetric, v1a, &body) && !accepts(&asymmetric, v1, &body));
        if !body.is_empty() {
            let mut changed = body.clone();
            change(&mut changed, position, difference);
            prop_assert!(!accepts(&symmetric, sent.signature(), &changed));
            prop_assert!(!accepts(&asymmetric, sent.signature(), &changed));
        }
    }

    #[test]
    fn a_signed_back_notification_verifies_until_a_member_changes(
        values in prop::collection::vec(member(), 5),
        other in member(),
        which in 0..5usize,
    ) {
        const NAMES: [&str; 5] = ["created_at", "error", "id", "reference", "sandbox"];
        let secret = notification_secret(0);
        let mut body: serde_json::Map<_, _> =
            NAMES.iter().zip(&values).map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        body.insert("status".into(), "completed".into());
        let unsigned = serde_json::to_vec(&body).unwrap();
        let signature = BackSigner::new(&secret).sign(&unsigned).unwrap();
        body.insert("signature".into(), signature.into());
        let verifier = BackVerifier::new([&secret]).unwrap();
        let verified = verifier.verify(&serde_json::to_vec(&body).unwrap()).unwrap();
        prop_assert_eq!(verified.fields().id(), values[2].as_str());
        body.insert(NAMES[which].into(), other.as_str().into());
        let changed = verifier.verify(&serde_json::to_vec(&body).unwrap());
        prop_assert_eq!(changed.is_ok(), values[which] == other);
    }

    #[test]
    fn a_signed_transfer_reads_back(texts in prop::collection::vec(member(), 5), amount in any::<u64>()) {
        let secret = notification_secret(0);
        let unsigned = serde_json::json!({
            "reference": texts[0], "created": texts[1], "transfer_order_item_uid": texts[2], "amount_cents": amount,
            "merchant_uid": texts[3], "purchase_uid": texts[4],
        });
        let body = TransferSigner::new(&secret).sign(unsigned.to_string().as_bytes()).unwrap();
        let verified = TransferVerifier::new([&secret]).unwrap().verify(body.as_bytes()).unwrap();
        let fields = verified.fields();
        prop_assert_eq!(fields.reference(), &texts[0]);
        prop_assert_eq!(fields.created(), &texts[1]);
        prop_assert_eq!(fields.transfer_order_item_uid(), &texts[2]);
        prop_assert_eq!(fields.amount_cents(), amount);
        prop_assert_eq!(fields.merchant_uid(), Some(texts[3].as_str()));
        prop_assert_eq!(fields.purchase_uid(), Some(texts[4].as_str()));
    }

    #[test]
    fn an_88pay_token_verifies_until_a_byte_changes(
        texts in prop::collection::vec("[^\\p{Cc}]{1,60}", 3),
        start in any::<u8>(),
        position in any::<prop::sample::Index>(),
        difference in any::<u8>(),
    ) {
        let secret = secret(0);
        let key = || eighty_eight_pay::TokenKey::new("kid", &secret).unwrap();
        let body = serde_json::json!({
            "transaction_id": texts[0], "transaction_amount": texts[1], "transaction_status": texts[2],
        })
        .to_string();
        let notification = eighty_eight_pay::Notification::parse(body.as_bytes()).unwrap();
        let Ok(token) = eighty_eight_pay::Signer::new(key()).sign(&notification, at(T0), counting(start));
        let verifier = eighty_eight_pay::Verifier::new([key()], Tolerance::default()).unwrap();
        let verified = verifier.verify(&token, body.as_bytes(), at(T0)).unwrap();
        prop_assert_eq!(verified.body(), body.as_bytes());
        let mut changed = token.clone().into_bytes();
        change(&mut changed[7..], position, difference & 0x7f);
        if let Ok(changed) = std::str::from_utf8(&changed) {
            prop_assert!(verifier.verify(changed, body.as_bytes(), at(T0)).is_err());
        }
    }

    #[test]
    fn only_the_same_static_secret_matches(a in "[A-Za-z0-9._~+/=-]{32,40}", b in "[A-Za-z0-9._~+/=-]{32,40}") {
        let secret = static_bearer::StaticSecret::parse(&a).unwrap();
        let verifier = static_bearer::StaticVerifier::new([&secret]).unwrap();
        prop_assert_eq!(secret.expose_secret(), &a);
        prop_assert!(verifier.verify(secret.expose_authorization()).is_ok());
        prop_assert_eq!(verifier.verify(&format!("bearer {b}")).is_ok(), a == b);
    }

    #[test]
    fn no_input_makes_a_parser_panic(text in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = SignatureHeader::parse(&text);
        let _ = standard::Headers::parse("id", &text, &text);
        let _ = standard::MessageId::parse(&text);
        let _ = WebhookSecret::parse(&text);
        let _ = standard::SigningKey::parse(&text);
        let _ = standard::VerifyingKey::parse(&text);
        let _ = eighty_eight_pay::Notification::parse(&bytes);
        let secret = notification_secret(0);
        prop_assert!(BackVerifier::new([&secret]).unwrap().verify(&bytes).is_err());
        prop_assert!(TransferVerifier::new([&secret]).unwrap().verify(&bytes).is_err());
    }
}
