//! Fuzz bodies for `tollgate-webhook-hmac`.
//!
//! The seeds are signed under the secret of [`secret`], so that the paths behind a good signature are reached too.

use std::convert::Infallible;
use std::hint::black_box;

use time::{Duration, OffsetDateTime};
use tollgate_webhook_hmac::legacy::eighty_eight_pay::{self, Notification, TokenKey};
use tollgate_webhook_hmac::legacy::pledg::{
    BackSigner, BackVerifier, NotificationSecret, TransferSigner, TransferVerifier, UnsignedNotification,
};
use tollgate_webhook_hmac::legacy::static_bearer::{StaticSecret, StaticVerifier};
use tollgate_webhook_hmac::standard::{self, MessageId, SigningKey, VerifyingKey};
use tollgate_webhook_hmac::timestamped::{Hash, SignatureHeader, Signer, Verifier};
use tollgate_webhook_hmac::{Tolerance, WebhookSecret};

/// 2026-01-01T00:00:00Z.
const T0: i64 = 1_767_225_600;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn sevens(bytes: &mut [u8]) -> Result<(), Infallible> {
    bytes.fill(7);
    Ok(())
}

/// 32 bytes of 7.
fn secret() -> WebhookSecret {
    let Ok(secret) = WebhookSecret::mint(sevens);
    secret
}

fn notification_secret() -> NotificationSecret {
    NotificationSecret::parse("fuzz-notification-secret-of-the-seeds").expect("a secret")
}

fn signing_key() -> SigningKey {
    let Ok(key) = SigningKey::mint(sevens);
    key
}

fn token_key() -> TokenKey {
    TokenKey::new("fuzz-key", &secret()).expect("a key")
}

/// Cuts `N` lines off the front; the rest is the body.
fn lines<const N: usize>(data: &[u8]) -> Option<([&str; N], &[u8])> {
    let mut rest = data;
    let mut lines = [""; N];
    for line in &mut lines {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        *line = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 1..];
    }
    Some((lines, rest))
}

/// One line with a `t=,v1=` header, then the body.
pub fn signature_header(data: &[u8]) {
    let Some(([text], body)) = lines(data) else { return };
    let Ok(header) = SignatureHeader::parse(text) else {
        return;
    };
    assert_eq!(header.to_string(), text);
    assert!((1..=8).contains(&header.signature_count()));
    let now = at(header.timestamp());
    let verifier = Verifier::new(header.hash(), [secret()], Tolerance::default()).expect("a verifier");
    let signed = Signer::new(header.hash(), [secret()]).expect("a signer").sign(body, now);
    let own = SignatureHeader::parse(&signed).expect("a signed header is a header");
    let verified = verifier.verify(&own, body, now).expect("what is signed verifies");
    assert_eq!(verified.body(), body);
    if let Ok(accepted) = verifier.verify(&header, body, now) {
        let (_, v1) = signed.split_once(',').expect("one signature");
        assert!(text.split(',').any(|member| member == v1));
        assert_eq!(accepted.replay_id(), verified.replay_id());
        assert!(verifier.verify(&header, body, now + Duration::seconds(301)).is_err());
        assert!(verifier.verify(&header, body, now - Duration::seconds(31)).is_err());
    }
}

/// Three lines with id, time stamp and signatures, then the body.
pub fn standard_webhooks(data: &[u8]) {
    let Some(([id, timestamp, signature], body)) = lines(data) else {
        return;
    };
    let Ok(headers) = standard::Headers::parse(id, timestamp, signature) else {
        return;
    };
    assert_eq!((headers.id().as_str(), headers.timestamp_str(), headers.signature_str()), (id, timestamp, signature));
    assert_eq!(headers.timestamp().to_string(), timestamp);
    let now = at(headers.timestamp());
    let symmetric = standard::Verifier::new([secret()], Tolerance::default()).expect("a verifier");
    let public = signing_key().verifying_key();
    let asymmetric = standard::Verifier::asymmetric([public], Tolerance::default()).expect("a verifier");
    let signer = standard::Signer::new([secret()]).and_then(|signer| signer.and_asymmetric([signing_key()]));
    let signed = signer.expect("a signer").sign(headers.id(), body, now);
    let own = standard::Headers::parse(signed.id(), signed.timestamp(), signed.signature()).expect("signed headers");
    for (verifier, scheme) in [(symmetric, "v1,"), (asymmetric, "v1a,")] {
        let verified = verifier.verify(&own, body, now).expect("what is signed verifies");
        if let Ok(accepted) = verifier.verify(&headers, body, now) {
            let entry = signed.signature().split(' ').find(|entry| entry.starts_with(scheme)).expect("both schemes");
            assert!(signature.split(' ').any(|other| other == entry));
            assert_eq!(accepted.replay_id(), verified.replay_id());
            assert!(verifier.verify(&headers, body, now + Duration::seconds(301)).is_err());
        }
    }
}

