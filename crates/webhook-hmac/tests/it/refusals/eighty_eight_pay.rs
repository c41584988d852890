//! 88Pay bodies and deliveries.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use tollgate_webhook_hmac::legacy::eighty_eight_pay::{MAX_TOKEN_BYTES, Notification, Signer, TokenKey, Verifier};
use tollgate_webhook_hmac::{BodyErrorKind, Tolerance, VerifyErrorKind as Kind};

use super::refused;
use crate::support::{T0, at, at_ms, counting, secret};

const PAYMENT: &str = r#"{"transaction_id":"sess_1","transaction_amount":"50","transaction_status":"COMPLETED"}"#;

const HEADER: &str = r#"{"alg":"dir","enc":"A256GCM","kid":"kid","typ":"88pay-webhook+jwe"}"#;

fn content() -> String {
    let body_sha256 = URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, PAYMENT.as_bytes()));
    let members = PAYMENT.trim_end_matches('}');
    format!(r#"{members},"ts":{T0}000,"body_sha256":"{body_sha256}"}}"#)
}

/// A token that is correctly encrypted, whatever its header and content say.
fn sealed(header: &str, content: &str) -> String {
    let secret = secret(0);
    let key = STANDARD.decode(&secret.expose_secret()[6..]).expect("base64");
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("32 bytes"));
    let header = URL_SAFE_NO_PAD.encode(header);
    let mut content = content.as_bytes().to_vec();
    let nonce = Nonce::assume_unique_for_key([9; 12]);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&header), &mut content).expect("a short content");
    let [iv, content, tag] = [&[9; 12], content.as_slice(), tag.as_ref()].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("Bearer {header}..{iv}.{content}.{tag}")
}

/// A verifier with the key of [`sealed`] and one more.
fn verifier() -> Verifier {
    let keys = [("kid", 0), ("kid2", 1)].map(|(id, start)| TokenKey::new(id, &secret(start)).expect("a key"));
    Verifier::new(keys, Tolerance::default()).expect("a verifier")
}

#[track_caller]
fn judge(label: &str, authorization: &str, kind: Kind) {
    let verdict = verifier().verify(authorization, PAYMENT.as_bytes(), at(T0));
    assert_eq!(verdict.err().map(|error| error.kind()), Some(kind), "{label}");
}

#[test]
fn notifications_of_88pay() {
    for (label, body, kind) in [
        ("not json", "{".to_owned(), BodyErrorKind::Json),
        ("no id", PAYMENT.replace("transaction_id", "id"), BodyErrorKind::Member),
        ("amount as number", PAYMENT.replace("\"50\"", "50"), BodyErrorKind::Member),
        ("empty status", PAYMENT.replace("COMPLETED", ""), BodyErrorKind::Member),
        ("256 bytes", PAYMENT.replace("sess_1", &"a".repeat(256)), BodyErrorKind::Member),
        ("control character", PAYMENT.replace("sess_1", "\\u001f"), BodyErrorKind::Member),
        ("too large", format!("{PAYMENT}{}", " ".repeat(1 << 16)), BodyErrorKind::TooLarge),
    ] {
        assert_eq!(Notification::parse(body.as_bytes()).unwrap_err().kind(), kind, "{label}");
    }
}

#[test]
fn the_longest_notification_fits_into_a_token() {
    let (secret, id) = (secret(0), "k".repeat(TokenKey::MAX_ID_BYTES));
    let key = || TokenKey::new(&id, &secret).unwrap();
    let body = ["sess_1", "50", "COMPLETED"].iter().fold(PAYMENT.to_owned(), |body, value| {
        body.replace(&format!("\"{value}\""), &format!("\"{}\"", "\\\"".repeat(255)))
    });
    let notification = Notification::parse(body.as_bytes()).unwrap();
    let Ok(token) = Signer::new(key()).sign(&notification, at(T0), counting(0));
    let verifier = Verifier::new([key()], Tolerance::default()).unwrap();
    assert_eq!(verifier.verify(&token, body.as_bytes(), at(T0)).unwrap().notification(), &notification);
}

#[test]
fn tokens_of_the_wrong_form() {
    let good = sealed(HEADER, &content());
    let parts: Vec<_> = good[7..].split('.').collect();
    for (label, authorization) in [
        ("empty", String::new()),
        ("no scheme", good[7..].to_owned()),
        ("basic", good.replace("Bearer ", "Basic  ")),
        ("two blanks", good.replace("Bearer ", "Bearer  ")),
        ("character border in the scheme", "Beareré".to_owned()),
        ("four parts", format!("Bearer {}", parts[..4].join("."))),
        ("six parts", format!("{good}.AA")),
        ("encrypted key", good.replace("..", ".AA.")),
        ("short iv", good.replace(parts[2], "AAAA")),
        ("short tag", good[..good.len() - 4].to_owned()),
        ("padded", format!("{good}==")),
        ("too long", format!("Bearer {}", "A".repeat(MAX_TOKEN_BYTES + 1))),
        ("repeated header member", sealed(&HEADER.replace("{\"alg\"", "{\"kid\":\"kid\",\"alg\""), &content())),
    ] {
        judge(label, &authorization, Kind::Malformed);
    }
}