/// A notification body of either mode, signed or not.
pub fn pledg_bodies(data: &[u8]) {
    let secret = notification_secret();
    let back = BackVerifier::new([&secret]).expect("a verifier");
    let transfer = TransferVerifier::new([&secret]).expect("a verifier");
    if let Ok(accepted) = back.verify(data) {
        assert!(UnsignedNotification::back(data).is_err());
        assert!(!accepted.fields().id().is_empty());
    }
    if let Ok(accepted) = transfer.verify(data) {
        assert!(UnsignedNotification::transfer(data).is_err());
        assert!(!accepted.fields().transfer_order_item_uid().is_empty());
    }
    if let (Ok(unsigned), Ok(signature)) = (UnsignedNotification::back(data), BackSigner::new(&secret).sign(data)) {
        let open = data.iter().position(|byte| *byte == b'{').expect("an object");
        let member = format!("{{\"signature\":\"{signature}\",");
        let body = [&data[..open], member.as_bytes(), &data[open + 1..]].concat();
        if let Ok(verified) = back.verify(&body) {
            assert_eq!(verified.fields(), unsigned.fields());
        } else {
            assert!(body.len() > tollgate_webhook_hmac::legacy::pledg::MAX_BODY_BYTES);
        }
        assert!(back.verify(data).is_err());
    }
    if let Ok(body) = TransferSigner::new(&secret).sign(data) {
        let unsigned = UnsignedNotification::transfer(data).expect("it was signed");
        let verified = transfer.verify(body.as_bytes()).expect("what is signed verifies");
        assert_eq!(verified.fields(), unsigned.fields());
        assert!(transfer.verify(data).is_err());
    }
}

/// One line with an `Authorization` value, then the body.
pub fn eighty_eight_pay_token(data: &[u8]) {
    let Some(([authorization], body)) = lines(data) else {
        return;
    };
    let verifier = eighty_eight_pay::Verifier::new([token_key()], Tolerance::default()).expect("a verifier");
    if let Ok(accepted) = verifier.verify(authorization, body, at(T0)) {
        assert_eq!(accepted.body(), body);
        assert!(accepted.timestamp_ms().abs_diff(T0 * 1000) <= 300_000);
        assert!(verifier.verify(authorization, &[body, b" "].concat(), at(T0)).is_err());
    }
    if let Ok(notification) = Notification::parse(body) {
        let Ok(token) = eighty_eight_pay::Signer::new(token_key()).sign(&notification, at(T0), sevens);
        let verified = verifier.verify(&token, body, at(T0)).expect("what is signed verifies");
        assert_eq!(verified.notification(), &notification);
    }
    let bearer = StaticSecret::parse("fuzz-static-secret-of-the-seeds-1").expect("a secret");
    let static_verifier = StaticVerifier::new([&bearer]).expect("a verifier");
    if static_verifier.verify(authorization).is_ok() {
        assert!(authorization.ends_with(bearer.expose_secret()));
    }
}