#[test]
fn tokens_with_another_header() {
    for (label, header, kind) in [
        ("cbc", HEADER.replace("A256GCM", "A128CBC-HS256"), Kind::WrongScheme),
        ("alg none", HEADER.replace("dir", "none"), Kind::WrongScheme),
        ("other typ", HEADER.replace("88pay-webhook+jwe", "JWT"), Kind::WrongScheme),
        ("no kid", HEADER.replace(r#""kid":"kid","#, ""), Kind::WrongScheme),
        ("kid is a number", HEADER.replace(r#":"kid""#, ":1"), Kind::WrongScheme),
        ("zip", HEADER.replace("{\"alg\"", "{\"zip\":\"DEF\",\"alg\""), Kind::WrongScheme),
        ("unknown kid", HEADER.replace(r#":"kid""#, r#":"nobody""#), Kind::UnknownKey),
        ("kid of another key", HEADER.replace(r#":"kid""#, r#":"kid2""#), Kind::NoMatch),
    ] {
        judge(label, &sealed(&header, &content()), kind);
    }
}

#[test]
fn tokens_with_an_exchanged_part() {
    let good = sealed(HEADER, &content());
    let parts: Vec<_> = good[7..].split('.').collect();
    let reordered = URL_SAFE_NO_PAD.encode(r#"{"enc":"A256GCM","alg":"dir","kid":"kid","typ":"88pay-webhook+jwe"}"#);
    for (label, authorization) in [
        ("header", good.replace(parts[0], &reordered)),
        ("iv", good.replace(parts[2], "AAAAAAAAAAAAAAAA")),
        ("content", good.replace(parts[3], &URL_SAFE_NO_PAD.encode(content()))),
        ("tag", good.replace(parts[4], "AAAAAAAAAAAAAAAAAAAAAA")),
    ] {
        judge(label, &authorization, Kind::NoMatch);
    }
}

#[test]
fn tokens_with_another_content() {
    let (content, ts) = (content(), format!("{T0}000"));
    let digest = &content[content.len() - 45..content.len() - 2];
    for (label, content, kind) in [
        ("not json", "{".to_owned(), Kind::Malformed),
        ("no ts", content.replace("\"ts\"", "\"st\""), Kind::Malformed),
        ("ts as text", content.replace(&ts, &format!("\"{ts}\"")), Kind::Malformed),
        ("ts in seconds", content.replace(&ts, &T0.to_string()), Kind::Stale),
        ("ts huge", content.replace(&ts, "9223372036854775807"), Kind::Early),
        ("ts beyond 63 bits", content.replace(&ts, "9223372036854775808"), Kind::Malformed),
        ("other id", content.replace("sess_1", "sess_2"), Kind::ContentMismatch),
        ("other amount", content.replace("\"50\"", "\"5\""), Kind::ContentMismatch),
        ("other status", content.replace("COMPLETED", "FAILED"), Kind::ContentMismatch),
        ("no digest", content.replace("body_sha256", "sha256"), Kind::ContentMismatch),
        ("short digest", content.replace(digest, &digest[..40]), Kind::ContentMismatch),
        ("empty digest", content.replace(digest, ""), Kind::ContentMismatch),
    ] {
        judge(label, &sealed(HEADER, &content), kind);
    }
}

#[test]
fn deliveries_of_88pay() {
    let verifier = verifier();
    let good = sealed(HEADER, &content());
    let other = sealed(r#"{"typ":"88pay-webhook+jwe","kid":"kid","enc":"A256GCM","alg":"dir"}"#, &content());
    let id = |authorization: &str| verifier.verify(authorization, PAYMENT.as_bytes(), at(T0)).unwrap().replay_id();
    assert_eq!(id(&good), id(&good.replace("Bearer", "bEARER")));
    assert_ne!(id(&good), id(&other));

    let blank = format!("{PAYMENT} ");
    refused(verifier.verify(&good, blank.as_bytes(), at(T0)), Kind::ContentMismatch);
    refused(verifier.verify(&good, b"{}", at(T0)), Kind::Malformed);
    refused(verifier.verify(&good, &vec![b' '; 1 << 17], at(T0)), Kind::BodyTooLarge);
    refused(verifier.verify(&good, PAYMENT.as_bytes(), at_ms(T0 * 1000 + 300_001)), Kind::Stale);
    refused(verifier.verify(&good, PAYMENT.as_bytes(), at_ms(T0 * 1000 - 30_001)), Kind::Early);
}