/// What a parser accepts prints back byte for byte.
pub fn prints_back(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(header) = SignatureHeader::parse(text) {
        assert_eq!(header.to_string(), text);
    }
    if let Ok(id) = MessageId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(secret) = WebhookSecret::parse(text) {
        assert_eq!(secret.expose_secret(), text);
    }
    if let Ok(key) = SigningKey::parse(text) {
        assert_eq!(key.expose_secret(), text);
        black_box(key.verifying_key());
    }
    if let Ok(key) = VerifyingKey::parse(text) {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(secret) = NotificationSecret::parse(text) {
        assert_eq!(secret.expose_secret(), text);
    }
    if let Ok(secret) = StaticSecret::parse(text) {
        assert_eq!(secret.expose_secret(), text);
    }
}

/// A delivery with one byte changed does not verify: the first byte picks the scheme, the next two the position, the
/// fourth the change.
pub fn one_byte_changed(data: &[u8]) {
    let [scheme, high, low, difference, body @ ..] = data else {
        return;
    };
    if *difference == 0 || body.len() > 1024 {
        return;
    }
    let position = usize::from(u16::from_be_bytes([*high, *low]));
    let change = |bytes: &[u8]| {
        let mut changed = bytes.to_vec();
        let index = position % changed.len();
        changed[index] ^= difference;
        changed
    };
    match scheme % 4 {
        0 => {
            let header = Signer::new(Hash::Sha512, [secret()]).expect("a signer").sign(body, at(T0));
            let verifier = Verifier::new(Hash::Sha512, [secret()], Tolerance::default()).expect("a verifier");
            let accepts = |header: &[u8], body: &[u8]| {
                std::str::from_utf8(header)
                    .ok()
                    .and_then(|text| SignatureHeader::parse(text).ok())
                    .is_some_and(|header| verifier.verify(&header, body, at(T0)).is_ok())
            };
            assert!(accepts(header.as_bytes(), body));
            assert!(!accepts(&change(header.as_bytes()), body));
            assert!(body.is_empty() || !accepts(header.as_bytes(), &change(body)));
        }
        1 => {
            let id = MessageId::parse("msg_fuzz").expect("an id");
            let signed = standard::Signer::new([secret()]).expect("a signer").sign(id, body, at(T0));
            let verifier = standard::Verifier::new([secret()], Tolerance::default()).expect("a verifier");
            let accepts = |values: [&[u8]; 3], body: &[u8]| {
                let [Ok(id), Ok(timestamp), Ok(signature)] = values.map(std::str::from_utf8) else {
                    return false;
                };
                standard::Headers::parse(id, timestamp, signature)
                    .is_ok_and(|headers| verifier.verify(&headers, body, at(T0)).is_ok())
            };
            let [id, timestamp, signature] = signed.pairs().map(|(_, value)| value.as_bytes());
            assert!(accepts([id, timestamp, signature], body));
            assert!(!accepts([&change(id), timestamp, signature], body));
            assert!(!accepts([id, &change(timestamp), signature], body));
            assert!(!accepts([id, timestamp, &change(signature)], body));
            assert!(body.is_empty() || !accepts([id, timestamp, signature], &change(body)));
        }
        2 => {
            let plain = br#"{"reference":"r","created":"c","transfer_order_item_uid":"tri_1","amount_cents":100}"#;
            let secret = notification_secret();
            let body = TransferSigner::new(&secret).sign(plain).expect("a body");
            let verifier = TransferVerifier::new([&secret]).expect("a verifier");
            let verified = verifier.verify(body.as_bytes()).expect("what is signed verifies");
            // A letter of the JSON around the token may be spelt in another way; the content stays.
            if let Ok(accepted) = verifier.verify(&change(body.as_bytes())) {
                assert_eq!(accepted.fields(), verified.fields());
            }
        }
        _ => {
            let body = br#"{"transaction_id":"sess_1","transaction_amount":"50","transaction_status":"COMPLETED"}"#;
            let notification = Notification::parse(body).expect("a body");
            let Ok(token) = eighty_eight_pay::Signer::new(token_key()).sign(&notification, at(T0), sevens);
            let verifier = eighty_eight_pay::Verifier::new([token_key()], Tolerance::default()).expect("a verifier");
            assert!(verifier.verify(&token, body, at(T0)).is_ok());
            assert!(verifier.verify(&token, &change(body), at(T0)).is_err());
            // The scheme may be in any case, so only the token behind it is changed.
            let (scheme, token) = token.split_at("Bearer ".len());
            if let Ok(changed) = String::from_utf8(change(token.as_bytes())) {
                assert!(verifier.verify(&format!("{scheme}{changed}"), body, at(T0)).is_err());
            }
        }
    }
}
